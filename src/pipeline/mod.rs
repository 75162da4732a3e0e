//! The order of the stages, and nothing else: each stage's result goes to the next.

mod compiled;
mod discover;
mod doctor;
mod modules;
mod prepare;
mod project;
mod sealing;
mod target;

use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};

pub use compiled::compiled_in_plan;
pub use discover::{Discovery, FoundProgram, discover};
pub use doctor::{Diagnosis, Finding, Health, diagnose};
pub use modules::{VendorOutcome, VendorTask, vendor_project};
pub use prepare::{Context, Prepared, Request, prepare, targets};
pub use sealing::Sealing;

use crate::cache::{OutputStore, Store};
use crate::error::Error;
use crate::event::{Event, TargetReport};
use crate::exec::{LocalExecutor, SlotBudget, memory_per_slot, waves};
use crate::fs;
use crate::inspect::go_sums;
use crate::model::{Artifact, Blake3, SealLevel};
use crate::plan::Plan;
use crate::publish::{ArtifactRecord, Metadata, MetadataInputs, Publication, publish};
use crate::seal::{Directories, SourceRequest, SourceView};
use crate::toolchain::identify;
use crate::vendor::{Completed, VendorRequest, VendorTree, go_sum};
use target::{TargetRun, TargetShared};

/// What a run did.
#[derive(Debug)]
pub struct RunReport {
    /// Each target, in the plan's order.
    pub targets: Vec<TargetReport>,
    /// What dist/ holds; empty where the program went to a path of the user's.
    pub records: Vec<ArtifactRecord>,
    /// Where the results are.
    pub place: Utf8PathBuf,
    /// How strongly every step was shut in.
    pub seal: SealLevel,
    /// Wall time in all.
    pub elapsed: std::time::Duration,
    /// The most memory that xbuild itself, without its children, had resident, in bytes; where the system tells.
    pub peak_memory: Option<u64>,
}

impl RunReport {
    /// Whether every target succeeded.
    pub fn succeeded(&self) -> bool {
        self.targets.iter().all(TargetReport::succeeded)
    }
}

/// Vendors what the project needs, and says where it came from.
fn vendor(prepared: &Prepared, context: &Context<'_>) -> Result<VendorTree, Error> {
    let settings = &prepared.plan.settings;
    context.listener.event(&Event::Vendoring { online: settings.online.value });
    let request = VendorRequest {
        modules: &prepared.modules,
        cache_dir: &settings.cache_dir.value,
        online: settings.online.value,
        require_lock: settings.require_lock.value,
        host_env: context.env,
        fetching: &|fetching| context.listener.event(&Event::Fetching(fetching)),
    };
    let tree = crate::vendor::prepare(&request, &prepared.plan.sdk, context.cancel)?;
    completed(&tree.completed, context);
    context.listener.event(&Event::Vendored {
        origin: tree.origin,
        modules: tree.modules.len(),
        proof: tree.proof,
        verified: tree.verified,
    });
    Ok(tree)
}

