//! Digests of files that need not be read again.
//!
//! Takes a root and paths below it; returns each file's [`Digest`], from the index where the file system vouches that
//! the file is the one that was hashed, else by reading it. An index is one file per root in the store; anything wrong
//! with it is the same as no index. The layout is drawn in cache/README.md.
//!
//! The rule is git's for racily clean entries (<https://git-scm.com/docs/racy-git>): an entry is kept only when both
//! times of the file lay further back than the granularity of the file system's clock at the moment that hashing
//! began. Whatever changes the file afterwards gives it a later ctime, which no program can set.

mod codec;
mod stamp;

use std::collections::BTreeMap;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

pub use stamp::Stamp;

use crate::fs::{self, FsError};
use crate::model::Digest;

/// The index of one root.
#[derive(Debug)]
pub struct StatIndex {
    root: Utf8PathBuf,
    file: Utf8PathBuf,
    entries: BTreeMap<String, Entry>,
    changed: bool,
}

/// What is remembered of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    stamp: Stamp,
    digest: Digest,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A regular file.
    File(Digest),
    /// A symbolic link; it was not followed.
    Link,
    /// A directory, FIFO, socket or device.
    Other,
    /// Nothing.
    Nothing,
}

impl StatIndex {
    /// The index of `root` in the store; an empty one where there is none that can be read.
    pub fn open(cache_dir: &Utf8Path, root: &Utf8Path) -> Self {
        let name = blake3::hash(root.as_str().as_bytes()).to_hex();
        let file = cache_dir.join("index-v0").join(name.as_str());
        let entries = fs::read(&file).ok().and_then(|bytes| codec::decode(&bytes)).unwrap_or_default();
        StatIndex { root: root.to_owned(), file, entries, changed: false }
    }

    /// What stands at each path below the root, in the order of `paths`. Files that must be read are read in parallel.
    ///
    /// # Errors
    /// The first file that cannot be read, or that another process writes while it is read.
    pub fn look_up(&mut self, paths: &[Utf8PathBuf]) -> Result<Vec<Found>, FsError> {
        let looked: Vec<(Found, Option<Entry>)> =
            paths.par_iter().with_min_len(16).map(|path| self.one(path)).collect::<Result<_, _>>()?;
        let mut found = Vec::with_capacity(paths.len());
        for (path, (what, fresh)) in paths.iter().zip(looked) {
            if let Some(entry) = fresh {
                self.entries.insert(path.to_string(), entry);
                self.changed = true;
            }
            found.push(what);
        }
        Ok(found)
    }

