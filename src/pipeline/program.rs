//! One program: from the store, or by a step whose result goes there.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::lookup::{Demand, Keys, milliseconds, now};
use super::target::{Shared, Steps};
use crate::cache::{ActionKind, EncodedKey, Incoming, KeyLock, Record, Store};
use crate::config::Settings;
use crate::event::{BuildReport, BuildStatus, Event, Phase};
use crate::exec::{ExecError, Lease, Progress};
use crate::fs;
use crate::inspect::{Expectation, inspect};
use crate::model::{
    ActionResult, Artifact, ArtifactKind, Blake3, BuildOutcome, Digest, Resources, SealedAction, Target,
};
use crate::plan::BuildPlan;
use crate::seal::{Directories, Listing, seal, seal_listing};

/// What the store has of a planned program.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The key's name.
    pub(super) hash: Option<Blake3>,
    /// What came of it before.
    pub(super) record: Option<Record>,
}

impl Found {
    /// Looks a program up. What cannot be read is not there.
    pub(super) fn look(keys: &Keys<'_>, store: &Store, target: &Target, build: &BuildPlan) -> Self {
        // The keys of many targets would fill the memory: who needs one makes it again.
        let made = || keys.key(target, build).ok().flatten().map(|key| key.hash);
        Found::of(store, keys.known(target, build).or_else(made))
    }

    /// What the store has of a key.
    pub(super) fn of(store: &Store, hash: Option<Blake3>) -> Self {
        let record = hash.and_then(|hash| store.record(&hash).ok().flatten());
        Found { hash, record }
    }
}

/// The key of a program whose files Go has to be asked for.
pub(super) fn ask_key(
    shared: &Shared<'_>,
    steps: &Steps<'_>,
    target: &Target,
    build: &BuildPlan,
) -> Option<EncodedKey> {
    let directories = steps.directories(shared, shared.staging.path().ok()?);
    let (mut spent, mut lease) = (Duration::ZERO, steps.budget.take(1));
    Step { shared, steps, target, build, directories, spent: &mut spent, lease: &mut lease }.ask()
}

/// Puts a recorded program where the run needs it, or leaves it where it is already. `None` where the store does not
/// have it any more.
pub(super) fn restore(
    shared: &Shared<'_>,
    target: &Target,
    build: &BuildPlan,
    record: &Record,
) -> fs::Result<Option<Artifact>> {
    let digest = &record.artifact;
    let name = shared.output.map_or(build.path.clone(), Utf8PathBuf::from);
    let there = match shared.dist {
        Some(dist) => dist.have(&[(name, digest)])?.first() == Some(&true),
        None => false,
    };
    let staged = if there {
        None
    } else {
        let place = shared.staging.place(&build.path)?;
        let Some(hash) = Blake3::parse(&digest.blake3) else { return Ok(None) };
        if !shared.store.copy_to(&hash, &place, 0o755)? {
            return Ok(None);
        }
        Some(place)
    };
    let (seal, vendor) = (record.seal, record.vendor.map(|proof| proof.and(shared.proof)));
    Ok(Some(Artifact { staged, seal, vendor, ..artifact(target, build, digest) }))
}

fn artifact(target: &Target, build: &BuildPlan, digest: &Digest) -> Artifact {
    Artifact {
        kind: ArtifactKind::Binary,
        name: build.binary.clone(),
        path: build.path.clone(),
        staged: None,
        target: Some(target.clone()),
        id: build.id.clone(),
        binaries: vec![build.binary.clone()],
        format: String::new(),
        seal: None,
        vendor: None,
        digest: digest.clone(),
    }
}

/// What came of a planned program.
pub(super) struct Made {
    pub(super) report: BuildReport,
    pub(super) artifact: Option<Artifact>,
    /// What has to be waited for until later runs have it.
    pub(super) keeping: Option<Keeping>,
}

impl Made {
    fn without_program(report: BuildReport) -> Self {
        Made { report, artifact: None, keeping: None }
    }
}

