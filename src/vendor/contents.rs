//! What a module holds beyond what `go mod vendor` has copied: its zip, or the directory that replaces it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use zip::ZipArchive;

use super::error::VendorError;
use super::lock::LockedFile;
use crate::fs::{self, EntryKind};
use crate::model::{Digest, ModuleVersion};

/// The most that the files of a module may come to, in bytes: Go's own limit.
/// Source: `MaxZipFile` in golang.org/x/mod/zip.
pub(super) const MAX_ZIP: u64 = 500 << 20;

/// Where a module's files are.
#[derive(Debug, Clone)]
pub(super) enum Contents {
    /// A zip as Go's proxies serve it.
    Zip {
        /// The file.
        path: Utf8PathBuf,
        /// What stands before every name in it.
        prefix: String,
    },
    /// A directory.
    Dir(Utf8PathBuf),
}

impl Contents {
    pub(super) fn zip(path: Utf8PathBuf, module: &ModuleVersion) -> Self {
        Contents::Zip { path, prefix: format!("{module}/") }
    }

    /// Every file of a zip with its digest, by path; nothing is marked as vendored.
    pub(super) fn hash(&self) -> Result<Vec<LockedFile>, VendorError> {
        let Contents::Zip { path, prefix } = self else { return Ok(Vec::new()) };
        let count = open(path)?.len();
        let pieces = rayon::current_num_threads().min(count.div_ceil(64)).max(1);
        let hashed: Vec<Vec<LockedFile>> = (0..pieces)
            .into_par_iter()
            .map(|piece| {
                let mut archive = open(path)?;
                let mut files = Vec::new();
                for index in (piece..count).step_by(pieces) {
                    let (name, sha256) = hash_entry(&mut archive, index, path)?;
                    let name = name.strip_prefix(prefix).ok_or_else(|| {
                        bad(path, format!("it holds {name:?}, which is not below {prefix}"))
                    })?;
                    files.push(LockedFile { vendored: false, sha256, path: name.to_owned() });
                }
                Ok(files)
            })
            .collect::<Result<_, VendorError>>()?;
        let mut files: Vec<LockedFile> = hashed.into_iter().flatten().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        if let Some(pair) = files.windows(2).find(|pair| pair[0].path == pair[1].path) {
            return Err(bad(path, format!("it holds {} twice", pair[0].path)));
        }
        Ok(files)
    }

    /// The paths of all files.
    pub(super) fn paths(&self) -> Result<Vec<String>, VendorError> {
        match self {
            Contents::Zip { path, prefix } => {
                let archive = open(path)?;
                let mut paths = Vec::new();
                for name in archive.file_names() {
                    let name = name.map_err(|error| bad(path, error))?;
                    let below = name.strip_prefix(prefix.as_str()).filter(|path| !path.ends_with('/'));
                    paths.extend(below.map(str::to_owned));
                }
                Ok(paths)
            }
            Contents::Dir(dir) => {
                let other = |path: &Utf8Path| {
                    let versioned =
                        matches!(path.file_name(), Some(".git" | ".hg" | ".svn" | ".jj" | ".bzr"));
                    versioned || path.join("go.mod").is_file()
                };
                let found = fs::walk(dir, other)?;
                Ok(found
                    .into_iter()
                    .filter(|(_, kind)| *kind == EntryKind::File)
                    .map(|(path, _)| path.into())
                    .collect())
            }
        }
    }

    /// The bytes of some files, by path.
    pub(super) fn read(&self, wanted: &[&str]) -> Result<BTreeMap<String, Vec<u8>>, VendorError> {
        match self {
            Contents::Zip { path, prefix } => {
                let mut archive = open(path)?;
                let read = |name: &&str| {
                    let full = format!("{prefix}{name}");
                    let entry = archive.by_name(&full).map_err(|error| bad(path, error))?;
                    let mut bytes = Vec::new();
                    entry.take(MAX_ZIP).read_to_end(&mut bytes).map_err(|error| bad(path, error))?;
                    Ok(((*name).to_owned(), bytes))
                };
                wanted.iter().map(read).collect()
            }
            Contents::Dir(dir) => {
                wanted.iter().map(|name| Ok(((*name).to_owned(), fs::read(&dir.join(name))?))).collect()
            }
        }
    }
}

fn bad(path: &Utf8Path, cause: impl ToString) -> VendorError {
    VendorError::Zip { path: path.to_owned(), cause: cause.to_string() }
}

fn open(path: &Utf8Path) -> Result<ZipArchive<File>, VendorError> {
    let (file, _) = fs::open_regular(path)?;
    let archive = ZipArchive::new(file).map_err(|error| bad(path, error))?;
    if archive.decompressed_size().is_some_and(|size| size > u128::from(MAX_ZIP)) {
        return Err(bad(
            path,
            format!("its files come to more than {MAX_ZIP} bytes, which Go would not take"),
        ));
    }
    Ok(archive)
}

/// The name and the SHA-256 of an entry.
fn hash_entry(
    archive: &mut ZipArchive<File>,
    index: usize,
    path: &Utf8Path,
) -> Result<(String, String), VendorError> {
    let entry = archive.by_index(index).map_err(|error| bad(path, error))?;
    let name =
        String::from_utf8(entry.name_raw().to_vec()).map_err(|_| bad(path, "a name in it is not UTF-8"))?;
    let digest =
        Digest::of_reader(entry.take(MAX_ZIP)).map_err(|error| bad(path, format!("{name}: {error}")))?;
    Ok((name, digest.sha256))
}
