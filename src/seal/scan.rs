//! What of a project's directory is input.

use std::cell::RefCell;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::SealError;
use crate::fs::{self, EntryKind};
use crate::vendor::LOCK_NAME as VENDOR_LOCK;

/// The inputs, seen once before anything reads them.
#[derive(Debug, Clone, Default)]
pub struct SourceScan {
    /// Regular files, relative to the directory.
    pub files: Vec<Utf8PathBuf>,
    /// Links, none of which leaves the directory.
    pub links: Vec<Utf8PathBuf>,
    /// Directories and files that are no input: version control, dist/, the store.
    pub hidden: Vec<Utf8PathBuf>,
}

/// Looks at everything below `dir` but what is in `leave_out` and what version control keeps. A vendor/ that has a lock
/// is looked at where it is held against it.
///
/// # Errors
/// For what no build can read (FIFOs, sockets, devices: opening one would wait for ever), for links that leave the
/// project, and for names that are not UTF-8.
pub fn scan(dir: &Utf8Path, leave_out: &[&Utf8Path]) -> Result<SourceScan, SealError> {
    let hidden = RefCell::new(Vec::new());
    let relative = |path: &Utf8Path| path.strip_prefix(dir).unwrap_or(path).to_owned();
    let locked = dir.join(VENDOR_LOCK).is_file().then(|| dir.join("vendor"));
    let skip = |path: &Utf8Path| {
        if Some(path) == locked.as_deref() {
            return true;
        }
        let skipped = is_version_control(path) || leave_out.contains(&path);
        if skipped {
            hidden.borrow_mut().push(relative(path));
        }
        skipped
    };
    let found = fs::walk(dir, skip).map_err(|error| match error.source.kind() {
        std::io::ErrorKind::InvalidData => SealError::Name { path: error.path },
        _ => SealError::Fs(error),
    })?;
    let mut scan = SourceScan::default();
    for (path, kind) in found {
        match kind {
            EntryKind::File if is_version_control(&path) => hidden.borrow_mut().push(path),
            EntryKind::File => scan.files.push(path),
            // What a link of this name leads to is not read either.
            EntryKind::Link if leave_out.contains(&dir.join(&path).as_path()) => {
                hidden.borrow_mut().push(path);
            }
            EntryKind::Link => {
                check_link(dir, &path)?;
                scan.links.push(path);
            }
            EntryKind::Special => return Err(SealError::Special { path: dir.join(path) }),
        }
    }
    scan.hidden = hidden.into_inner();
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
        assert_eq!(found.files, ["a/b.go", "go.mod"]);
        assert_eq!(found.links, ["a/c.go", "a/d", "a/e.go"]);
        assert_eq!(found.hidden, [".git", "dist", "a/.git"]);
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
