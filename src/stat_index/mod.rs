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
mod fingerprint;
mod stamp;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

pub use fingerprint::Glance;
pub use stamp::Stamp;

use crate::fs::{self, FsError};
use crate::model::{Blake3, Digest, DigestReader, Head};

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
    facts: Facts,
    /// Whether this process has found it to be still so.
    looked: bool,
}

/// What a look at a file means for the index.
enum Outcome {
    /// The entry is right.
    Known,
    /// This one is.
    New(Entry),
    /// None can be.
    Nothing,
}

/// What is known of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Their BLAKE3.
    pub blake3: Blake3,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Their number.
    pub size: u64,
    /// What Go's package loader reads of them; `None` for a file that is part of no package.
    pub head: Option<Head>,
}

impl Facts {
    /// What a digest says; `None` for one that is not written as digests are.
    pub fn of(digest: &Digest) -> Option<Self> {
        let parse = |text: &str| Blake3::parse(text).map(|hash| *hash.bytes());
        let (blake3, sha256) = (parse(&digest.blake3)?.into(), parse(&digest.sha256)?);
        Some(Facts { blake3, sha256, size: digest.size, head: None })
    }

    /// The same as the digest that lists show.
    pub fn digest(&self) -> Digest {
        Digest::of_raw(&self.blake3, &self.sha256, self.size)
    }
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A regular file.
    File(Facts),
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
        Self::named(cache_dir, root, "")
    }

    /// A further index of the same root, for another purpose: whoever saves an index saves all of it.
    pub fn named(cache_dir: &Utf8Path, root: &Utf8Path, purpose: &str) -> Self {
        let mut name = blake3::Hasher::new();
        name.update(root.as_str().as_bytes());
        if !purpose.is_empty() {
            name.update(b"\0").update(purpose.as_bytes());
        }
        let file = cache_dir.join(BUCKET).join(name.finalize().to_hex().as_str());
        let found = fs::open_regular(&file).ok();
        let entries = found.and_then(|(file, found)| codec::decode(file, found.len())).unwrap_or_default();
        StatIndex { root: root.to_owned(), file, entries, changed: false }
    }

    /// What stands at each path below the root, in the order of `paths`. Files that must be read are read in parallel.
    ///
    /// # Errors
    /// The first file that cannot be read, or that another process writes while it is read.
    pub fn look_up(&mut self, paths: &[Utf8PathBuf]) -> Result<Vec<Found>, FsError> {
        let looked: Vec<(Found, Outcome)> =
            paths.par_iter().with_min_len(16).map(|path| self.one(path)).collect::<Result<_, _>>()?;
        let mut found = Vec::with_capacity(paths.len());
        for (path, (what, outcome)) in paths.iter().zip(looked) {
            if let Outcome::New(entry) = outcome {
                self.entries.insert(path.to_string(), entry);
                self.changed = true;
            } else if let Some(entry) = self.entries.get_mut(path.as_str()) {
                entry.looked = matches!(outcome, Outcome::Known);
            }
            found.push(what);
        }
        Ok(found)
    }

    /// What is known of a file that this process has looked up, if the index could keep it.
    pub fn facts(&self, path: &str) -> Option<&Facts> {
        self.entries.get(path).filter(|entry| entry.looked).map(|entry| &entry.facts)
    }

    /// What stands at a path, and what that means for the index.
    fn one(&self, path: &Utf8Path) -> Result<(Found, Outcome), FsError> {
        let full = self.root.join(path);
        let Some(metadata) = fs::lstat(&full)? else { return Ok((Found::Nothing, Outcome::Nothing)) };
        if metadata.is_symlink() {
            return Ok((Found::Link, Outcome::Nothing));
        }
        if !metadata.is_file() {
            return Ok((Found::Other, Outcome::Nothing));
        }
        let stamp = Stamp::of(&metadata);
        if let (Some(stamp), Some(entry)) = (&stamp, self.entries.get(path.as_str()))
            && entry.stamp == *stamp
        {
            return Ok((Found::File(entry.facts), Outcome::Known));
        }
        /// Somebody who saves a file does it once, and is done soon.
        const ATTEMPTS: usize = 3;
        let mut attempt = 1;
        loop {
            let now = now();
            let (file, metadata) = fs::open_regular(&full)?;
            let before = Stamp::of(&metadata);
            let facts = fs::context(read_facts(path, &file, metadata.len()), "read", &full)?;
            let after = fs::context(file.metadata(), "look at", &full)?;
            if Stamp::of(&after) == before && after.len() == facts.size {
                let stamp = before.filter(|stamp| stamp.settled(now));
                let entry = stamp.map(|stamp| Outcome::New(Entry { stamp, facts, looked: true }));
                return Ok((Found::File(facts), entry.unwrap_or(Outcome::Nothing)));
            }
            if attempt == ATTEMPTS {
                let source = io::Error::other("it changed while it was read");
                return Err(FsError { operation: "read", path: full, source });
            }
            attempt += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Notes what is known of files that were written by this process and lie on the file system of `probe`, a
    /// directory of ours. The next change of such a file must get a later time: so a new file is made until one has a
    /// later time than theirs, for as long as `patience` lasts. Those that cannot be waited for are not noted.
    ///
    /// # Errors
    /// When no file can be made in `probe`.
    pub fn note(
        &mut self,
        files: &[(Utf8PathBuf, Facts)],
        probe: &Utf8Path,
        patience: Duration,
    ) -> Result<(), FsError> {
        let mut stamps = Vec::with_capacity(files.len());
        for (path, facts) in files {
            let stamp = fs::lstat(&self.root.join(path))?.filter(|found| found.is_file());
            let stamp = stamp.as_ref().and_then(Stamp::of).filter(|stamp| stamp.size == facts.size);
            stamps.extend(stamp.map(|stamp| (path, Entry { stamp, facts: *facts, looked: true })));
        }
        let Some(latest) = stamps.iter().map(|(_, entry)| entry.stamp.latest()).max() else { return Ok(()) };
        let started = Instant::now();
        let mut clock = fs::clock(probe)?;
        while clock <= latest && started.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(1));
            clock = fs::clock(probe)?;
        }
        for (path, entry) in stamps.into_iter().filter(|(_, entry)| entry.stamp.latest() < clock) {
            self.entries.insert(path.to_string(), entry);
            self.changed = true;
        }
        Ok(())
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
        fs::write_atomic_by(&self.file, |out| codec::encode(&self.entries, out))?;
        self.changed = false;
        Ok(())
    }
}