/// A program that was built, on its way into the store under the lock of its key.
pub(super) struct Keeping {
    key: EncodedKey,
    record: Record,
    program: Incoming,
    path: Utf8PathBuf,
    _lock: Option<KeyLock>,
}

impl Keeping {
    /// Waits for the disk; whether later runs have it.
    pub(super) fn finish(self, shared: &Shared<'_>) -> bool {
        let kept = shared.store.admit(self.program).and_then(|()| shared.store.keep(&self.key, &self.record));
        if let Err(error) = &kept {
            note_not_kept(shared, &self.path, error);
        }
        kept.is_ok()
    }
}

fn note_not_kept(shared: &Shared<'_>, path: &Utf8Path, error: &fs::FsError) {
    shared.listener.event(&Event::Note(format!("the next run has to build {path} again: {error}")));
}

/// Builds a program, unless another process does that meanwhile. `spent` is what the target's steps have taken so far.
pub(super) fn build<'b>(
    shared: &Shared<'_>,
    steps: &Steps<'b>,
    target: &Target,
    build: &BuildPlan,
    spent: &mut Duration,
    lease: &mut Lease<'b>,
) -> Made {
    let mut report = BuildReport {
        id: build.id.clone(),
        status: BuildStatus::Stopped,
        elapsed: Duration::ZERO,
        messages: String::new(),
        key: None,
    };
    if shared.cancel.reason().is_some() {
        return Made::without_program(report);
    }
    shared.listener.event(&Event::Phase { target, phase: Phase::Loading });
    let staging = match shared.staging.place(&build.path) {
        Ok(_) => shared.staging.path(),
        Err(error) => Err(error),
    };
    let staging = match staging {
        Ok(staging) => staging,
        Err(error) => {
            report.status = BuildStatus::Failed(error.to_string());
            return Made::without_program(report);
        }
    };
    let directories = steps.directories(shared, staging);
    let mut step = Step { shared, steps, target, build, directories, spent, lease };
    let key = shared.keys.key(target, build).ok().flatten().or_else(|| step.ask());
    report.key = key.as_ref().map(|key| key.hash);
    let demand = Demand { seal: steps.level, vendor: shared.proof };
    let stored = |key: &EncodedKey| {
        let record = shared.store.record(&key.hash).ok().flatten().filter(|record| demand.accepts(record))?;
        let artifact = restore(shared, target, build, &record).ok().flatten()?;
        Some((record, artifact))
    };
    let mut cached = key.as_ref().and_then(stored);
    let mut lock = None;
    if cached.is_none()
        && let Some(key) = &key
    {
        lock = Some(step.wait(key));
        cached = stored(key);
    }
    if let Some((record, artifact)) = cached {
        report.messages = record.messages;
        report.status = BuildStatus::Cached(record.artifact);
        return Made { report, artifact: Some(artifact), keeping: None };
    }
    step.build(report, key, lock)
}

/// What one program is built with.
struct Step<'r, 's, 'b> {
    shared: &'r Shared<'s>,
    steps: &'r Steps<'b>,
    target: &'r Target,
    build: &'r BuildPlan,
    directories: Directories<'r>,
    spent: &'r mut Duration,
    lease: &'r mut Lease<'b>,
}

impl<'b> Step<'_, '_, 'b> {
    fn phase(&self, phase: Phase<'_>) {
        self.shared.listener.event(&Event::Phase { target: self.target, phase });
    }

    fn note(&self, text: String) {
        self.shared.listener.event(&Event::Note(text));
    }

    /// Asks Go which files the build reads. Where there is no answer the build itself says why, and is not kept.
    fn ask(&mut self) -> Option<EncodedKey> {
        let action = seal_listing(self.shared.plan, self.target, self.build, &self.directories);
        let result = self.once(&action, self.lease.slots(), None).ok()?;
        if result.outcome != BuildOutcome::Success {
            return None;
        }
        let answer = String::from_utf8(result.stdout).ok()?;
        let keys = self.shared.keys;
        let listing = Listing::parse(&answer, &action.dir, &|path| keys.sources.read(path)).ok()?;
        if let Err(error) = keys.keep_listing(self.target, self.build, &listing, action.seal, result.elapsed)
        {
            self.note(format!(
                "the next run has to ask Go again which files {} reads: {error}",
                self.build.path
            ));
        }
        keys.key_of(self.target, self.build, &listing).ok().flatten()
    }

