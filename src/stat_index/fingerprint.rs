//! What the file system says of many files, as one hash.

use camino::{Utf8Path, Utf8PathBuf};

use super::Stamp;
use crate::fs;
use crate::model::Blake3;

/// Files by path, with what the file system said of them when they were looked at.
#[derive(Debug, Clone, Default)]
pub struct Glance {
    /// By path.
    pub files: Vec<(Utf8PathBuf, Option<Stamp>)>,
    /// When the look began, in nanoseconds since 1970.
    pub began: u128,
}

impl Glance {
    /// Looks at everything below a directory that is no directory itself.
    ///
    /// # Errors
    /// When a directory cannot be listed.
    pub fn at(dir: &Utf8Path) -> fs::Result<Self> {
        let began = super::now();
        let found = fs::survey(dir, &|_| false)?;
        let files = found.into_iter().map(|(path, metadata)| (path, Stamp::of(&metadata))).collect();
        Ok(Glance { files, began })
    }

    /// A hash of paths and stamps. Equal hashes at two times mean that no file has changed in between, if the first
    /// look was [settled](Self::settled). `None` where the system does not tell enough.
    pub fn fingerprint(&self) -> Option<Blake3> {
        let mut hasher = blake3::Hasher::new();
        for (path, stamp) in &self.files {
            hasher.update(&(path.as_str().len() as u64).to_le_bytes()).update(path.as_str().as_bytes());
            hasher.update(&stamp.as_ref()?.to_bytes());
        }
        Some(hasher.finalize().into())
    }

    /// Whether every change after the look gives a file another stamp.
    pub fn settled(&self) -> bool {
        self.settled_at(self.began)
    }

    /// Whether every change after `time`, in nanoseconds since 1970, gives a file another stamp.
    pub fn settled_at(&self, time: u128) -> bool {
        self.files.iter().all(|(_, stamp)| stamp.as_ref().is_some_and(|stamp| stamp.settled(time)))
    }
}