    /// What stands at a path, and the entry to keep when it was read just now.
    fn one(&self, path: &Utf8Path) -> Result<(Found, Option<Entry>), FsError> {
        let full = self.root.join(path);
        let Some(metadata) = fs::lstat(&full)? else { return Ok((Found::Nothing, None)) };
        if metadata.is_symlink() {
            return Ok((Found::Link, None));
        }
        if !metadata.is_file() {
            return Ok((Found::Other, None));
        }
        let stamp = Stamp::of(&metadata);
        if let (Some(stamp), Some(entry)) = (&stamp, self.entries.get(path.as_str()))
            && entry.stamp == *stamp
        {
            return Ok((Found::File(entry.digest.clone()), None));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let (file, metadata) = fs::open_regular(&full)?;
        let before = Stamp::of(&metadata);
        let digest = fs::context(Digest::of_reader(&file), "read", &full)?;
        let after = fs::context(file.metadata(), "look at", &full)?;
        if Stamp::of(&after) != before || after.len() != digest.size {
            let source = io::Error::other("it changed while it was read");
            return Err(FsError { operation: "read", path: full, source });
        }
        let entry =
            before.filter(|stamp| stamp.settled(now)).map(|stamp| Entry { stamp, digest: digest.clone() });
        Ok((Found::File(digest), entry))
    }

    /// Writes the index down, without entries of files that `keep` does not want. Where nothing was learned, nothing
    /// is written.
    pub fn save(&mut self, keep: impl Fn(&str) -> bool) -> Result<(), FsError> {
        if !self.changed {
            return Ok(());
        }
        self.entries.retain(|path, _| keep(path));
        if let Some(dir) = self.file.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write_atomic(&self.file, &codec::encode(&self.entries))?;
        self.changed = false;
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Duration;

    struct Place {
        _dir: tempfile::TempDir,
        root: Utf8PathBuf,
        store: Utf8PathBuf,
    }

    impl Place {
        fn new(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let base = Utf8Path::from_path(dir.path()).unwrap();
            let place = Place { root: base.join("root"), store: base.join("store"), _dir: dir };
            fs::create_dir_all(&place.root).unwrap();
            for (name, text) in files {
                fs::write_atomic(&place.root.join(name), text.as_bytes()).unwrap();
            }
            place
        }

        fn index(&self) -> StatIndex {
            StatIndex::open(&self.store, &self.root)
        }

        /// Looks a file up and keeps what was learned.
        fn look(&self, name: &str) -> Found {
            let mut index = self.index();
            let found = index.look_up(&[name.into()]).unwrap().remove(0);
            index.save(|_| true).unwrap();
            found
        }
    }

    /// Past every granularity that the times of these files can have.
    fn settle() {
        std::thread::sleep(Duration::from_millis(150));
    }

    fn digest(text: &str) -> Found {
        Found::File(Digest::of_bytes(text.as_bytes()))
    }

    #[test]
    fn what_has_settled_is_remembered() {
        let place = Place::new(&[("a", "one")]);
        assert_eq!(place.look("a"), digest("one"));
        assert!(place.index().entries.is_empty(), "a file that was written just now must be read again");
        settle();
        assert_eq!(place.look("a"), digest("one"));
        assert_eq!(place.index().entries.len(), 1);
        assert_eq!(place.look("a"), digest("one"));
        let mut index = place.index();
        index.changed = true;
        index.save(|_| false).unwrap();
        assert!(place.index().entries.is_empty());
    }

    #[test]
    fn no_change_is_overlooked() {
        let place = Place::new(&[("a", "one"), ("other", "two")]);
        let path = place.root.join("a");
        let remember = || {
            settle();
            place.look("a");
            assert!(place.index().entries.contains_key("a"));
        };
        // The same size and the old time: the ctime tells.
        remember();
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        fs::create(&path).unwrap().write_all(b"two").unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
        assert_eq!(place.look("a"), digest("two"));
        // Another inode of the same size.
        remember();
        fs::write_atomic(&place.root.join("new"), b"six").unwrap();
        fs::rename(&place.root.join("new"), &path).unwrap();
        assert_eq!(place.look("a"), digest("six"));
        // Two files that change places.
        remember();
        place.look("other");
        fs::rename(&path, &place.root.join("aside")).unwrap();
        fs::rename(&place.root.join("other"), &path).unwrap();
        fs::rename(&place.root.join("aside"), &place.root.join("other")).unwrap();
        assert_eq!((place.look("a"), place.look("other")), (digest("two"), digest("six")));
        // What is no file.
        fs::remove_file(&path).unwrap();
        assert_eq!(place.look("a"), Found::Nothing);
        fs::symlink("other".into(), &path).unwrap();
        assert_eq!(place.look("a"), Found::Link);
        fs::remove_file(&path).unwrap();
        fs::create_dir_all(&path).unwrap();
        assert_eq!(place.look("a"), Found::Other);
    }

    #[test]
    fn a_damaged_index_is_none() {
        let place = Place::new(&[("a", "one"), ("b", "two")]);
        settle();
        place.look("a");
        place.look("b");
        let file = place.index().file;
        let good = fs::read(&file).unwrap();
        assert_eq!(place.index().entries.len(), 2);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write_atomic(&file, &bad).unwrap();
            assert!(place.index().entries.is_empty(), "byte {at}");
            fs::write_atomic(&file, &good[..at]).unwrap();
            assert!(place.index().entries.is_empty(), "{at} bytes");
        }
        // Another root has another index.
        assert!(StatIndex::open(&place.store, "/elsewhere".into()).entries.is_empty());
    }
}
