//! Making room: what goes is worked out first, then removed.
//!
//! Beside running builds this is safe because a record, a memo or content that is gone is a miss and nothing else. Only
//! what Go has been told of must stay while Go may read it, so compile outputs go when no build runs.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::time::{Duration, SystemTime};

use camino::Utf8PathBuf;

use super::Store;
use super::inventory::{Inventory, Kind, Unit};
use crate::fs;
use crate::model::Blake3;

/// What may stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all.
    pub size: Option<u64>,
    /// Time since the last use.
    pub age: Option<Duration>,
}

/// What goes.
#[derive(Debug, Default)]
pub struct PrunePlan {
    /// Units, in the order in which they go, with the content that goes with each.
    pub units: Vec<(Unit, Option<Blake3>)>,
    /// Bytes that are there before.
    pub before: u64,
    /// Bytes that go.
    pub freed: u64,
}

/// Younger than this is somebody's work of this moment.
const GRACE: Duration = Duration::from_secs(3600);

/// Damaged entries are kept for somebody to look at for this long.
const EVIDENCE: Duration = Duration::from_secs(7 * 24 * 3600);

impl PrunePlan {
    /// Works out what goes. `now` is the time that ages are counted from; while builds run (not `idle`), what Go
    /// may be reading stays.
    pub fn make(inventory: Inventory, limits: Limits, now: SystemTime, idle: bool) -> Self {
        let before = inventory.bytes();
        let Inventory { mut units, blobs } = inventory;
        let mut referred: HashMap<Blake3, usize> = HashMap::new();
        for blob in units.iter().filter_map(|unit| unit.blob) {
            *referred.entry(blob).or_default() += 1;
        }
        // The least recently used first; what nobody can want comes before anything.
        units.sort_by_key(|unit| (!is_waste(unit, now), unit.used));
        let mut plan = PrunePlan { before, ..PrunePlan::default() };
        for unit in units {
            let age = now.duration_since(unit.used).unwrap_or_default();
            let too_old = limits.age.is_some_and(|most| age > most);
            let too_much = limits.size.is_some_and(|most| before - plan.freed > most);
            let wanted = is_waste(&unit, now) || ((too_old || too_much) && is_evictable(&unit, age));
            if !wanted || (matches!(unit.kind, Kind::Compiled | Kind::Vendor) && !idle) {
                continue;
            }
            plan.freed += unit.size;
            let blob = unit.blob.filter(|blob| {
                let left = referred.entry(*blob).or_default();
                *left = left.saturating_sub(1);
                *left == 0
            });
            plan.freed += blob.and_then(|blob| blobs.get(&blob)).map_or(0, |(size, _)| *size);
            plan.units.push((unit, blob));
        }
        plan
    }

    /// Removes it; what has been used since the plan was made stays. Returns the bytes that went.
    ///
    /// # Errors
    /// The first path that cannot be removed; what went before it is gone.
    pub fn apply(&self, store: &Store) -> fs::Result<u64> {
        let mut freed = 0;
        for (unit, blob) in &self.units {
            let now = unit.paths.first().and_then(|path| fs::lstat(path).ok().flatten());
            let used = now.and_then(|found| found.modified().ok());
            if used.is_some_and(|used| used > unit.used) {
                continue;
            }
            // The record goes first: what a kill leaves behind is content that nothing refers to.
            for path in &unit.paths {
                remove(path)?;
            }
            freed += unit.size;
            if let Some(blob) = blob {
                let path = store.blob(blob);
                freed += fs::lstat(&path)?.map_or(0, |found| found.len());
                fs::remove_file(&path)?;
            }
        }
        Ok(freed)
    }
}

fn remove(path: &Utf8PathBuf) -> fs::Result<()> {
    match fs::lstat(path)? {
        Some(found) if found.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    }
}

/// What nobody can want.
fn is_waste(unit: &Unit, now: SystemTime) -> bool {
    let age = now.duration_since(unit.used).unwrap_or_default();
    match unit.kind {
        Kind::Orphans => age > GRACE,
        Kind::Quarantine => age > EVIDENCE,
        _ => false,
    }
}

/// What may go for room. Modules may be the only ones that this host has; files of living runs are locked, and their
/// owners remove them.
fn is_evictable(unit: &Unit, age: Duration) -> bool {
    match unit.kind {
        Kind::Modules | Kind::Temporary => false,
        Kind::Orphans => age > GRACE,
        _ => true,
    }
}

/// Held by builds, whose steps may be reading compile outputs and vendor trees, together, and by whoever removes such,
/// alone.
#[derive(Debug)]
pub struct InUse {
    _file: Option<File>,
}

impl Store {
    /// Keeps what Go may be reading where it is for as long as the value lives.
    pub fn in_use(&self) -> InUse {
        let file = fs::open_lock(&self.root().join("lock")).ok().filter(|file| file.lock_shared().is_ok());
        InUse { _file: file }
    }

    /// Has no build start for as long as the value lives; `None` when one runs.
    ///
    /// # Errors
    /// When the lock cannot be made.
    pub fn idle(&self) -> fs::Result<Option<InUse>> {
        let path = self.root().join("lock");
        let file = fs::open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(InUse { _file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => fs::context(Err(error), "lock", &path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(kind: Kind, name: &str, size: u64, blob: Option<Blake3>, days: u64) -> Unit {
        let used = SystemTime::UNIX_EPOCH + Duration::from_secs((100 - days) * 86400);
        Unit { kind, paths: vec![name.into()], size, blob, used }
    }

    fn names(plan: &PrunePlan) -> Vec<&str> {
        plan.units.iter().map(|(unit, _)| unit.paths[0].as_str()).collect()
    }

    #[test]
    fn the_least_recently_used_goes_first_and_shared_content_stays() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100 * 86400);
        let (a, b) = (Blake3::of(b"a"), Blake3::of(b"b"));
        let inventory = || Inventory {
            units: vec![
                unit(Kind::Programs, "new", 1, Some(a), 1),
                unit(Kind::Programs, "old", 1, Some(a), 9),
                unit(Kind::Packages, "older", 1, Some(b), 20),
                unit(Kind::Modules, "modules", 50, None, 90),
                unit(Kind::Orphans, "orphan", 7, None, 2),
                unit(Kind::Orphans, "young", 7, None, 0),
                unit(Kind::Compiled, "compiled", 5, None, 30),
            ],
            blobs: HashMap::from([(a, (100, now)), (b, (10, now))]),
        };
        let plan = |size, days: Option<u64>, idle| {
            let age = days.map(|days| Duration::from_secs(days * 86400));
            PrunePlan::make(inventory(), Limits { size, age }, now, idle)
        };
        assert_eq!(names(&plan(None, None, true)), ["orphan"]);
        assert_eq!(plan(None, None, true).before, 50 + 7 + 7 + 5 + 3 + 110);
        assert_eq!(names(&plan(None, Some(8), true)), ["orphan", "compiled", "older", "old"]);
        assert_eq!(names(&plan(None, Some(8), false)), ["orphan", "older", "old"]);
        let shared = plan(None, Some(8), true);
        assert_eq!(shared.units.last().unwrap().1, None, "the newer program has the same content");
        assert_eq!(shared.freed, 7 + 5 + 11 + 1);
        assert_eq!(names(&plan(Some(160), None, true)), ["orphan", "compiled", "older"]);
        assert_eq!(names(&plan(Some(0), None, true)), ["orphan", "compiled", "older", "old", "new"]);
    }
}