    /// Waits while another process builds the same.
    fn wait(&self, key: &EncodedKey) -> KeyLock {
        let Step { shared, target, build, .. } = self;
        let waiting = |pid: Option<u32>| {
            let who = pid.map_or("another xbuild".to_owned(), |pid| format!("process {pid}"));
            self.note(format!("waiting for {who}, which builds {} for {target}", build.id));
        };
        shared.store.lock(&key.hash, waiting, || shared.cancel.reason().is_some())
    }

    fn build(mut self, mut report: BuildReport, key: Option<EncodedKey>, lock: Option<KeyLock>) -> Made {
        let Step { shared, target, build, .. } = self;
        let action = seal(shared.plan, target, build, &self.directories);
        let (result, lock) = match self.execute(&action, lock) {
            Ok(done) => done,
            Err(error) => {
                report.status = BuildStatus::Failed(error.to_string());
                return Made::without_program(report);
            }
        };
        report.elapsed = result.elapsed;
        // The source has another name inside; who reads this knows it by its own.
        report.messages =
            result.messages.replace(action.dir.as_str(), shared.plan.project.module_dir.as_str());
        if result.outcome != BuildOutcome::Success {
            if shared.cancel.reason().is_none() {
                report.status = BuildStatus::Failed(failure(result.outcome, &shared.plan.settings));
            }
            return Made::without_program(report);
        }
        self.phase(Phase::Inspecting);
        let received = self.examine(&action.output).and_then(|()| self.receive(key.as_ref(), &action.output));
        let (digest, program) = match received {
            Ok(received) => received,
            Err(cause) => {
                report.status = BuildStatus::Failed(cause);
                return Made::without_program(report);
            }
        };
        let artifact = Artifact {
            staged: Some(action.output),
            seal: Some(action.seal),
            vendor: Some(shared.proof),
            ..artifact(target, build, &digest)
        };
        report.status = BuildStatus::Built(digest.clone());
        let keeping = key.zip(program).map(|(key, program)| {
            let record = Record {
                kind: ActionKind::Build,
                artifact: digest,
                seal: Some(action.seal),
                vendor: Some(shared.proof),
                messages: report.messages.clone(),
                milliseconds: milliseconds(report.elapsed),
                made: now(),
            };
            Keeping { key, record, program, path: build.path.clone(), _lock: lock }
        });
        if keeping.is_none() {
            report.key = None;
        }
        Made { report, artifact: Some(artifact), keeping }
    }

    /// The program's digest, and a copy of it for the store if nothing that it was made from has changed meanwhile.
    fn receive(
        &self,
        key: Option<&EncodedKey>,
        output: &Utf8Path,
    ) -> Result<(Digest, Option<Incoming>), String> {
        let Step { shared, build, .. } = self;
        if let Some(key) = key {
            if !shared.keys.still_hold(key, shared.staging.path().ok()) {
                let text = format!("the source has changed while {} was built; it is not kept", build.path);
                self.note(text);
            } else {
                match shared.store.receive(output) {
                    Ok((digest, program)) => return Ok((digest, Some(program))),
                    Err(error) => note_not_kept(shared, &build.path, &error),
                }
            }
        }
        let digest = fs::open(output).and_then(|file| fs::context(Digest::of_reader(file), "read", output));
        digest.map(|digest| (digest, None)).map_err(|error| error.to_string())
    }

