//! What of a project's directory is input.

use std::sync::{Mutex, PoisonError};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::SealError;
use crate::fs;
use crate::model::Blake3;
use crate::stat_index::{self, Glance, Stamp};
use crate::vendor::LOCK_NAME as VENDOR_LOCK;

/// The inputs, seen once before anything reads them.
#[derive(Debug, Clone, Default)]
pub struct SourceScan {
    /// Regular files, relative to the directory, by path.
    pub files: Glance,
    /// Links, none of which leaves the directory.
    pub links: Vec<Utf8PathBuf>,
    /// Directories and files that are no input: version control, dist/, the store.
    pub hidden: Vec<Utf8PathBuf>,
    /// What is below a vendor/ that has a lock, whatever it is; it is looked at where it is held against the lock.
    pub vendored: Glance,
}

impl SourceScan {
    /// A hash of everything that the file system says of the inputs. Equal hashes at two times mean that no input has
    /// changed in between, if the first was [settled](Self::settled). `None` where the system does not tell enough.
    pub fn fingerprint(&self, dir: &Utf8Path) -> Option<Blake3> {
        let mut hasher = blake3::Hasher::new();
        for glance in [&self.files, &self.vendored] {
            hasher.update(glance.fingerprint()?.bytes());
        }
        for link in &self.links {
            for text in [link.as_str(), fs::read_link(&dir.join(link)).ok()?.as_str()] {
                hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            }
        }
        Some(hasher.finalize().into())
    }

    /// Whether every change after the look gives a file another stamp.
    pub fn settled(&self) -> bool {
        self.files.settled() && self.vendored.settled()
    }

    /// Whether every change after `time`, in nanoseconds since 1970, gives a file another stamp.
    pub fn settled_at(&self, time: u128) -> bool {
        self.files.settled_at(time) && self.vendored.settled_at(time)
    }

    /// The paths of all regular files, and of what is below a vendor/ that has a lock.
    pub fn paths(&self) -> impl Iterator<Item = &Utf8Path> {
        self.files.files.iter().chain(&self.vendored.files).map(|(path, _)| path.as_path())
    }
}

/// Looks at everything below `dir` but what is in `leave_out` and what version control keeps. A vendor/ that has a lock
/// is looked at where it is held against it.
///
/// # Errors
/// For what no build can read (FIFOs, sockets, devices: opening one would wait for ever), for links that leave the
/// project, and for names that are not UTF-8.
pub fn scan(dir: &Utf8Path, leave_out: &[&Utf8Path]) -> Result<SourceScan, SealError> {
    let hidden = Mutex::new(Vec::new());
    let leave_out: Vec<&Utf8Path> = leave_out.iter().filter_map(|path| path.strip_prefix(dir).ok()).collect();
    let locked = dir.join(VENDOR_LOCK).is_file();
    let hide = |path: &Utf8Path| hidden.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    let skip = |path: &Utf8Path| {
        let skipped = !(locked && path.starts_with("vendor"))
            && (is_version_control(path) || leave_out.contains(&path));
        if skipped {
            hide(path);
        }
        skipped
    };
    let began = stat_index::now();
    let found = fs::survey(dir, &skip).map_err(|error| match error.source.kind() {
        std::io::ErrorKind::InvalidData => SealError::Name { path: error.path },
        _ => SealError::Fs(error),
    })?;
    let glance = || Glance { began, files: Vec::new() };
    let mut scan = SourceScan { files: glance(), vendored: glance(), ..SourceScan::default() };
    for (path, metadata) in found {
        let kind = metadata.file_type();
        let file = |path| (path, Stamp::of(&metadata));
        if locked && path.starts_with("vendor") && path != "vendor" {
            scan.vendored.files.push(file(path));
        } else if kind.is_file() && is_version_control(&path) {
            hide(&path);
        } else if kind.is_file() {
            scan.files.files.push(file(path));
        } else if kind.is_symlink() && leave_out.contains(&path.as_path()) {
            // What a link of this name leads to is not read either.
            hide(&path);
        } else if kind.is_symlink() {
            check_link(dir, &path)?;
            scan.links.push(path);
        } else {
            return Err(SealError::Special { path: dir.join(path) });
        }
    }
    scan.hidden = hidden.into_inner().unwrap_or_else(PoisonError::into_inner);
    scan.hidden.sort();
    Ok(scan)
}

