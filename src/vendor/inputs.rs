//! The project's files that decide about its modules, read without following links or waiting for FIFOs.

use camino::Utf8Path;

use super::error::VendorError;
use super::fetch::VendorRequest;
use super::verify::Finding;
use crate::fs;
use crate::model::GoMod;

/// Go stamps the path into the program, also when vendor/ holds the module.
pub(super) fn refuse_absolute(go_mod: &GoMod) -> Result<(), VendorError> {
    let mut local = go_mod.replaces.iter().filter(|replace| replace.is_local());
    match local.find(|replace| Utf8Path::new(&replace.with).is_absolute()) {
        Some(replace) => {
            let (module, with) = (replace.path.clone(), replace.with.clone());
            Err(VendorError::AbsoluteReplace { module, with })
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
    let Some(bytes) = regular(&request.dir.join(NAME), NAME)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| {
        let finding = Finding { path: NAME.to_owned(), cause: "it is not UTF-8".to_owned() };
        VendorError::Changed { dir: request.dir.to_owned(), findings: vec![finding] }
    })
}

/// The project's go.sum; nothing where there is none.
pub(super) fn go_sum(request: &VendorRequest<'_>) -> Result<String, VendorError> {
    let bytes = regular(&request.dir.join("go.sum"), "go.sum")?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
