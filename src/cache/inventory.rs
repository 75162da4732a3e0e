//! Everything that a store holds, by kind, size and last use.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::actions::{ACTIONS, RECORD};
use super::cas::CAS;
use super::history::HISTORY;
use super::locks::LOCKS;
use super::memo::MEMOS;
use super::store::QUARANTINE;
use super::{ActionKind, Record, Store, frame};
use crate::fs;
use crate::model::Blake3;

/// What kind of thing an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Programs with their keys and records.
    Programs,
    /// Packages with theirs.
    Packages,
    /// Answers of `go list`.
    Lists,
    /// What Go has compiled.
    Compiled,
    /// Vendor trees.
    Vendor,
    /// Modules, fetched or unpacked.
    Modules,
    /// Memos, indexes and histories.
    Notes,
    /// Content that nothing refers to.
    Orphans,
    /// Damaged entries that were put aside.
    Quarantine,
    /// Files of runs.
    Temporary,
}

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Kind; 10] = [
        Kind::Programs,
        Kind::Packages,
        Kind::Lists,
        Kind::Compiled,
        Kind::Vendor,
        Kind::Modules,
        Kind::Notes,
        Kind::Orphans,
        Kind::Quarantine,
        Kind::Temporary,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Programs => "programs",
            Kind::Packages => "packages",
            Kind::Lists => "lists",
            Kind::Compiled => "compiled",
            Kind::Vendor => "vendor",
            Kind::Modules => "modules",
            Kind::Notes => "notes",
            Kind::Orphans => "orphans",
            Kind::Quarantine => "quarantine",
            Kind::Temporary => "temporary",
        }
    }
}

/// Something that is kept or removed as one.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What it is.
    pub kind: Kind,
    /// Its own files and directories, in the order in which they may be removed.
    pub paths: Vec<Utf8PathBuf>,
    /// Their size, in bytes.
    pub size: u64,
    /// Content that it refers to.
    pub blob: Option<Blake3>,
    /// When it was last of use.
    pub used: SystemTime,
}

/// What a store holds.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Everything but content that some unit refers to.
    pub units: Vec<Unit>,
    /// Content by name: its size and when it was written or last put.
    pub blobs: HashMap<Blake3, (u64, SystemTime)>,
}

/// How much there is of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Entries.
    pub entries: u64,
    /// Bytes; content that several entries refer to counts once, for the first kind.
    pub bytes: u64,
}

