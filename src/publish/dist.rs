//! What dist/ holds, without reading again what has not changed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::fs;
use crate::model::Digest;
use crate::stat_index::{Facts, Found, StatIndex};

/// The directory of results.
#[derive(Debug)]
pub struct Dist {
    dir: Utf8PathBuf,
    index: Mutex<StatIndex>,
}

impl Dist {
    /// The directory; the store remembers what its files are.
    pub fn new(dir: &Utf8Path, store: &Utf8Path) -> Self {
        Dist { dir: dir.to_owned(), index: Mutex::new(StatIndex::open(store, dir)) }
    }

    /// The directory.
    pub fn dir(&self) -> &Utf8Path {
        &self.dir
    }

    /// Whether each path, relative to the directory, is a regular file with that digest.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn have(&self, files: &[(Utf8PathBuf, &Digest)]) -> fs::Result<Vec<bool>> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        // One of another size need not be read.
        let possible = |(path, digest): &(Utf8PathBuf, &Digest)| {
            let found = fs::lstat(&self.dir.join(path)).ok().flatten();
            found.is_some_and(|found| found.is_file() && found.len() == digest.size)
        };
        let possible: Vec<bool> = files.iter().map(possible).collect();
        let paths = files.iter().zip(&possible).filter(|(_, possible)| **possible);
        let found = index.look_up(&paths.map(|((path, _), _)| path.clone()).collect::<Vec<_>>())?;
        let mut found = found.into_iter();
        let same = |(digest, possible): (&Digest, bool)| {
            possible && matches!(found.next(), Some(Found::File(facts)) if facts.digest() == *digest)
        };
        Ok(files.iter().map(|(_, digest)| *digest).zip(possible).map(same).collect())
    }

    /// Notes what was just put there, and keeps what is known for the next run. Without it the next run reads the files
    /// again, and that is all.
    pub fn remember(&self, files: &[(Utf8PathBuf, &Digest)]) {
        /// More than the clock of a file system takes for a step, but for those of another age.
        const PATIENCE: Duration = Duration::from_millis(25);
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let facts: Vec<(Utf8PathBuf, Facts)> =
            files.iter().filter_map(|(path, digest)| Some((path.clone(), Facts::of(digest)?))).collect();
        let _ = index.note(&facts, &self.dir, PATIENCE);
        let _ = index.save(|path| fs::lstat(&self.dir.join(path)).is_ok_and(|found| found.is_some()));
    }
}
