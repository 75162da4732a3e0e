//! One builder per key: `locks-v0/<key>`, held by flock, so that a lock ends with the process that holds it.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::time::Duration;

use camino::Utf8PathBuf;

use super::Store;
use crate::fs;
use crate::model::Blake3;

pub(super) const LOCKS: &str = "locks-v0";

/// A key that this process alone builds. Ends when it goes out of scope.
#[derive(Debug)]
pub struct KeyLock {
    path: Utf8PathBuf,
    /// `None` where the store cannot be written: then everybody builds for himself.
    file: Option<File>,
}

/// How often a taken lock is asked for again.
const ASK: Duration = Duration::from_millis(20);

impl Store {
    /// Waits until no other process builds this key. `waiting` hears once, and before the wait, which process does,
    /// where that is known; when `give_up` says so, the wait ends without the lock.
    pub fn lock(
        &self,
        key: &Blake3,
        mut waiting: impl FnMut(Option<u32>),
        give_up: impl Fn() -> bool,
    ) -> KeyLock {
        let path = self.root().join(LOCKS).join(key.to_string());
        let none = KeyLock { path: path.clone(), file: None };
        let mut told = false;
        loop {
            let opened = fs::create_dir_all(&self.root().join(LOCKS)).and_then(|()| fs::open_lock(&path));
            let Ok(mut file) = opened else { return none };
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                    return KeyLock { path, file: Some(file) };
                }
                // Its last owner has just taken the name away.
                Ok(()) => continue,
                Err(TryLockError::Error(_)) => return none,
                Err(TryLockError::WouldBlock) => {}
            }
            if give_up() {
                return none;
            }
            if !std::mem::replace(&mut told, true) {
                let mut text = String::new();
                let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
                waiting(text.trim().parse().ok());
            }
            std::thread::sleep(ASK);
        }
    }
}

/// Whether a path still leads to an open file: whoever releases a lock removes its name.
fn is_at(file: &File, path: &Utf8PathBuf) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(open), Ok(Some(found))) = (file.metadata(), fs::lstat(path)) else { return false };
        (open.dev(), open.ino()) == (found.dev(), found.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        true
    }
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        if self.file.is_some() {
            // While it is held: nobody who waits for the old name keeps it, see `is_at`.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let root = camino::Utf8Path::from_path(dir.path()).unwrap();
        let (inside, waited) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let key = Blake3::of(b"key");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    // Each with a store of its own, as processes have.
                    let store = Store::open(root).unwrap();
                    for _ in 0..20 {
                        let waiting = |_| {
                            waited.fetch_add(1, Ordering::SeqCst);
                        };
                        let lock = store.lock(&key, waiting, || false);
                        assert!(lock.file.is_some());
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(waited.load(Ordering::SeqCst) > 0);
        assert_eq!(fs::list(&root.join(LOCKS)).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn whoever_gives_up_goes_on_without() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(camino::Utf8Path::from_path(dir.path()).unwrap()).unwrap();
        let key = Blake3::of(b"key");
        let held = store.lock(&key, |_| {}, || false);
        let mut told = None;
        let other = store.lock(&key, |pid| told = pid, || true);
        assert!(held.file.is_some() && other.file.is_none());
        assert_eq!(told, None, "who gives up at once has not waited");
    }
}
