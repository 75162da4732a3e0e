//! One build step, described completely as data, and what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8PathBuf;
use serde::Serialize;

use super::{Mount, SealLevel, Target};

/// A `go build` of one main package for one target, with nothing left to the host.
///
/// The environment is the whole environment: an executor clears everything else.
#[derive(Debug, Clone, Serialize)]
pub struct SealedAction {
    /// What is built for.
    pub target: Target,
    /// The build's id.
    pub build: String,
    /// The program and its arguments; the program is an absolute path.
    pub argv: Vec<String>,
    /// Every variable that the step sees.
    pub env: BTreeMap<String, String>,
    /// The working directory.
    pub dir: Utf8PathBuf,
    /// How strongly the step is shut in.
    pub seal: SealLevel,
    /// What it sees. Command line, environment and directory speak of these places.
    pub mounts: Vec<Mount>,
    /// Where on the host its binary appears.
    pub output: Utf8PathBuf,
    /// Where on the host its graph of packages appears; see [`crate::exec`].
    pub action_graph: Utf8PathBuf,
    /// Where on the host appears what it has compiled, for the store to take in; `None` where Go keeps that itself.
    pub puts: Option<Utf8PathBuf>,
}

/// What a step may use of the host. Not part of the step's identity: the bytes do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resources {
    /// CPU slots; the step's `go build -p`, and the GOMAXPROCS of each of its processes.
    pub slots: usize,
    /// Up to how many bytes each process may grow before it collects garbage; Go's own rule where `None`.
    pub memory: Option<u64>,
    /// What ends the step.
    pub limits: StepLimits,
}

/// What a step may use at most; without a limit where `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StepLimits {
    /// Wall time.
    pub time: Option<Duration>,
    /// Bytes of memory, over all its processes.
    pub memory: Option<u64>,
    /// Processes.
    pub processes: Option<u64>,
}

/// What an executed step left behind.
#[derive(Debug, Clone)]
pub struct ActionResult {
    /// How it ended.
    pub outcome: BuildOutcome,
    /// What the compiler and linker said, diagnostics and warnings.
    pub messages: String,
    /// What the step answered, where it was asked something.
    pub stdout: Vec<u8>,
    /// Packages in the step's graph.
    pub packages: usize,
    /// Packages that were compiled; the others came from Go's cache.
    pub compiled: usize,
    /// Wall time.
    pub elapsed: Duration,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildOutcome {
    /// Exit status 0.
    Success,
    /// Another exit status.
    Exit(i32),
    /// A signal.
    Signal(i32),
    /// It was ended because its time was over.
    TimedOut(Duration),
    /// It ran out of memory: of what it may use, in bytes, or of what the host has.
    OutOfMemory(Option<u64>),
    /// A file system was full.
    DiskFull,
    /// It was ended because it had more processes than this.
    TooManyProcesses(u64),
    /// The sandbox could not be set up; the messages say why.
    NotSealed,
}