    /// Runs the step, and once more alone if memory ran out. Others may build the same while this one waits for that.
    fn execute(
        &mut self,
        action: &SealedAction,
        lock: Option<KeyLock>,
    ) -> Result<(ActionResult, Option<KeyLock>), ExecError> {
        let first = self.once(action, self.lease.slots(), self.steps.memory)?;
        if first.outcome == BuildOutcome::DiskFull && self.shared.cancel.reason().is_none() {
            return Ok((self.elsewhere()?.unwrap_or(first), lock));
        }
        if !matches!(first.outcome, BuildOutcome::OutOfMemory(_)) || self.shared.cancel.reason().is_some() {
            return Ok((first, lock));
        }
        self.note(format!(
            "{} ran out of memory; once more, alone and with one compiler at a time",
            self.target
        ));
        // Whoever waits for all slots must not keep others waiting for a key.
        drop(lock);
        self.lease.widen(self.steps.budget);
        Ok((self.once(action, 1, None)?, None))
    }

    /// Runs the step with nothing in the store, whose file system is full; `None` where there is no other place.
    fn elsewhere(&mut self) -> Result<Option<ActionResult>, ExecError> {
        let Some(place) = self.steps.elsewhere.path() else { return Ok(None) };
        self.note(format!(
            "the file system of {} is full; {} is built once more, in {place}, and may not be kept",
            self.shared.store.root(),
            self.target
        ));
        let scratch = place.join("scratch");
        let directories = Directories { cache: place, compiled: None, scratch: &scratch, ..self.directories };
        let action = seal(self.shared.plan, self.target, self.build, &directories);
        self.once(&action, self.lease.slots(), self.steps.memory).map(Some)
    }

    /// Runs a step. The target's time is that of its steps, and no step waits on its account.
    fn once(
        &mut self,
        action: &SealedAction,
        slots: usize,
        memory: Option<u64>,
    ) -> Result<ActionResult, ExecError> {
        let mut limits = self.shared.plan.settings.limits();
        limits.time = limits.time.map(|most| most.saturating_sub(*self.spent));
        let resources = Resources { slots, memory, limits };
        let (listener, target) = (self.shared.listener, self.target);
        let phase = |phase: Phase<'_>| listener.event(&Event::Phase { target, phase });
        let result =
            self.steps.executor.execute(
                action,
                resources,
                self.shared.cancel,
                &mut |progress| match &progress {
                    Progress::Compiling { package, done, total } => {
                        phase(Phase::Compiling { package, done: *done, total: *total });
                    }
                    Progress::Linking => phase(Phase::Linking),
                },
            );
        if let Some(compiled) = &self.steps.compiled {
            compiled.take_in(self.shared, action);
        }
        let result = result?;
        *self.spent += result.elapsed;
        Ok(result)
    }

    /// Reads the program back: it must be what was planned.
    fn examine(&self, path: &Utf8Path) -> Result<(), String> {
        let Step { shared, target, build, .. } = self;
        let (file, _) =
            fs::open_regular(path).map_err(|error| format!("`go build` left no program: {error}"))?;
        let inspection =
            inspect(&file).map_err(|error| format!("the program cannot be inspected: {error}"))?;
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
            target: (*target).clone(),
            go_version: shared.plan.sdk.version_text.clone(),
            main_path: build.main.import_path.clone(),
            settings,
            sums: self.steps.sums.clone(),
            members: shared.plan.project.modules.iter().map(|module| module.path.clone()).collect(),
        };
        let mismatches = expectation.check(&inspection);
        if mismatches.is_empty() {
            return Ok(());
        }
        let lines: String = mismatches.iter().map(|mismatch| format!("\n  {mismatch}")).collect();
        Err(format!("the program is not what was planned:{lines}"))
    }
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
        BuildOutcome::DiskFull => {
            "a file system is full, also that of temporary files; free space, or set TMPDIR and --dist"
                .to_owned()
        }
        BuildOutcome::TooManyProcesses(most) => {
            format!("it had more processes than {most} (processes, {})", settings.processes.origin)
        }
        BuildOutcome::NotSealed => "its sandbox could not be set up; `xbuild doctor` says more".to_owned(),
    }
}
