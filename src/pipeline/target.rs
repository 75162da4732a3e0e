//! One target: its programs, from the store or by a step, and its packages.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::compiled::Compiled;
use super::lookup::{Demand, Keys};
use super::packages::{Packaging, package_one};
use super::program::{Found, Made, build, restore};
use crate::cache::Store;
use crate::cancel::{Cancel, Reason};
use crate::config::Recipe;
use crate::event::{BuildReport, BuildStatus, Event, Listener, Phase, TargetReport};
use crate::exec::{Executor, Lease, SlotBudget};
use crate::fs::{self, TemporaryDir};
use crate::model::{Artifact, Proof, SealLevel};
use crate::plan::{Plan, TargetPlan};
use crate::publish::Dist;
use crate::seal::{Directories, SourceView};

/// What all targets of a run share.
pub(super) struct Shared<'s> {
    pub(super) plan: &'s Plan,
    pub(super) recipes: &'s [Recipe],
    pub(super) store: &'s Store,
    pub(super) keys: &'s Keys<'s>,
    pub(super) packaging: Packaging,
    /// Where results go; `None` where nothing is put anywhere.
    pub(super) dist: Option<&'s Dist>,
    /// The name there of the one program, where the user has given it one.
    pub(super) output: Option<&'s str>,
    /// What is known of the vendored files.
    pub(super) proof: Proof,
    pub(super) staging: Staging,
    pub(super) cancel: &'s Cancel,
    pub(super) listener: &'s dyn Listener,
}

/// What running a step takes besides.
pub(super) struct Steps<'s> {
    pub(super) executor: &'s dyn Executor,
    pub(super) budget: &'s SlotBudget,
    pub(super) source: &'s SourceView,
    pub(super) scratch: &'s Utf8Path,
    pub(super) sums: BTreeMap<(String, String), String>,
    pub(super) memory: Option<u64>,
    pub(super) level: SealLevel,
    pub(super) elsewhere: Elsewhere,
    /// What Go has compiled before, where the steps can be shown it.
    pub(super) compiled: Option<Compiled>,
}

impl Steps<'_> {
    /// Where a step works.
    pub(super) fn directories<'d>(
        &'d self,
        shared: &'d Shared<'_>,
        staging: &'d Utf8Path,
    ) -> Directories<'d> {
        let cache = &shared.plan.settings.cache_dir.value;
        let compiled = self.compiled.as_ref().map(|compiled| &compiled.cache);
        Directories { source: self.source, cache, compiled, staging, scratch: self.scratch }
    }
}

/// A directory outside of the store, made when the store's file system turns out to be full.
pub(super) struct Elsewhere {
    parent: Utf8PathBuf,
    made: OnceLock<Option<TemporaryDir>>,
}

impl Elsewhere {
    /// One below this directory.
    pub(super) fn new(parent: Utf8PathBuf) -> Self {
        Elsewhere { parent, made: OnceLock::new() }
    }

    /// The directory; `None` where none can be made.
    pub(super) fn path(&self) -> Option<&Utf8Path> {
        let made = self.made.get_or_init(|| fs::temporary_dir(&self.parent, "xbuild-store-").ok());
        made.as_ref().map(TemporaryDir::path)
    }
}

/// A directory beside the results, made when the first file is to be written there.
pub(super) struct Staging {
    parent: Utf8PathBuf,
    made: Mutex<Option<TemporaryDir>>,
    path: OnceLock<Utf8PathBuf>,
}

impl Staging {
    pub(super) fn new(parent: Utf8PathBuf) -> Self {
        Staging { parent, made: Mutex::default(), path: OnceLock::new() }
    }

    /// The directory.
    pub(super) fn path(&self) -> fs::Result<&Utf8Path> {
        let mut made = self.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if made.is_none() {
            let dir = fs::temporary_dir(&self.parent, ".xbuild-")?;
            let _ = self.path.set(dir.path().to_owned());
            *made = Some(dir);
        }
        Ok(self.path.get().map_or(&self.parent, |path| path))
    }

    /// A place below it for the file at `path` of the results.
    pub(super) fn place(&self, path: &Utf8Path) -> fs::Result<Utf8PathBuf> {
        let place = self.path()?.join(path);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(place)
    }