impl Inventory {
    /// Looks through a store.
    ///
    /// # Errors
    /// When a directory cannot be listed.
    pub fn take(store: &Store) -> fs::Result<Self> {
        let root = store.root();
        let mut inventory = Inventory::default();
        for (path, metadata) in below(&root.join(CAS))? {
            let name = path.as_str().replace('/', "");
            if let Some(hash) = Blake3::parse(&name) {
                inventory.blobs.insert(hash, (metadata.len(), modified(&metadata)));
            }
        }
        let mut add = |kind, paths: Vec<Utf8PathBuf>, size, blob, used| {
            inventory.units.push(Unit { kind, paths, size, blob, used });
        };
        for (path, metadata) in below(&root.join(ACTIONS))? {
            let full = root.join(ACTIONS).join(&path);
            let Some(name) = path.as_str().strip_suffix(".record") else {
                let record = full.with_extension("record");
                // A key without a record is what a killed run leaves.
                if full.extension() != Some("key") || fs::lstat(&record)?.is_none() {
                    add(Kind::Notes, vec![full], metadata.len(), None, modified(&metadata));
                }
                continue;
            };
            let key = root.join(ACTIONS).join(format!("{name}.key"));
            let size = metadata.len() + fs::lstat(&key)?.map_or(0, |key| key.len());
            let hash = Blake3::parse(&name.replace('/', ""));
            let record = hash.and_then(|hash| read_record(&full, &hash));
            let kind = match record.as_ref().map(|record| record.kind) {
                Some(ActionKind::Build) => Kind::Programs,
                Some(ActionKind::Package) => Kind::Packages,
                Some(ActionKind::List) => Kind::Lists,
                None => Kind::Notes,
            };
            let blob = record.and_then(|record| Blake3::parse(&record.artifact.blake3));
            add(kind, vec![full, key], size, blob, modified(&metadata));
        }
        for compiled in store.compile_entries()? {
            let used = compiled.used.unwrap_or(SystemTime::UNIX_EPOCH);
            let blob = compiled.entry.map(|entry| entry.blake3);
            add(Kind::Compiled, vec![compiled.path], compiled.size, blob, used);
        }
        for bucket in [MEMOS, HISTORY, LOCKS, crate::stat_index::BUCKET, "runs-v0"] {
            for (path, metadata) in below(&root.join(bucket))? {
                let full = root.join(bucket).join(path);
                add(Kind::Notes, vec![full], metadata.len(), None, modified(&metadata));
            }
        }
        for (path, metadata) in below(&root.join(QUARANTINE))? {
            let full = root.join(QUARANTINE).join(path);
            add(Kind::Quarantine, vec![full], metadata.len(), None, modified(&metadata));
        }
        // Trees are kept or removed whole, by what was last written in them.
        for (kind, bucket) in
            [(Kind::Vendor, "vendor-v1"), (Kind::Temporary, "tmp"), (Kind::Compiled, "gocache-v1")]
        {
            for name in names(&root.join(bucket))? {
                let (dir, used) = (root.join(bucket).join(&name), root.join(bucket).join(&name));
                let size = below(&dir)?.iter().map(|(_, metadata)| metadata.len()).sum();
                let used = fs::lstat(&used)?.map_or(SystemTime::UNIX_EPOCH, |found| modified(&found));
                add(kind, vec![dir], size, None, used);
            }
        }
        for bucket in ["gomodcache-v0", "modules-v0"] {
            let dir = root.join(bucket);
            if let Some(found) = fs::lstat(&dir)? {
                let size = below(&dir)?.iter().map(|(_, metadata)| metadata.len()).sum();
                add(Kind::Modules, vec![dir], size, None, modified(&found));
            }
        }
        let referred: std::collections::HashSet<Blake3> =
            inventory.units.iter().filter_map(|unit| unit.blob).collect();
        let orphans: Vec<_> = inventory
            .blobs
            .iter()
            .filter(|(hash, _)| !referred.contains(hash))
            .map(|(hash, (size, used))| (*hash, *size, *used))
            .collect();
        for (hash, size, used) in orphans {
            inventory.blobs.remove(&hash);
            let paths = vec![store.blob(&hash)];
            inventory.units.push(Unit { kind: Kind::Orphans, paths, size, blob: None, used });
        }
        Ok(inventory)
    }

    /// How much there is of each kind.
    pub fn amounts(&self) -> BTreeMap<Kind, Amount> {
        let mut amounts: BTreeMap<Kind, Amount> = BTreeMap::new();
        let mut counted = std::collections::HashSet::new();
        for unit in &self.units {
            let amount = amounts.entry(unit.kind).or_default();
            amount.entries += 1;
            amount.bytes += unit.size;
            if let Some(blob) = unit.blob.filter(|blob| counted.insert(*blob)) {
                amount.bytes += self.blobs.get(&blob).map_or(0, |(size, _)| *size);
            }
        }
        amounts
    }

    /// All bytes.
    pub fn bytes(&self) -> u64 {
        self.amounts().values().map(|amount| amount.bytes).sum()
    }
}

fn read_record(path: &Utf8Path, key: &Blake3) -> Option<Record> {
    let bytes = fs::read_if_present(path).ok()??;
    serde_json::from_slice(frame::decode(RECORD, key, &bytes)?).ok()
}

/// Everything below a directory; nothing where there is none.
pub(super) fn below(dir: &Utf8Path) -> fs::Result<fs::Seen> {
    or_nothing(fs::survey(dir, &|_| false))
}

fn names(dir: &Utf8Path) -> fs::Result<Vec<String>> {
    or_nothing(fs::list(dir))
}

/// Other processes make and remove directories meanwhile: where there is none there is nothing in it.
fn or_nothing<T>(listed: fs::Result<Vec<T>>) -> fs::Result<Vec<T>> {
    match listed {
        Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}

fn modified(metadata: &std::fs::Metadata) -> SystemTime {
    metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH)
}
