//! A run from the plan to dist/.

use std::time::Instant;

use camino::Utf8PathBuf;
use rayon::prelude::*;

use super::compiled::Compiled;
use super::lookup::{Demand, Keys, milliseconds, now};
use super::packages::Packaging;
use super::prepare::{Context, Prepared};
use super::store::keep_within;
use super::target::{self, Elsewhere, Looked, Shared, Staging, Steps, TargetRun};
use super::vendoring::vendor;
use super::{RunReport, sealing};
use crate::cache::RunLine;
use crate::error::Error;
use crate::event::{BuildStatus, Event, TargetReport};
use crate::exec::{LocalExecutor, SlotBudget, memory_per_slot, waves};
use crate::fs;
use crate::inspect::go_sums;
use crate::model::{Artifact, SealChoice, SealLevel};
use crate::plan::Plan;
use crate::publish::{ArtifactRecord, Dist, Metadata, MetadataInputs, Publication, publish};
use crate::seal::{SourceRequest, SourceView};
use crate::vendor::{VendorTree, go_sum};

/// Builds everything that the plan names.
///
/// # Errors
/// What stops the run as a whole. A target that fails is part of the report.
pub fn build(
    prepared: &Prepared,
    output: Option<&Utf8PathBuf>,
    context: &Context<'_>,
) -> Result<RunReport, Error> {
    let started = Instant::now();
    let plan = &prepared.plan;
    let settings = &plan.settings;
    let dist_dir = &settings.dist.value;
    context.listener.event(&Event::Planned(plan));
    let in_use = prepared.store.in_use();
    let vendored = vendor(prepared, context)?;
    let vendor = &vendored.tree;
    let keys = Keys::of(prepared, &vendored);
    let staging_parent = match output {
        Some(path) => path.parent().unwrap_or(path).to_owned(),
        None => dist_dir.clone(),
    };
    let fresh_dist = !staging_parent.exists();
    let dist = Dist::new(&staging_parent, prepared.store.root());
    let shared = Shared {
        plan,
        recipes: &prepared.recipes,
        store: &prepared.store,
        keys: &keys,
        packaging: Packaging::new(&prepared.store, &plan.project.root),
        dist: Some(&dist),
        output: output.and_then(|path| path.file_name()),
        proof: vendor.proof,
        staging: Staging::new(staging_parent.clone()),
        cancel: context.cancel,
        listener: context.listener,
    };
    let runs = run_targets(prepared, &shared, vendor, context)?;
    keys.sources.save();
    keys.remember(runs.iter().map(|run| &run.report));
    note_keys(&shared, &runs);
    shared.packaging.save();
    for damage in prepared.store.take_damage() {
        context.listener.event(&Event::Note(format!(
            "{} of the store was damaged; it is put aside and made anew",
            damage.entry
        )));
    }
    if let Some(reason) = context.cancel.interrupted() {
        drop(shared);
        if fresh_dist {
            fs::remove_dir_if_empty(&staging_parent);
        }
        return Err(Error::Cancelled(reason));
    }
    let (targets, artifacts): (Vec<TargetReport>, Vec<Vec<Artifact>>) =
        runs.into_iter().map(|run| (run.report, run.artifacts)).unzip();
    let artifacts: Vec<Artifact> = artifacts.into_iter().flatten().collect();
    // What nothing came of has no seal to speak of.
    let seal = artifacts.iter().filter_map(|artifact| artifact.seal).min();
    let seal = seal.unwrap_or_else(|| prepared.settled().map_or(SealLevel::Env, |sealing| sealing.level));
    let (records, place) = match output {
        Some(path) => {
            if let Some((program, staged)) =
                artifacts.first().and_then(|one| Some((one, one.staged.as_ref()?)))
            {
                fs::rename(staged, path)?;
                let name = Utf8PathBuf::from(path.file_name().unwrap_or_default());
                dist.remember(&[(name, &program.digest)]);
            }
            (Vec::new(), path.clone())
        }
        None => {
            let sdk = prepared.identity.clone();
            let made_by = MetadataInputs { plan, sdk, vendor, seal };
            (deliver(plan, &dist, &Metadata::of(made_by), artifacts)?, dist_dir.clone())
        }
    };
    shared.staging.close()?;
    drop(in_use);
    note_run(prepared, &targets, started.elapsed());
    context.listener.event(&Event::Published { place: &place, files: records.len() });
    Ok(RunReport { targets, records, place, seal, elapsed: started.elapsed(), peak_memory: peak_memory() })
}

