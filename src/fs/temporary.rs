//! Directories that end with their owner, and the removal of directories.

use std::fs::{self, File};
use std::io;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Result, context, create_dir_all, list, missing, remove_file, utf8};

/// A directory that vanishes with the returned value, below `parent`. Its owner holds a lock on it, so that what
/// a killed run left behind under the same prefix can be told from a living one's, and is removed here.
pub fn temporary_dir(parent: &Utf8Path, prefix: &str) -> Result<TemporaryDir> {
    create_dir_all(parent)?;
    sweep(parent, prefix);
    // tempfile's own message names a path that the user cannot know.
    let made = tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(|error| {
        let inner =
            error.get_ref().and_then(std::error::Error::source).and_then(|inner| inner.downcast_ref());
        inner
            .and_then(io::Error::raw_os_error)
            .map_or(io::Error::from(error.kind()), io::Error::from_raw_os_error)
    });
    let inner = context(made, "create a temporary directory in", parent)?;
    let path = utf8(inner.path().to_owned())?;
    let lock = lock_dir(&path)?;
    Ok(TemporaryDir { path, inner, _lock: lock })
}

/// Removes abandoned temporary directories and files. Young ones stay: their owner may be about to lock them.
pub fn sweep(parent: &Utf8Path, prefix: &str) {
    const YOUNG: Duration = Duration::from_secs(10);
    for name in list(parent).unwrap_or_default().iter().filter(|name| name.starts_with(prefix)) {
        let path = parent.join(name);
        let age = path.symlink_metadata().and_then(|data| data.modified()).map(|time| time.elapsed());
        let old = age.is_ok_and(|age| age.is_ok_and(|age| age > YOUNG));
        let abandoned = || File::open(&path).is_ok_and(|dir| dir.try_lock().is_ok());
        if old && path.is_dir() && abandoned() {
            let _ = remove_dir_all(&path);
        } else if old && path.is_file() {
            // What `write_atomic` had in hand for a moment.
            let _ = remove_file(&path);
        }
    }
}

/// A directory that is removed when this goes out of scope.
#[derive(Debug)]
pub struct TemporaryDir {
    path: Utf8PathBuf,
    inner: tempfile::TempDir,
    _lock: Option<File>,
}

impl TemporaryDir {
    /// Where it is.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Removes it now, and says when that fails.
    pub fn close(self) -> Result<()> {
        let _ = self.inner.keep();
        remove_dir_all(&self.path)
    }
}

/// Removes a directory that is empty; any other is left alone.
pub fn remove_dir_if_empty(path: &Utf8Path) {
    let _ = fs::remove_dir(path);
}

/// Removes a directory and all below; none there is fine.
pub fn remove_dir_all(path: &Utf8Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if missing(&error) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            unlock(path);
            context(fs::remove_dir_all(path), "remove", path)
        }
        result => context(result, "remove", path),
    }
}

/// Gives the owner back what a step, or Go's module cache, took from directories. Links are not followed; what cannot
/// be changed stays as it is.
fn unlock(dir: &Utf8Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if !dir.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            return;
        }
        let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
        for name in list(dir).unwrap_or_default() {
            unlock(&dir.join(name));
        }
    }
    #[cfg(not(unix))]
    let _ = dir;
}

/// Takes an advisory lock on a directory, waiting for another process to give it back. It ends with the value.
/// Where directories cannot be opened (Windows) there is no lock.
pub fn lock_dir(path: &Utf8Path) -> Result<Option<File>> {
    #[cfg(unix)]
    {
        let dir = context(File::open(path), "open", path)?;
        context(dir.lock(), "lock", path)?;
        Ok(Some(dir))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_abandoned_directories_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        let old = |path: &Utf8Path| {
            let then = std::time::SystemTime::now() - Duration::from_secs(60);
            File::open(path).unwrap().set_modified(then).unwrap();
        };
        let living = temporary_dir(root, "run-").unwrap();
        old(living.path());
        for name in ["run-dead", "run-young", "other-dead"] {
            create_dir_all(&root.join(name)).unwrap();
        }
        old(&root.join("run-dead"));
        old(&root.join("other-dead"));
        let second = temporary_dir(root, "run-").unwrap();
        assert!(living.path().exists() && second.path().exists());
        assert!(!root.join("run-dead").exists());
        assert!(root.join("run-young").exists() && root.join("other-dead").exists());
    }
}