/// A directory, or the file that a worktree or a submodule has in its place.
fn is_version_control(path: &Utf8Path) -> bool {
    matches!(path.file_name(), Some(".git" | ".hg" | ".svn" | ".jj"))
}

/// A step has the project at another place, so a link must not name where it is, and what it leads to must be inside.
fn check_link(dir: &Utf8Path, link: &Utf8Path) -> Result<(), SealError> {
    let path = dir.join(link);
    let to = fs::read_link(&path)?;
    if to.is_absolute() {
        return Err(SealError::AbsoluteLink { path, to });
    }
    let inside = match fs::canonical(&path) {
        Ok(real) => real.starts_with(fs::canonical(dir)?),
        // One that leads nowhere is Go's to judge, as long as nowhere is inside.
        Err(_) => stays_inside(link, &to),
    };
    if inside { Ok(()) } else { Err(SealError::LeavingLink { path, to }) }
}

fn stays_inside(link: &Utf8Path, to: &Utf8Path) -> bool {
    let mut depth = link.components().count().saturating_sub(1);
    for part in to.components() {
        match part {
            Utf8Component::ParentDir if depth == 0 => return false,
            Utf8Component::ParentDir => depth -= 1,
            Utf8Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn project() -> (tempfile::TempDir, Utf8PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonical(Utf8Path::from_path(dir.path()).unwrap()).unwrap();
        for (path, text) in
            [("go.mod", "module m"), ("a/b.go", "package a"), (".git/HEAD", "x"), ("dist/old", "x")]
        {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write_atomic(&root.join(path), text.as_bytes()).unwrap();
        }
        (dir, root)
    }

    #[test]
    fn inputs_and_what_is_none() {
        let (_dir, root) = project();
        for (to, link) in [("b.go", "a/c.go"), ("../a", "a/d"), ("nowhere.go", "a/e.go")] {
            fs::symlink(to.into(), &root.join(link)).unwrap();
        }
        fs::write_atomic(&root.join("a/.git"), b"gitdir: elsewhere").unwrap();
        let found = scan(&root, &[&root.join("dist")]).unwrap();
        let paths: Vec<&Utf8Path> = found.paths().collect();
        assert_eq!(paths, ["a/b.go", "go.mod"]);
        assert_eq!(found.links, ["a/c.go", "a/d", "a/e.go"]);
        assert_eq!(found.hidden, [".git", "a/.git", "dist"]);
        let before = found.fingerprint(&root).unwrap();
        assert_eq!(scan(&root, &[&root.join("dist")]).unwrap().fingerprint(&root).unwrap(), before);
        fs::write_atomic(&root.join("dist/new"), b"x").unwrap();
        assert_eq!(scan(&root, &[&root.join("dist")]).unwrap().fingerprint(&root).unwrap(), before);
        fs::write_atomic(&root.join("a/b.go"), b"package b").unwrap();
        assert_ne!(scan(&root, &[&root.join("dist")]).unwrap().fingerprint(&root).unwrap(), before);
    }

    #[test]
    fn links_that_leave() {
        for (to, link) in [("../../outside", "a/x"), ("..", "x"), ("../nowhere", "x"), ("a/../../x", "x")] {
            let (_dir, root) = project();
            fs::symlink(to.into(), &root.join(link)).unwrap();
            let refused = scan(&root, &[]).unwrap_err();
            assert!(matches!(refused, SealError::LeavingLink { .. }), "{to}: {refused}");
        }
        let (_dir, root) = project();
        fs::symlink(&root.join("go.mod"), &root.join("x")).unwrap();
        assert!(matches!(scan(&root, &[]).unwrap_err(), SealError::AbsoluteLink { .. }));
    }
}
