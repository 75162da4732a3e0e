//! What stands below a directory.

use std::fs::{self, Metadata};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use walkdir::WalkDir;

use super::{FsError, Result, context, missing, utf8};

/// The names in a directory, sorted.
pub fn list(path: &Utf8Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in context(fs::read_dir(path), "list", path)? {
        let entry = context(entry, "list", path)?;
        names.push(utf8(entry.path())?.file_name().unwrap_or_default().to_owned());
    }
    names.sort();
    Ok(names)
}

/// What [`walk`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A FIFO, socket or device.
    Special,
}

/// Everything below `root` that is no directory, sorted by path and relative to it. `skip` is asked for each
/// directory and may keep the walk out of it.
pub fn walk(root: &Utf8Path, skip: impl Fn(&Utf8Path) -> bool) -> Result<Vec<(Utf8PathBuf, EntryKind)>> {
    let mut found = Vec::new();
    let walker = WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|entry| {
        let directory = entry.depth() > 0 && entry.file_type().is_dir();
        !directory || Utf8Path::from_path(entry.path()).is_none_or(|path| !skip(path))
    });
    for entry in walker {
        let entry = entry.map_err(|error| FsError {
            operation: "walk",
            path: error.path().and_then(Utf8Path::from_path).unwrap_or(root).to_owned(),
            source: error.into(),
        })?;
        let kind = match entry.file_type() {
            kind if kind.is_dir() => continue,
            kind if kind.is_file() => EntryKind::File,
            kind if kind.is_symlink() => EntryKind::Link,
            _ => EntryKind::Special,
        };
        let path = utf8(entry.into_path())?;
        found.push((path.strip_prefix(root).unwrap_or(&path).to_owned(), kind));
    }
    Ok(found)
}

/// What stands below a directory, by the file system's word alone: the path relative to it, and what is there.
pub type Seen = Vec<(Utf8PathBuf, Metadata)>;

/// Everything below `root` that is no directory, in parallel, sorted by the bytes of the path. `skip` is asked for each
/// directory, relative to the root, and may keep the walk out of it. Links are not followed. A name that is not UTF-8
/// is an error of kind `InvalidData`.
pub fn survey(root: &Utf8Path, skip: &(dyn Fn(&Utf8Path) -> bool + Sync)) -> Result<Seen> {
    let (found, failed) = (Mutex::new(Seen::new()), Mutex::new(None));
    rayon::scope(|scope| {
        visit(scope, root, Utf8PathBuf::new(), &Visit { skip, found: &found, failed: &failed })
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.par_sort_unstable_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
    Ok(found)
}

#[derive(Clone, Copy)]
struct Visit<'v> {
    skip: &'v (dyn Fn(&Utf8Path) -> bool + Sync),
    found: &'v Mutex<Seen>,
    failed: &'v Mutex<Option<FsError>>,
}

fn visit<'v>(scope: &rayon::Scope<'v>, root: &'v Utf8Path, dir: Utf8PathBuf, visiting: &Visit<'v>) {
    let visiting = *visiting;
    let full = root.join(&dir);
    let look = || -> Result<Seen> {
        let mut here = Seen::new();
        let entries = match fs::read_dir(&full) {
            // One that has gone since its name was read is as if it had never been.
            Err(error) if missing(&error) && !dir.as_str().is_empty() => return Ok(here),
            entries => context(entries, "list", &full)?,
        };
        for entry in entries {
            let entry = context(entry, "list", &full)?;
            let name = entry.file_name();
            let path = match name.to_str() {
                Some(name) => dir.join(name),
                None => utf8(entry.path())?,
            };
            let kind = context(entry.file_type(), "look at", &full)?;
            if !kind.is_dir() {
                // One that has gone since is as if it had never been.
                match entry.metadata() {
                    Err(error) if missing(&error) => {}
                    metadata => here.push((path, context(metadata, "look at", &full)?)),
                }
            } else if !(visiting.skip)(&path) {
                scope.spawn(move |scope| visit(scope, root, path, &visiting));
            }
        }
        Ok(here)
    };
    match look() {
        Ok(here) => visiting.found.lock().unwrap_or_else(PoisonError::into_inner).extend(here),
        Err(error) => {
            visiting.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}
