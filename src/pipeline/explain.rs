//! Why programs were built, or would be.

use serde::Serialize;

use super::lookup::{Demand, Keys};
use super::packages::Packaging;
use super::prepare::{Context, Prepared};
use super::program::{Found, ask_key};
use super::run::with_steps;
use super::target::{Shared, Staging};
use super::vendoring::vendor;
use crate::cache::{EncodedKey, Record, Store};
use crate::error::Error;
use crate::exec::SlotBudget;
use crate::model::{Blake3, Proof, SealChoice, SealLevel, Target};
use crate::plan::{BuildPlan, TargetPlan};
use crate::seal::{BuildKey, Change, changes};

/// One program.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The target.
    pub target: Target,
    /// The build's id.
    pub build: String,
    /// What a run would do.
    pub verdict: Verdict,
    /// Why it would, besides what has changed.
    pub reasons: Vec<String>,
    /// What has changed since the program was last there.
    pub changes: Vec<Change>,
    /// The key that the program has now; `None` where Go cannot say what it reads.
    pub key: Option<Blake3>,
    /// Its inputs, where there is a key.
    pub inputs: Option<BuildKey>,
    /// The last program.
    pub last: Option<Last>,
}

/// What a run would do for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The store has it.
    UpToDate,
    /// It would be built.
    Build,
}

/// The program that was there last.
#[derive(Debug, Serialize)]
pub struct Last {
    /// Its key.
    pub key: Blake3,
    /// When a run first had it, in seconds since 1970.
    pub since: u64,
    /// What came of it, where that is still on record.
    pub record: Option<Record>,
    /// Whether it is known what it was instead before.
    pub has_previous: bool,
    /// What had changed when it was built.
    pub changes: Vec<Change>,
}

/// Explains every program that the plan names.
///
/// # Errors
/// What stops a run before anything is built.
pub fn explain(prepared: &Prepared, context: &Context<'_>) -> Result<Vec<Explanation>, Error> {
    let vendored = vendor(prepared, context)?;
    let keys = Keys::of(prepared, &vendored);
    let plan = &prepared.plan;
    let shared = Shared {
        plan,
        recipes: &prepared.recipes,
        store: &prepared.store,
        keys: &keys,
        packaging: Packaging::new(&prepared.store, &plan.project.root),
        dist: None,
        output: None,
        proof: vendored.tree.proof,
        staging: Staging::new(prepared.store.root().join("tmp")),
        cancel: context.cancel,
        listener: context.listener,
    };
    let all: Vec<(&TargetPlan, &BuildPlan)> = plan
        .targets
        .iter()
        .flat_map(|target| target.builds.iter().map(move |build| (target, build)))
        .collect();
    // The key itself is wanted, not its name alone.
    let look = |(target, build): &(&TargetPlan, &BuildPlan)| keys.key(&target.target, build).ok().flatten();
    let mut found: Vec<_> = all.iter().map(look).collect();
    if found.iter().any(Option::is_none) {
        let level = prepared.sealing(context)?.level;
        let budget = SlotBudget::new(1);
        with_steps(prepared, &shared, &vendored.tree, level, &budget, |steps| {
            for ((target, build), key) in all.iter().zip(&mut found) {
                if key.is_none() {
                    *key = ask_key(&shared, steps, &target.target, build);
                }
            }
        })?;
    }
    keys.sources.save();
    let wanted = match plan.settings.seal.value {
        SealChoice::Only(level) => level,
        SealChoice::Auto => prepared.sealing(context)?.level,
    };
    let demand = Demand { seal: wanted, vendor: shared.proof };
    let explained = all
        .iter()
        .zip(found)
        .map(|((target, build), key)| one(prepared, &target.target, build, key.as_ref(), demand));
    let explained = explained.collect();
    shared.staging.close()?;
    Ok(explained)
}

fn one(
    prepared: &Prepared,
    target: &Target,
    build: &BuildPlan,
    key: Option<&EncodedKey>,
    demand: Demand,
) -> Explanation {
    let store = &prepared.store;
    let found = Found::of(store, key.map(|key| key.hash));
    let now = key.and_then(|key| decode(&key.json));
    let history = store.history(&prepared.plan.project.module_dir, &build.id, target);
    let last = history.map(|history| {
        let previous = history.previous.and_then(|key| stored(store, &key));
        let current = stored(store, &history.current);
        Last {
            key: history.current,
            since: history.since,
            record: store.record(&history.current).ok().flatten(),
            has_previous: previous.is_some(),
            changes: differences(previous.as_ref(), current.as_ref()),
        }
    });
    let before = history.and_then(|history| stored(store, &history.current));
    let reasons = reasons(&found, history.is_some(), store, demand);
    Explanation {
        target: target.clone(),
        build: build.id.clone(),
        verdict: if found.hash.is_some() && reasons.is_empty() { Verdict::UpToDate } else { Verdict::Build },
        reasons,
        changes: differences(before.as_ref(), now.as_ref()),
        key: found.hash,
        inputs: now,
        last,
    }
}

/// Why the store does not have what is asked for.
fn reasons(found: &Found, seen: bool, store: &Store, demand: Demand) -> Vec<String> {
    if found.hash.is_none() {
        return vec!["Go cannot load its packages; the build says why".to_owned()];
    }
    let Some(record) = &found.record else {
        let never = if seen {
            "nothing was built from these inputs, or it is gone from the store"
        } else {
            "it was never built here"
        };
        return vec![never.to_owned()];
    };
    let mut reasons = Vec::new();
    if record.seal < Some(demand.seal) {
        let was = record.seal.unwrap_or(SealLevel::Env);
        reasons.push(format!("it was sealed as {was}, and {} is asked for", demand.seal));
    }
    let was = record.vendor.unwrap_or(Proof::Unverified);
    if !was.suffices_for(demand.vendor) {
        reasons.push("its vendored files were unverified, and now they are verified".to_owned());
    }
    let there =
        Blake3::parse(&record.artifact.blake3).is_some_and(|hash| store.holds(&hash, record.artifact.size));
    if !there {
        reasons.push("the program itself is gone from the store".to_owned());
    }
    reasons
}

fn differences(old: Option<&BuildKey>, new: Option<&BuildKey>) -> Vec<Change> {
    match (old, new) {
        (Some(old), Some(new)) => changes(old, new),
        _ => Vec::new(),
    }
}

fn stored(store: &Store, key: &Blake3) -> Option<BuildKey> {
    decode(&store.key(key).ok()??)
}

fn decode(json: &[u8]) -> Option<BuildKey> {
    serde_json::from_slice(json).ok()
}
