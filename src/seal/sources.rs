//! The digests of a run's inputs: the project's files, and those of a vendor tree of the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use super::scan::SourceScan;
use crate::fs;
use crate::model::{Blake3, Head};
use crate::stat_index::{Facts, Found, StatIndex};

/// Where the files of a run are, and what is known of them.
#[derive(Debug)]
pub struct Sources<'s> {
    dir: &'s Utf8Path,
    scan: &'s SourceScan,
    /// The tree that stands for `vendor` where the project has none of its own.
    vendor: Option<&'s Utf8Path>,
    own: Mutex<Known>,
    stored: Option<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    store: Utf8PathBuf,
    root: Utf8PathBuf,
    /// Read when the first file is asked for: a run without changes asks for none.
    index: Option<StatIndex>,
    /// What has been learnt and is not in the index: files that may change without another stamp, links, and what is
    /// not there.
    others: HashMap<String, Option<Facts>>,
}

impl Known {
    fn new(store: &Utf8Path, root: &Utf8Path) -> Mutex<Self> {
        Mutex::new(Known {
            store: store.to_owned(),
            root: root.to_owned(),
            index: None,
            others: HashMap::new(),
        })
    }

    /// What has been learnt of a path; `None` where nothing has been.
    fn get(&self, path: &str) -> Option<Option<&Facts>> {
        match self.others.get(path) {
            Some(other) => Some(other.as_ref()),
            None => self.index.as_ref()?.facts(path).map(Some),
        }
    }

    fn learn(&mut self, paths: Vec<&str>) -> fs::Result<()> {
        /// Paths at a time, so that memory holds what is known of a file once.
        const BATCH: usize = 8192;
        let new: Vec<&str> = paths.into_iter().filter(|path| self.get(path).is_none()).collect();
        for batch in new.chunks(BATCH) {
            let found = self.look_up(batch.iter().map(Utf8PathBuf::from).collect())?;
            for (path, facts) in found {
                if self.index.as_ref().and_then(|index| index.facts(path.as_str())) != facts.as_ref() {
                    self.others.insert(path.into_string(), facts);
                }
            }
        }
        Ok(())
    }

    /// What is at each path now, in the order of `paths`.
    fn look_up(&mut self, paths: Vec<Utf8PathBuf>) -> fs::Result<Vec<(Utf8PathBuf, Option<Facts>)>> {
        let index = self.index.get_or_insert_with(|| StatIndex::open(&self.store, &self.root));
        let found = index.look_up(&paths)?;
        let mut looked = Vec::with_capacity(paths.len());
        for (path, found) in paths.into_iter().zip(found) {
            let facts = match found {
                Found::File(facts) => Some(facts),
                Found::Link => behind_link(index, &self.root, &path)?,
                Found::Other | Found::Nothing => None,
            };
            looked.push((path, facts));
        }
        Ok(looked)
    }
}

const VENDOR: &str = "vendor/";

impl<'s> Sources<'s> {
    /// The inputs of a project at `dir`, with the tree at `vendor` in place of a vendor/ where that is named.
    pub fn new(
        store: &Utf8Path,
        dir: &'s Utf8Path,
        scan: &'s SourceScan,
        vendor: Option<&'s Utf8Path>,
    ) -> Self {
        let stored = vendor.and_then(Utf8Path::parent).map(|entry| Known::new(store, entry));
        Sources { dir, scan, vendor, own: Known::new(store, dir), stored }
    }

    /// The project's directory.
    pub fn dir(&self) -> &Utf8Path {
        self.dir
    }

