//! The project's files that decide about its modules, read without following links or waiting for FIFOs.

use camino::Utf8Path;

use super::error::VendorError;
use super::fetch::VendorRequest;
use super::verify::Finding;
use crate::fs;
use crate::module_set::{ModuleSet, Replacement};

/// Go stamps the path into the program, also when vendor/ holds the module.
pub(super) fn refuse_absolute(modules: &ModuleSet) -> Result<(), VendorError> {
    let mut local = modules.replacements().into_iter().filter(|one| one.replace.is_local());
    match local.find(|one| Utf8Path::new(&one.replace.with).is_absolute()) {
        Some(Replacement { replace, file }) => {
            Err(VendorError::AbsoluteReplace { file, module: replace.path, with: replace.with })
        }
        None => Ok(()),
    }
}

/// The bytes of a file of the project that must be a regular one; `None` where there is nothing.
pub(super) fn regular(path: &Utf8Path, name: &str) -> Result<Option<Vec<u8>>, VendorError> {
    match fs::lstat(path)? {
        None => Ok(None),
        Some(metadata) if metadata.is_file() => Ok(Some(fs::read(path)?)),
        Some(_) => {
            let finding = Finding { path: name.to_owned(), cause: "it is no regular file".to_owned() };
            let dir = path.as_str().strip_suffix(name).unwrap_or_default().trim_end_matches('/');
            Err(VendorError::Changed { dir: dir.into(), findings: vec![finding] })
        }
    }
}

/// The project's vendor/modules.txt.
pub(super) fn own_modules(request: &VendorRequest<'_>) -> Result<Option<String>, VendorError> {
    const NAME: &str = "vendor/modules.txt";
    let Some(bytes) = regular(&request.dir().join(NAME), NAME)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| {
        let finding = Finding { path: NAME.to_owned(), cause: "it is not UTF-8".to_owned() };
        VendorError::Changed { dir: request.dir().to_owned(), findings: vec![finding] }
    })
}

/// The lines of every file with sums: go.sum, in a workspace that of each member and go.work.sum. Nothing where there
/// is none.
///
/// # Errors
/// A file that cannot be read or is no regular one.
pub fn go_sum(modules: &ModuleSet) -> Result<String, VendorError> {
    let mut lines = String::new();
    for file in modules.sum_files() {
        let bytes = regular(&modules.root.join(&file), file.as_str())?.unwrap_or_default();
        lines.push_str(&String::from_utf8_lossy(&bytes));
        lines.push('\n');
    }
    Ok(lines)
}
