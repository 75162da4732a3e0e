//! The store's directory as a whole: where things are, what is being written, what turned out damaged.

use std::sync::{Mutex, OnceLock, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use super::root;
use crate::fs::{self, TemporaryDir};
use crate::model::Blake3;

/// The store of a run. Any number of them, in any number of processes, share a directory.
#[derive(Debug)]
pub struct Store {
    root: Utf8PathBuf,
    /// Where entries are written before they get their name; made when the first one is.
    writing: OnceLock<TemporaryDir>,
    damaged: Mutex<Vec<Damage>>,
}

/// An entry that was not what it must be. It was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The entry, relative to the store.
    pub entry: Utf8PathBuf,
}

/// Where damaged entries go, for whoever wants to know what happened to the disk.
pub(super) const QUARANTINE: &str = "quarantine-v0";

impl Store {
    /// The store in a directory, which is made and marked where it is not there.
    ///
    /// # Errors
    /// When the directory cannot be made or written to.
    pub fn open(dir: &Utf8Path) -> fs::Result<Self> {
        root::open(dir)?;
        Ok(Store { root: dir.to_owned(), writing: OnceLock::new(), damaged: Mutex::default() })
    }

    /// Its directory.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// What was found damaged since this was last asked.
    pub fn take_damage(&self) -> Vec<Damage> {
        std::mem::take(&mut *self.damaged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The place of an entry: `<bucket>/<first two digits>/<the others><suffix>`.
    pub(super) fn place(&self, bucket: &str, name: &Blake3, suffix: &str) -> Utf8PathBuf {
        let name = name.to_string();
        let (head, tail) = name.split_at(2);
        self.root.join(bucket).join(head).join(format!("{tail}{suffix}"))
    }

    /// A new name on the store's file system, below a directory that ends with the run.
    pub(super) fn scratch_file(&self) -> fs::Result<Utf8PathBuf> {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let dir = match self.writing.get() {
            Some(dir) => dir,
            None => {
                let made = fs::temporary_dir(&self.root.join("tmp"), "put-")?;
                self.writing.get_or_init(|| made)
            }
        };
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(dir.path().join(count.to_string()))
    }

    /// Writes a small entry whole or not at all, in place of one of that name.
    pub(super) fn write(&self, path: &Utf8Path, bytes: &[u8]) -> fs::Result<()> {
        let fresh = self.scratch_file()?;
        let result = fs::write_synced(&fresh, bytes).and_then(|()| {
            self.make_bucket(path)?;
            fs::rename(&fresh, path)?;
            fs::sync_dir(path.parent().unwrap_or(&self.root))
        });
        if result.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        result
    }

    /// Makes the directory of an entry; a new one's own name is made durable as well.
    pub(super) fn make_bucket(&self, path: &Utf8Path) -> fs::Result<()> {
        let Some(dir) = path.parent().filter(|dir| !dir.is_dir()) else { return Ok(()) };
        fs::create_dir_all(dir)?;
        fs::sync_dir(dir.parent().unwrap_or(&self.root))
    }

    /// Puts a damaged entry aside, where nothing finds it, and remembers to say so.
    pub(super) fn quarantine(&self, path: &Utf8Path) {
        let entry = path.strip_prefix(&self.root).unwrap_or(path);
        let aside = self.root.join(QUARANTINE).join(entry.as_str().replace('/', "_"));
        let moved = fs::create_dir_all(&self.root.join(QUARANTINE)).and_then(|()| fs::rename(path, &aside));
        if moved.is_err() {
            // Where it cannot be moved it must at least not be found again.
            let _ = fs::remove_file(path);
        }
        let damage = Damage { entry: entry.to_owned() };
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).push(damage);
    }
}
