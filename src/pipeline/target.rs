//! One target from its slots to its packages.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;

use super::compiled;
use crate::cache::{CompileSpace, OutputStore, Store};
use crate::cancel::{Cancel, Reason};
use crate::config::{Recipe, Settings};
use crate::event::{BuildReport, BuildStatus, Event, Listener, Phase, TargetReport};
use crate::exec::{ExecError, Executor, Lease, Progress, SlotBudget};
use crate::fs;
use crate::inspect::{Expectation, inspect};
use crate::model::{
    ActionResult, Artifact, ArtifactKind, BuildOutcome, Digest, Resources, SealedAction, Target,
};
use crate::package::{PackageInputs, Program, package};
use crate::plan::{BuildPlan, PackagePlan, Plan, TargetPlan};
use crate::seal::{Directories, seal};

/// What all targets of a run share.
pub(super) struct TargetShared<'s> {
    pub(super) plan: &'s Plan,
    pub(super) recipes: &'s [Recipe],
    pub(super) executor: &'s dyn Executor,
    pub(super) outputs: OutputStore,
    pub(super) store: &'s Store,
    /// The part of the compile cache that the steps are given.
    pub(super) space: Option<CompileSpace>,
    pub(super) budget: &'s SlotBudget,
    pub(super) sums: BTreeMap<(String, String), String>,
    pub(super) memory: Option<u64>,
    pub(super) directories: Directories<'s>,
    pub(super) cancel: &'s Cancel,
    pub(super) listener: &'s dyn Listener,
}

/// A target's report and what it made.
pub(super) struct TargetRun {
    pub(super) report: TargetReport,
    pub(super) artifacts: Vec<Artifact>,
}