/// Adds the run to the statistics, and keeps the store within its limit if something was added to it.
fn note_run(prepared: &Prepared, targets: &[TargetReport], elapsed: std::time::Duration) {
    let count = |is: fn(&BuildStatus) -> bool| {
        targets.iter().flat_map(|target| &target.builds).filter(|build| is(&build.status)).count() as u64
    };
    let run = RunLine {
        at: now(),
        hits: count(|status| matches!(status, BuildStatus::Cached(_))),
        built: count(|status| matches!(status, BuildStatus::Built(_))),
        failed: count(|status| matches!(status, BuildStatus::Failed(_))),
        milliseconds: milliseconds(elapsed),
    };
    prepared.store.note_run(&run);
    if run.built > 0 {
        keep_within(&prepared.store, prepared.plan.settings.cache_size.value);
    }
}

/// Notes which key each program has now, for whoever asks later why it was built.
fn note_keys(shared: &Shared<'_>, runs: &[TargetRun]) {
    let project = &shared.plan.project.module_dir;
    for TargetRun { report, .. } in runs {
        for build in report.builds.iter().filter(|build| build.status.digest().is_some()) {
            if let Some(key) = build.key {
                let _ = shared.store.note_key(project, &build.id, &report.target, key, now());
            }
        }
    }
}

/// Puts the artifacts into dist/.
fn deliver(
    plan: &Plan,
    dist: &Dist,
    metadata: &Metadata,
    artifacts: Vec<Artifact>,
) -> Result<Vec<ArtifactRecord>, Error> {
    let programs: Vec<_> = plan
        .targets
        .iter()
        .flat_map(|target| target.builds.iter().map(|build| (target.target.clone(), build.id.clone())))
        .collect();
    let published = publish(Publication {
        dist,
        shown_as: dist.dir().strip_prefix(&plan.project.root).unwrap_or(dist.dir()).as_str(),
        stem: &format!("{}_{}", plan.project.name, plan.project.version.version),
        artifacts,
        programs: &programs,
        complete: plan.complete,
        metadata,
    })?;
    Ok(published.records)
}

/// Takes from the store what it has, and runs the others. What is there needs no sandbox, so only when something has to
/// be run the host is asked which seal it allows: until then nothing but the strongest counts.
fn run_targets(
    prepared: &Prepared,
    shared: &Shared<'_>,
    vendor: &VendorTree,
    context: &Context<'_>,
) -> Result<Vec<TargetRun>, Error> {
    let looked: Vec<Looked<'_>> =
        shared.plan.targets.par_iter().map(|target| target::look(shared, target)).collect();
    let wanted = match shared.plan.settings.seal.value {
        SealChoice::Auto => SealLevel::Strict,
        SealChoice::Only(level) => level,
    };
    let mut runs: Vec<Option<TargetRun>> = Vec::new();
    runs.resize_with(looked.len(), || None);
    let mut demand = Demand { seal: wanted, vendor: shared.proof };
    take(shared, &looked, demand, &mut runs);
    if runs.iter().all(Option::is_some) {
        let artifacts = runs.iter().flatten().flat_map(|run| &run.artifacts);
        if let Some(weakest) = artifacts.filter_map(|artifact| artifact.seal).min() {
            context.listener.event(&Event::SealedBefore(weakest));
        }
    } else {
        let sealing = prepared.sealing(context)?;
        let why_weaker = sealing.why_weaker.as_deref();
        context.listener.event(&Event::Sealed { level: sealing.level, why_weaker });
        if sealing.level < demand.seal {
            demand.seal = sealing.level;
            take(shared, &looked, demand, &mut runs);
        }
        run_missing(prepared, shared, vendor, &looked, sealing.level, &mut runs)?;
    }
    Ok(runs.into_iter().flatten().collect())
}