/// Says what `go mod vendor` had left out.
fn completed(list: &[Completed], context: &Context<'_>) {
    for Completed { module, package, directory } in list {
        let directory = if directory.is_empty() { "its top directory" } else { directory };
        context.listener.event(&Event::Note(format!(
            "{package} needs {directory} of {module}, which `go mod vendor` leaves out; it was added"
        )));
    }
}

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
    let (cache, dist) = (&settings.cache_dir.value, &settings.dist.value);
    context.listener.event(&Event::Planned(plan));
    let why_weaker = prepared.sealing.why_weaker.as_deref();
    context.listener.event(&Event::Sealed { level: prepared.sealing.level, why_weaker });
    let vendor = vendor(prepared, context)?;

    let scratch = fs::temporary_dir(&cache.join("tmp"), "run-")?;
    let staging_parent = match output {
        Some(path) => path.parent().unwrap_or(path).to_owned(),
        None => dist.clone(),
    };
    let fresh_dist = !staging_parent.exists();
    let staging = fs::temporary_dir(&staging_parent, ".xbuild-")?;
    let module_dir = &plan.project.module_dir;
    let level = prepared.sealing.level;
    let no_input = sealing::no_input(&[dist, cache, staging.path()]);
    let source = SourceView::make(&SourceRequest {
        dir: module_dir,
        scan: &prepared.source,
        vendor: vendor.dir.as_deref(),
        leave_out: &no_input.iter().map(Utf8PathBuf::as_path).collect::<Vec<_>>(),
        scratch: scratch.path(),
        level,
    })?;
    let store = Store::open(cache)?;
    let identity = identify(&plan.sdk)?;
    let tools = Blake3::parse(&identity.tools_blake3);
    let compiled = tools.map(|tools| compiled::open(&store, level, &tools)).transpose()?.flatten();
    let (space, compiled) = compiled.unzip();
    let sums = go_sums(&go_sum(&prepared.modules)?);
    let budget = SlotBudget::new(settings.jobs.value);
    let shared = TargetShared {
        plan,
        recipes: &prepared.recipes,
        executor: &LocalExecutor { root: cache.join(sealing::ROOT) },
        outputs: OutputStore::new(cache, level),
        store: &store,
        space,
        budget: &budget,
        sums,
        memory: memory_per_slot(settings.jobs.value),
        directories: Directories {
            source: &source,
            cache,
            compiled: compiled.as_ref(),
            staging: staging.path(),
            scratch: scratch.path(),
        },
        cancel: context.cancel,
        listener: context.listener,
    };
    let runs = run_targets(&shared);
    if let Some(reason) = context.cancel.interrupted() {
        drop((scratch, staging));
        if fresh_dist {
            fs::remove_dir_if_empty(&staging_parent);
        }
        return Err(Error::Cancelled(reason));
    }
    let (targets, artifacts): (Vec<TargetReport>, Vec<Vec<Artifact>>) =
        runs.into_iter().map(|run| (run.report, run.artifacts)).unzip();
    let artifacts: Vec<Artifact> = artifacts.into_iter().flatten().collect();
    let (records, place) = match output {
        Some(path) => {
            if let Some(staged) = artifacts.first().and_then(|program| program.staged.as_ref()) {
                fs::rename(staged, path)?;
            }
            (Vec::new(), path.clone())
        }
        None => {
            let made_by = MetadataInputs { plan, sdk: identity, vendor: &vendor, seal: level };
            (deliver(plan, &Metadata::of(made_by), artifacts, staging.path())?, dist.clone())
        }
    };
    staging.close()?;
    scratch.close()?;
    context.listener.event(&Event::Published { place: &place, files: records.len() });
    Ok(RunReport {
        targets,
        records,
        place,
        seal: level,
        elapsed: started.elapsed(),
        peak_memory: peak_memory(),
    })
}

/// Puts the artifacts into dist/.
fn deliver(
    plan: &Plan,
    metadata: &Metadata,
    artifacts: Vec<Artifact>,
    staging: &Utf8Path,
) -> Result<Vec<ArtifactRecord>, Error> {
    let dist = &plan.settings.dist.value;
    let programs: Vec<_> = plan
        .targets
        .iter()
        .flat_map(|target| target.builds.iter().map(|build| (target.target.clone(), build.id.clone())))
        .collect();
    let published = publish(Publication {
        dist,
        shown_as: dist.strip_prefix(&plan.project.root).unwrap_or(dist).as_str(),
        staging,
        stem: &format!("{}_{}", plan.project.name, plan.project.version.version),
        artifacts,
        programs: &programs,
        complete: plan.complete,
        metadata,
    })?;
    Ok(published.records)
}

/// Runs every target under the one budget of slots. Each starts in its turn, as soon as its slots are free.
fn run_targets(shared: &TargetShared<'_>) -> Vec<TargetRun> {
    let targets = &shared.plan.targets;
    let jobs = shared.plan.settings.jobs.value;
    std::thread::scope(|scope| {
        let running: Vec<_> = targets
            .iter()
            .zip(waves(jobs, targets.len()))
            .map(|(target, slots)| {
                let lease = shared.budget.take(slots);
                scope.spawn(move || target::run(shared, target, lease))
            })
            .collect();
        running
            .into_iter()
            .map(|run| run.join().unwrap_or_else(|_| panic!("a target's thread panicked")))
            .collect()
    })
}

fn peak_memory() -> Option<u64> {
    fs::kernel_size(&fs::read_text("/proc/self/status".into()).ok()?, "VmHWM")
}