/// The directory of indexes in the store.
pub const BUCKET: &str = "index-v1";

/// Whether these are the bytes of an index.
pub fn is_whole(bytes: &[u8]) -> bool {
    codec::decode(bytes, bytes.len() as u64).is_some()
}

/// Nanoseconds since 1970 by this host's clock.
pub fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

/// Reads a file once. Only sources are held in memory as a whole.
fn read_facts(path: &Utf8Path, file: &File, size: u64) -> io::Result<Facts> {
    /// Bytes; no compiler takes a larger source.
    const MOST: u64 = 64 << 20;
    let mut reader = DigestReader::new(file);
    let mut head = None;
    if size <= MOST && Head::may_have(path.as_str()) {
        let mut text = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        reader.read_to_end(&mut text)?;
        head = Head::of(path.as_str(), &text);
    } else {
        io::copy(&mut reader, &mut io::sink())?;
    }
    let (blake3, sha256, size) = reader.finish_raw();
    // One that is too large to be looked into is what its bytes are.
    let whole = || Head::may_have(path.as_str()).then_some(Head { hash: blake3, embeds: true });
    Ok(Facts { blake3, sha256, size, head: head.or_else(whole) })
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
        let (blake3, sha256, size) = {
            let mut reader = DigestReader::new(text.as_bytes());
            io::copy(&mut reader, &mut io::sink()).unwrap();
            reader.finish_raw()
        };
        Found::File(Facts { blake3, sha256, size, head: None })
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
    fn what_was_written_here_is_known_at_once() {
        let place = Place::new(&[("a", "one"), ("b", "two")]);
        let Found::File(facts) = place.look("a") else { panic!() };
        let mut index = place.index();
        index.note(&[("a".into(), facts)], &place.root, Duration::from_secs(5)).unwrap();
        index.save(|_| true).unwrap();
        assert!(place.index().entries.contains_key("a"));
        fs::create(&place.root.join("a")).unwrap().write_all(b"six").unwrap();
        assert_eq!(place.look("a"), digest("six"));
    }

    #[test]
    fn heads_are_kept() {
        let place = Place::new(&[("a.go", "package a\n"), ("a.txt", "package a\n")]);
        settle();
        for _ in 0..2 {
            let Found::File(facts) = place.look("a.go") else { panic!() };
            assert_eq!(facts.head, Head::of("a.go", b"package a\n"));
            let Found::File(facts) = place.look("a.txt") else { panic!() };
            assert_eq!(facts.head, None);
        }
    }

    /// The bytes that cache/README.md describes.
    #[test]
    fn golden_bytes() {
        let stamp = Stamp { size: 3, mtime: 5, ctime: 7, inode: 9, device: 11 };
        let head = Some(Head { hash: Blake3::of(b"head"), embeds: true });
        let facts = Facts { blake3: Blake3::of(b"one"), sha256: [2; 32], size: 3, head };
        let entries = BTreeMap::from([("a.go".to_owned(), Entry { stamp, facts, looked: false })]);
        let mut expected = b"xbuild index 1\n".to_vec();
        expected.extend(1_u64.to_le_bytes());
        expected.extend(4_u64.to_le_bytes());
        expected.extend(b"a.go");
        expected.extend(3_u64.to_le_bytes());
        expected.extend(5_i128.to_le_bytes());
        expected.extend(7_i128.to_le_bytes());
        expected.extend(9_u64.to_le_bytes());
        expected.extend(11_u64.to_le_bytes());
        expected.extend(blake3::hash(b"one").as_bytes());
        expected.extend([2; 32]);
        expected.push(2);
        expected.extend(blake3::hash(b"head").as_bytes());
        expected.extend(blake3::hash(&expected.clone()).as_bytes());
        let mut bytes = Vec::new();
        codec::encode(&entries, &mut bytes).unwrap();
        let decode = |bytes: &[u8]| codec::decode(bytes, bytes.len() as u64);
        assert_eq!(bytes, expected);
        assert_eq!(decode(&bytes), Some(entries));
        assert_eq!(decode(&[&bytes[..], b"x"].concat()), None);
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