    /// The tree in place of a vendor/, where there is one.
    pub fn vendor(&self) -> Option<&'s Utf8Path> {
        self.vendor
    }

    /// Whether files have these digests now, whatever has been learnt of them before.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn are<'p>(&self, files: impl Iterator<Item = (&'p str, Blake3)>) -> fs::Result<bool> {
        let (mut own, mut stored) = (Vec::new(), Vec::new());
        for file in files {
            let list =
                if self.stored.is_some() && file.0.starts_with(VENDOR) { &mut stored } else { &mut own };
            list.push(file);
        }
        for (known, list) in [(Some(&self.own), own), (self.stored.as_ref(), stored)] {
            let Some(known) = known.filter(|_| !list.is_empty()) else { continue };
            let paths = list.iter().map(|(path, _)| Utf8PathBuf::from(*path)).collect();
            // What others are learning meanwhile is left alone.
            let now = known.lock().unwrap_or_else(PoisonError::into_inner).look_up(paths)?;
            let same = |((_, digest), (_, facts)): (&(&str, Blake3), &(Utf8PathBuf, Option<Facts>))| {
                facts.is_some_and(|facts| facts.blake3 == *digest)
            };
            if !list.iter().zip(&now).all(same) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Which of the two a path is in.
    fn place(&self, path: &str) -> (&Mutex<Known>, &Utf8Path) {
        match (&self.stored, self.vendor.and_then(Utf8Path::parent)) {
            // The tree's own name is `vendor`, so the path below its parent is the same.
            (Some(stored), Some(entry)) if path.starts_with(VENDOR) => (stored, entry),
            _ => (&self.own, self.dir),
        }
    }

    /// Learns the digests of files; those that have not changed are not read.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn learn<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> fs::Result<()> {
        let (mut own, mut stored) = (Vec::new(), Vec::new());
        for path in paths {
            match (&self.stored, path.starts_with(VENDOR)) {
                (Some(_), true) => stored.push(path),
                _ => own.push(path),
            }
        }
        for (known, list) in [(Some(&self.own), own), (self.stored.as_ref(), stored)] {
            if let Some(known) = known {
                known.lock().unwrap_or_else(PoisonError::into_inner).learn(list)?;
            }
        }
        Ok(())
    }

    /// What is known of a file; `None` for one that has not been learnt or is not there.
    pub fn facts(&self, path: &str) -> Option<Facts> {
        let (known, _) = self.place(path);
        known.lock().unwrap_or_else(PoisonError::into_inner).get(path).flatten().copied()
    }

    /// A file's bytes.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        let (_, root) = self.place(path);
        fs::read_if_present(&root.join(path)).ok().flatten()
    }

    /// A hash over everything that Go's package loader reads of the source: the heads of all files that can be part of
    /// a package, the paths of files that an embed may match, links, and for a tree of the store the lock that it was
    /// held against.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn heads(&self) -> fs::Result<Blake3> {
        let files = || self.scan.paths().map(Utf8Path::as_str);
        let links = || self.scan.links.iter().map(|path| path.as_str());
        let with_heads: Vec<&str> = files().chain(links()).filter(|path| Head::may_have(path)).collect();
        // What is held against a lock is needed as a whole anyway, and in one go the large files do not come last.
        let locked = self.scan.vendored.files.iter().map(|(path, _)| path.as_str());
        self.learn(with_heads.iter().copied().chain(locked.filter(|path| !Head::may_have(path))))?;
        let known = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hasher = blake3::Hasher::new();
        let mut feed = |name: &str, bytes: &[u8]| {
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(bytes);
        };
        let mut embedding: BTreeSet<&str> = BTreeSet::new();
        for path in with_heads {
            if let Some(Some(Facts { head: Some(head), .. })) = known.get(path) {
                feed(path, head.hash.bytes());
                if head.embeds {
                    embedding.insert(path.rsplit_once('/').map_or("", |(dir, _)| dir));
                }
            }
        }
        for path in files().chain(links()) {
            let mut above = Utf8Path::new(path).ancestors().skip(1);
            if !embedding.is_empty() && above.any(|dir| embedding.contains(dir.as_str())) {
                feed(path, b"embed");
            }
        }
        for link in &self.scan.links {
            feed(link.as_str(), fs::read_link(&self.dir.join(link))?.as_str().as_bytes());
        }
        if let Some(entry) = self.vendor.and_then(Utf8Path::parent) {
            feed("vendor.lock", &fs::read(&entry.join(crate::vendor::LOCK_NAME))?);
        }
        Ok(hasher.finalize().into())
    }

    /// The digests of files that are there, by path.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn digests<'p>(&self, paths: impl Iterator<Item = &'p str>) -> fs::Result<BTreeMap<String, Blake3>> {
        let paths: Vec<&str> = paths.collect();
        self.learn(paths.iter().copied())?;
        let digest = |path: &&str| Some(((*path).to_owned(), self.facts(path)?.blake3));
        Ok(paths.iter().filter_map(digest).collect())
    }

    /// Keeps what was learnt for the next run. Without it the next run reads every file again, and that is all.
    pub fn save(&self) {
        for known in [Some(&self.own), self.stored.as_ref()].into_iter().flatten() {
            let Known { index, root, .. } = &mut *known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(index) = index {
                let _ = index.save(|path| fs::lstat(&root.join(path)).is_ok_and(|found| found.is_some()));
            }
        }
    }
}

/// A link counts as the file that it leads to; the scan has seen that this is inside.
fn behind_link(index: &mut StatIndex, root: &Utf8Path, link: &Utf8Path) -> fs::Result<Option<Facts>> {
    let Ok(real) = fs::canonical(&root.join(link)) else { return Ok(None) };
    let root = fs::canonical(root)?;
    let Ok(relative) = real.strip_prefix(&root) else { return Ok(None) };
    match index.look_up(&[relative.to_owned()])?.pop() {
        Some(Found::File(facts)) => Ok(Some(facts)),
        _ => Ok(None),
    }
}