/// Builds, inspects, hashes and packages.
pub(super) fn run<'b>(shared: &TargetShared<'b>, planned: &TargetPlan, mut lease: Lease<'b>) -> TargetRun {
    let started = Instant::now();
    let target = &planned.target;
    shared.listener.event(&Event::Started { target, slots: lease.slots() });
    let mut artifacts = Vec::new();
    let mut builds = Vec::new();
    let mut spent = Duration::ZERO;
    for build in &planned.builds {
        let (report, artifact) = build_one(shared, target, build, &mut spent, &mut lease);
        builds.push(report);
        artifacts.extend(artifact);
    }
    lease.shrink();
    let mut package_failure = None;
    for wanted in &planned.packages {
        let complete = wanted.builds.iter().all(|id| artifacts.iter().any(|artifact| artifact.id == *id));
        if !complete || shared.cancel.reason().is_some() {
            continue;
        }
        shared.listener.event(&Event::Phase { target, phase: Phase::Packaging });
        match package_one(shared, target, wanted, &artifacts) {
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

fn build_one<'b>(
    shared: &TargetShared<'b>,
    target: &Target,
    build: &BuildPlan,
    spent: &mut Duration,
    lease: &mut Lease<'b>,
) -> (BuildReport, Option<Artifact>) {
    let mut report = BuildReport {
        id: build.id.clone(),
        status: BuildStatus::Stopped,
        elapsed: Duration::ZERO,
        messages: String::new(),
    };
    if shared.cancel.reason().is_some() {
        return (report, None);
    }
    let phase = |phase: Phase<'_>| shared.listener.event(&Event::Phase { target, phase });
    phase(Phase::Loading);
    let action = seal(shared.plan, target, build, &shared.directories);
    let module_dir = &shared.plan.project.module_dir;
    let seed = shared.outputs.seed(module_dir, &build.id, target, &action.output);
    let executed = execute(shared, &action, lease, spent);
    let result = match executed {
        Ok(result) => result,
        Err(error) => {
            report.status = BuildStatus::Failed(error.to_string());
            return (report, None);
        }
    };
    report.elapsed = result.elapsed;
    // The source has another name inside; who reads this knows it by its own.
    report.messages = result.messages.replace(action.dir.as_str(), module_dir.as_str());
    if result.outcome != BuildOutcome::Success {
        if shared.cancel.reason().is_none() {
            report.status = BuildStatus::Failed(failure(result.outcome, &shared.plan.settings));
        }
        return (report, None);
    }
    phase(Phase::Inspecting);
    match examine(shared, target, build, &action.output) {
        Err(cause) => {
            report.status = BuildStatus::Failed(cause);
            (report, None)
        }
        Ok(digest) => {
            let cached = seed.is_some_and(|seed| seed.blake3 == digest.blake3);
            if !cached
                && let Err(error) =
                    shared.outputs.keep(module_dir, &build.id, target, &action.output, &digest)
            {
                shared
                    .listener
                    .event(&Event::Note(format!("the next run cannot reuse {}: {error}", build.path)));
            }
            let artifact = Artifact {
                kind: ArtifactKind::Binary,
                name: build.binary.clone(),
                path: build.path.clone(),
                staged: Some(action.output),
                target: Some(target.clone()),
                id: build.id.clone(),
                binaries: vec![build.binary.clone()],
                format: String::new(),
                seal: Some(action.seal),
                digest: digest.clone(),
            };
            report.status = if cached { BuildStatus::Cached(digest) } else { BuildStatus::Built(digest) };
            (report, Some(artifact))
        }
    }
}

/// Runs the step, and once more alone if memory ran out. `spent` is what the target's steps have taken so far: its time
/// is that of its steps, and no step waits on its account.
fn execute<'b>(
    shared: &TargetShared<'b>,
    action: &SealedAction,
    lease: &mut Lease<'b>,
    spent: &mut Duration,
) -> Result<ActionResult, ExecError> {
    let target = &action.target;
    let phase = |phase: Phase<'_>| shared.listener.event(&Event::Phase { target, phase });
    let mut once = |slots: usize, memory: Option<u64>| {
        let mut limits = shared.plan.settings.limits();
        limits.time = limits.time.map(|most| most.saturating_sub(*spent));
        let resources = Resources { slots, memory, limits };
        let result =
            shared.executor.execute(action, resources, shared.cancel, &mut |progress| match &progress {
                Progress::Compiling { package, done, total } => {
                    phase(Phase::Compiling { package, done: *done, total: *total });
                }
                Progress::Linking => phase(Phase::Linking),
            });
        compiled::take_in(shared, action);
        let result = result?;
        *spent += result.elapsed;
        Ok(result)
    };
    let first = once(lease.slots(), shared.memory)?;
    if !matches!(first.outcome, BuildOutcome::OutOfMemory(_)) || shared.cancel.reason().is_some() {
        return Ok(first);
    }
    let text = format!("{target} ran out of memory; once more, alone and with one compiler at a time");
    shared.listener.event(&Event::Note(text));
    lease.widen(shared.budget);
    once(1, None)
}

/// Why there is no program, and what to do where `go` itself has not said it.
fn failure(outcome: BuildOutcome, settings: &Settings) -> String {
    match outcome {
        BuildOutcome::Success => String::new(),
        BuildOutcome::Exit(code) => format!("`go build` ended with exit status {code}"),
        BuildOutcome::Signal(signal) => format!("`go build` was ended by signal {signal}"),
        BuildOutcome::TimedOut(_) => format!(
            "its time is over: {} s (timeout, {}); allow more with --timeout",
            settings.timeout.value.unwrap_or_default().as_secs(),
            settings.timeout.origin
        ),
        BuildOutcome::OutOfMemory(Some(most)) => format!(
            "out of memory, also alone: its processes need more than {} MiB together (memory, {}); allow more with \
             --memory",
            most >> 20,
            settings.memory.origin
        ),
        BuildOutcome::OutOfMemory(None) => {
            "out of memory, also alone: the host has too little for this program".to_owned()
        }
        BuildOutcome::TooManyProcesses(most) => {
            format!("it had more processes than {most} (processes, {})", settings.processes.origin)
        }
        BuildOutcome::NotSealed => "its sandbox could not be set up; `xbuild doctor` says more".to_owned(),
    }
}