    /// Removes it, and says when that fails.
    pub(super) fn close(&self) -> fs::Result<()> {
        let made = self.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        made.map_or(Ok(()), TemporaryDir::close)
    }
}

/// A target's report and what it made.
pub(super) struct TargetRun {
    pub(super) report: TargetReport,
    pub(super) artifacts: Vec<Artifact>,
}

/// What is known of a target before anything is run.
pub(super) struct Looked<'s> {
    pub(super) target: &'s TargetPlan,
    pub(super) builds: Vec<Found>,
}

impl Looked<'_> {
    /// Whether the store has every program as demanded.
    pub(super) fn is_complete(&self, demand: Demand) -> bool {
        self.builds.iter().all(|found| found.record.as_ref().is_some_and(|record| demand.accepts(record)))
    }
}

/// Looks a target's programs up.
pub(super) fn look<'s>(shared: &Shared<'_>, target: &'s TargetPlan) -> Looked<'s> {
    let look = |build| Found::look(shared.keys, shared.store, &target.target, build);
    Looked { target, builds: target.builds.iter().map(look).collect() }
}

/// The target from the store alone; `None` when something of it is not there after all.
pub(super) fn fetch(shared: &Shared<'_>, looked: &Looked<'_>) -> Option<TargetRun> {
    let started = Instant::now();
    let planned = looked.target;
    let mut artifacts = Vec::new();
    let mut builds = Vec::new();
    for (build, found) in planned.builds.iter().zip(&looked.builds) {
        let (key, record) = (found.hash?, found.record.as_ref()?);
        let artifact = restore(shared, &planned.target, build, record).ok()??;
        shared.store.used(&key);
        builds.push(BuildReport {
            id: build.id.clone(),
            status: BuildStatus::Cached(artifact.digest.clone()),
            elapsed: Duration::ZERO,
            messages: record.messages.clone(),
            key: Some(key),
        });
        artifacts.push(artifact);
    }
    Some(finish(shared, planned, builds, artifacts, started))
}

/// Builds, inspects, hashes and packages.
pub(super) fn run<'b>(
    shared: &Shared<'_>,
    steps: &Steps<'b>,
    planned: &TargetPlan,
    mut lease: Lease<'b>,
) -> TargetRun {
    let started = Instant::now();
    let target = &planned.target;
    shared.listener.event(&Event::Started { target, slots: lease.slots() });
    let mut artifacts = Vec::new();
    let mut builds = Vec::new();
    let mut keepings = Vec::new();
    let mut spent = Duration::ZERO;
    for one in &planned.builds {
        let Made { report, artifact, keeping } = build(shared, steps, target, one, &mut spent, &mut lease);
        builds.push(report);
        artifacts.extend(artifact);
        keepings.push(keeping);
    }
    lease.shrink();
    let mut run = finish(shared, planned, builds, artifacts, started);
    // While this waits for the disk, others compute.
    drop(lease);
    for (report, keeping) in run.report.builds.iter_mut().zip(keepings) {
        if keeping.is_some_and(|keeping| !keeping.finish(shared)) {
            report.key = None;
        }
    }
    run
}

/// Packages what there is, and reports.
fn finish(
    shared: &Shared<'_>,
    planned: &TargetPlan,
    builds: Vec<BuildReport>,
    mut artifacts: Vec<Artifact>,
    started: Instant,
) -> TargetRun {
    let target = &planned.target;
    let mut package_failure = None;
    for wanted in &planned.packages {
        let complete = wanted.builds.iter().all(|id| artifacts.iter().any(|artifact| artifact.id == *id));
        if !complete || shared.cancel.reason().is_some() {
            continue;
        }
        shared.listener.event(&Event::Phase { target, phase: Phase::Packaging });
        match package_one(shared, target, wanted, &mut artifacts) {
            Ok(artifact) => artifacts.push(artifact),
            Err(cause) => package_failure = Some(format!("{}: {cause}", wanted.file)),
        }
    }
    let report = TargetReport { target: target.clone(), builds, package_failure, elapsed: started.elapsed() };
    shared.listener.event(&Event::Finished(&report));
    if !report.succeeded() && shared.plan.settings.fail_fast.value {
        shared.cancel.cancel(Reason::FailFast);
    }
    TargetRun { report, artifacts }
}