/// Fills in what the store has.
fn take(shared: &Shared<'_>, looked: &[Looked<'_>], demand: Demand, runs: &mut [Option<TargetRun>]) {
    runs.par_iter_mut()
        .zip(looked)
        .filter(|(run, looked)| run.is_none() && looked.is_complete(demand))
        .for_each(|(run, looked)| {
            if shared.cancel.reason().is_none() {
                *run = target::fetch(shared, looked);
            }
        });
}

/// Runs every other target under the one budget of slots. Each starts in its turn, as soon as its slots are free.
fn run_missing(
    prepared: &Prepared,
    shared: &Shared<'_>,
    vendor: &VendorTree,
    looked: &[Looked<'_>],
    level: SealLevel,
    runs: &mut [Option<TargetRun>],
) -> Result<(), Error> {
    let jobs = shared.plan.settings.jobs.value;
    let budget = SlotBudget::new(jobs);
    let missing: Vec<_> = runs.iter_mut().zip(looked).filter(|(run, _)| run.is_none()).collect();
    let shares = waves(jobs, missing.len());
    with_steps(prepared, shared, vendor, level, &budget, |steps| {
        std::thread::scope(|scope| {
            let running: Vec<_> = missing
                .into_iter()
                .zip(shares)
                .map(|((run, looked), slots)| {
                    let lease = steps.budget.take(slots);
                    (run, scope.spawn(move || target::run(shared, steps, looked.target, lease)))
                })
                .collect();
            for (run, thread) in running {
                *run = Some(thread.join().unwrap_or_else(|_| panic!("a target's thread panicked")));
            }
        });
    })
}

/// Makes what steps need, has them run, and takes it away again.
pub(super) fn with_steps(
    prepared: &Prepared,
    shared: &Shared<'_>,
    vendor: &VendorTree,
    level: SealLevel,
    budget: &SlotBudget,
    run: impl for<'b> FnOnce(&Steps<'b>),
) -> Result<(), Error> {
    let settings = &shared.plan.settings;
    let cache = &settings.cache_dir.value;
    let scratch = fs::temporary_dir(&cache.join("tmp"), "run-")?;
    fs::create_dir_all(&cache.join(sealing::ROOT))?;
    let no_input = sealing::no_input(&[&settings.dist.value, cache, shared.staging.path()?]);
    let source = SourceView::make(&SourceRequest {
        dir: &shared.plan.project.module_dir,
        scan: &prepared.source,
        vendor: vendor.dir.as_deref(),
        leave_out: &no_input.iter().map(Utf8PathBuf::as_path).collect::<Vec<_>>(),
        scratch: scratch.path(),
        level,
    })?;
    run(&Steps {
        executor: &LocalExecutor { root: cache.join(sealing::ROOT) },
        budget,
        source: &source,
        scratch: scratch.path(),
        sums: go_sums(&go_sum(&prepared.modules)?),
        memory: memory_per_slot(settings.jobs.value),
        level,
        elsewhere: Elsewhere::new(prepared.temporary.clone()),
        compiled: Compiled::open(&prepared.store, level, &prepared.identity.tools_blake3)?,
    });
    drop(source);
    Ok(scratch.close()?)
}

fn peak_memory() -> Option<u64> {
    fs::kernel_size(&fs::read_text("/proc/self/status".into()).ok()?, "VmHWM")
}