/// Reads the program back: it must be what was planned.
fn examine(
    shared: &TargetShared<'_>,
    target: &Target,
    build: &BuildPlan,
    path: &Utf8PathBuf,
) -> Result<Digest, String> {
    let (file, _) = fs::open_regular(path).map_err(|error| format!("`go build` left no program: {error}"))?;
    let inspection = inspect(&file).map_err(|error| format!("the program cannot be inspected: {error}"))?;
    let mut settings = BTreeMap::from([
        ("CGO_ENABLED".to_owned(), "0".to_owned()),
        ("-trimpath".to_owned(), "true".to_owned()),
        ("-tags".to_owned(), build.flags.tags.join(",")),
        ("-gcflags".to_owned(), build.flags.gcflags.join(" ")),
        ("-asmflags".to_owned(), build.flags.asmflags.join(" ")),
    ]);
    for (name, value) in &build.env {
        if name == "GOEXPERIMENT" {
            settings.insert(name.clone(), value.clone());
        }
    }
    let expectation = Expectation {
        target: target.clone(),
        go_version: shared.plan.sdk.version_text.clone(),
        main_path: build.main.import_path.clone(),
        settings,
        sums: shared.sums.clone(),
        members: shared.plan.project.modules.iter().map(|module| module.path.clone()).collect(),
    };
    let mismatches = expectation.check(&inspection);
    if !mismatches.is_empty() {
        let lines: String = mismatches.iter().map(|mismatch| format!("\n  {mismatch}")).collect();
        return Err(format!("the program is not what was planned:{lines}"));
    }
    let file = fs::open(path).map_err(|error| error.to_string())?;
    fs::context(Digest::of_reader(file), "read", path).map_err(|error| error.to_string())
}

fn package_one(
    shared: &TargetShared<'_>,
    target: &Target,
    wanted: &PackagePlan,
    artifacts: &[Artifact],
) -> Result<Artifact, String> {
    let recipe = shared.recipes.iter().find(|recipe| recipe.name == wanted.recipe);
    let recipe = recipe.ok_or_else(|| format!("the recipe {} is gone", wanted.recipe))?;
    let programs: Vec<Program> = artifacts
        .iter()
        .filter(|artifact| artifact.kind == ArtifactKind::Binary && wanted.builds.contains(&artifact.id))
        .filter_map(|artifact| {
            Some(Program {
                id: artifact.id.clone(),
                name: artifact.name.clone(),
                path: artifact.staged.clone()?,
            })
        })
        .collect();
    let project = &shared.plan.project;
    let settings = &shared.plan.settings;
    let output = shared.directories.staging.join(&wanted.file);
    let inputs = PackageInputs {
        recipe,
        format: wanted.format,
        programs: &programs,
        directories: &[&project.module_dir, &project.root],
        leave_out: &[&settings.dist.value, &settings.cache_dir.value],
        values: &wanted.values(project, target),
        epoch: project.version.epoch,
    };
    let digest = package(&inputs, &output).map_err(|error| format!("{error}; {}", error.next_step()))?;
    Ok(Artifact {
        kind: ArtifactKind::Archive,
        name: wanted.file.clone(),
        path: Utf8PathBuf::from(&wanted.file),
        staged: Some(output),
        target: Some(target.clone()),
        id: wanted.recipe.clone(),
        binaries: programs.into_iter().map(|program| program.name).collect(),
        format: wanted.format.as_str().to_owned(),
        seal: artifacts
            .iter()
            .filter(|artifact| wanted.builds.contains(&artifact.id))
            .filter_map(|a| a.seal)
            .min(),
        digest,
    })
}
