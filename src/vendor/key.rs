//! The name that a tree has in the store.

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::error::VendorError;
use super::fetch::VendorRequest;
use super::inputs::regular;
use crate::fs::{self, EntryKind};
use crate::model::{Sdk, go_file};
use crate::module_set::Replacement;

/// Goes into every key, so that a change of the rules below makes new trees.
pub(super) const LAYOUT: &str = "vendor-v1";

/// Everything that decides what `go mod vendor` or `go work vendor` writes: the SDK, each go.mod and go.sum, go.work
/// and go.work.sum, the head of every Go file of the modules, and whole the directories that a local `replace` brings in.
pub(super) fn key(request: &VendorRequest<'_>, sdk: &Sdk) -> Result<String, VendorError> {
    let mut hasher = blake3::Hasher::new();
    let mut feed = |name: &str, bytes: &[u8]| {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    feed("layout", LAYOUT.as_bytes());
    feed("sdk", sdk.version_text.as_bytes());
    for file in request.modules.files() {
        let bytes = regular(&request.dir().join(&file), file.as_str())?;
        feed(file.as_str(), &bytes.unwrap_or_default());
    }
    for member in &request.modules.members {
        for (path, digest) in digests(&request.dir().join(&member.dir), Extent::Headers)? {
            feed(member.dir.join(path).as_str(), digest.as_bytes());
        }
    }
    for Replacement { replace, file } in request.modules.replacements() {
        if !replace.is_local() {
            continue;
        }
        let dir = request.dir().join(&replace.with);
        if !dir.is_dir() {
            return Err(VendorError::NoReplacement { file, module: replace.path, with: replace.with });
        }
        feed("replace", replace.with.as_bytes());
        for (path, digest) in digests(&dir, Extent::Whole)? {
            feed(path.as_str(), digest.as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

#[derive(Clone, Copy, PartialEq)]
enum Extent {
    Headers,
    Whole,
}

fn digests(dir: &Utf8Path, extent: Extent) -> fs::Result<Vec<(Utf8PathBuf, blake3::Hash)>> {
    let skip = |path: &Utf8Path| {
        let name = path.file_name().unwrap_or_default();
        name.starts_with(['.', '_']) || name == "testdata" || path.join("go.mod").is_file()
    };
    let found = fs::walk(dir, |path| extent == Extent::Headers && skip(path))?;
    let wanted: Vec<Utf8PathBuf> = found
        .into_iter()
        .filter(|(path, kind)| {
            *kind != EntryKind::Special && (extent == Extent::Whole || path.extension() == Some("go"))
        })
        .map(|(path, _)| path)
        .filter(|path| dir.join(path).is_file())
        .collect();
    wanted
        .into_par_iter()
        .map(|path| {
            let bytes = fs::read(&dir.join(&path))?;
            let bytes = if extent == Extent::Headers { go_file::header(&bytes) } else { &bytes };
            Ok((path, blake3::hash(bytes)))
        })
        .collect()
}
