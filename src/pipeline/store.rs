//! The store of whoever asks: how full it is, whether it is whole, and room in it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use camino::Utf8PathBuf;
use serde::Serialize;

use super::prepare::{Context, layers, settings_of};
use crate::cache::{Amount, Inventory, Kind, Limits, PrunePlan, RunLine, Store, Verification};
use crate::config::resolve;
use crate::error::Error;
use crate::locate::{LocateError, locate};

/// The store that a build here would use.
#[derive(Debug)]
pub struct StoreHere {
    /// Its directory.
    pub dir: Utf8PathBuf,
    /// Bytes that it may hold, where the user has set that.
    pub limit: Option<u64>,
}

/// Which store that is; a project may name one of its own.
///
/// # Errors
/// When the settings or the project's file cannot be understood.
pub fn store_here(context: &Context<'_>) -> Result<StoreHere, Error> {
    let settings = match locate(context.cwd) {
        Ok(location) => settings_of(&location, context)?,
        Err(LocateError::Nothing { .. }) => resolve(&layers(None, context.cwd, context))?,
        Err(error) => return Err(error.into()),
    };
    Ok(StoreHere { dir: settings.cache_dir.value, limit: settings.cache_size.value })
}

/// What a store holds, and how useful it was.
#[derive(Debug, Serialize)]
pub struct Statistics {
    /// Its directory.
    pub dir: Utf8PathBuf,
    /// Bytes that it may hold.
    pub limit: Option<u64>,
    /// Entries and bytes by kind.
    pub kinds: BTreeMap<&'static str, Amount>,
    /// All bytes.
    pub bytes: u64,
    /// The last runs, oldest first.
    pub runs: Vec<RunLine>,
}

/// Looks through the store.
///
/// # Errors
/// When it cannot be read.
pub fn cache_statistics(here: &StoreHere) -> Result<Statistics, Error> {
    let store = Store::open(&here.dir)?;
    let inventory = Inventory::take(&store)?;
    let amounts = inventory.amounts();
    Ok(Statistics {
        dir: here.dir.clone(),
        limit: here.limit,
        kinds: Kind::ALL.into_iter().filter_map(|kind| Some((kind.as_str(), *amounts.get(&kind)?))).collect(),
        bytes: inventory.bytes(),
        runs: store.last_runs(),
    })
}

/// Reads everything in the store again.
///
/// # Errors
/// When it cannot be read.
pub fn cache_verify(here: &StoreHere) -> Result<Verification, Error> {
    Ok(Store::open(&here.dir)?.verify()?)
}

/// What went, or would go.
#[derive(Debug, Serialize)]
pub struct Collected {
    /// Whether it was only worked out.
    pub dry_run: bool,
    /// Bytes that were there before.
    pub before: u64,
    /// Bytes that went.
    pub freed: u64,
    /// What went, by kind.
    pub kinds: BTreeMap<&'static str, Amount>,
    /// Each entry, in the order in which they went.
    pub entries: Vec<CollectedEntry>,
    /// Whether a build runs, so that what Go may be reading had to stay.
    pub beside_builds: bool,
}

/// An entry that went.
#[derive(Debug, Serialize)]
pub struct CollectedEntry {
    /// Its kind.
    pub kind: Kind,
    /// Its path, relative to the store.
    pub path: Utf8PathBuf,
    /// Bytes that went with it.
    pub bytes: u64,
    /// Days since its last use.
    pub idle_days: u64,
}

/// Makes room.
///
/// # Errors
/// When the store cannot be read or something cannot be removed.
pub fn cache_collect(here: &StoreHere, limits: Limits, dry_run: bool) -> Result<Collected, Error> {
    let store = Store::open(&here.dir)?;
    let idle = store.idle()?;
    let inventory = Inventory::take(&store)?;
    let sizes: std::collections::HashMap<_, _> =
        inventory.blobs.iter().map(|(hash, (size, _))| (*hash, *size)).collect();
    let now = SystemTime::now();
    let plan = PrunePlan::make(inventory, limits, now, idle.is_some());
    let mut kinds: BTreeMap<&'static str, Amount> = BTreeMap::new();
    let mut entries = Vec::new();
    for (unit, blob) in &plan.units {
        let bytes = unit.size + blob.and_then(|blob| sizes.get(&blob)).copied().unwrap_or(0);
        let amount = kinds.entry(unit.kind.as_str()).or_default();
        amount.entries += 1;
        amount.bytes += bytes;
        let path = unit.paths.first().cloned().unwrap_or_default();
        entries.push(CollectedEntry {
            kind: unit.kind,
            path: path.strip_prefix(store.root()).map(ToOwned::to_owned).unwrap_or(path),
            bytes,
            idle_days: now.duration_since(unit.used).unwrap_or_default().as_secs() / 86400,
        });
    }
    let freed = if dry_run { plan.freed } else { plan.apply(&store)? };
    Ok(Collected { dry_run, before: plan.before, freed, kinds, entries, beside_builds: idle.is_none() })
}

/// Keeps a store within its limit, when nobody else is building. Nothing is said of it, and what fails is left for the
/// next run.
pub(super) fn keep_within(store: &Store, limit: Option<u64>) {
    let Some(size) = limit else { return };
    let Ok(Some(_idle)) = store.idle() else { return };
    let Ok(inventory) = Inventory::take(store) else { return };
    if inventory.bytes() > size {
        let limits = Limits { size: Some(size), age: None };
        let _ = PrunePlan::make(inventory, limits, SystemTime::now(), true).apply(store);
    }
}
