//! From a process to the same process behind a wall.

use camino::Utf8Path;

use super::policy::{Limits, Policy};
use crate::model::{Mount, SealLevel};
use crate::process::Process;

/// The helper's exit status when it could not set the sandbox up; `go` itself never ends with it.
pub const SETUP_FAILED: u8 = 125;

/// What a process is shut in with.
#[derive(Debug, Clone, Copy)]
pub struct Enclosure<'e> {
    /// How strongly.
    pub level: SealLevel,
    /// What it sees. Below the strongest level, each `at` must be the place on the host.
    pub mounts: &'e [Mount],
    /// An empty directory of the host, for the root of its file system.
    pub root: &'e Utf8Path,
    /// Limits of each of its processes.
    pub limits: Limits,
}

/// The process behind a wall: a call of the helper that runs it. The program must be an absolute path as the process
/// will see it.
#[cfg(target_os = "linux")]
pub fn enclose(process: Process, enclosure: &Enclosure<'_>) -> Process {
    let policy = Policy {
        level: enclosure.level,
        caller: std::process::id(),
        argv: std::iter::once(process.program.into_string()).chain(process.args).collect(),
        env: process.env,
        dir: process.dir,
        root: enclosure.root.to_owned(),
        mounts: enclosure.mounts.to_vec(),
        limits: enclosure.limits,
    };
    call(&policy)
}

/// Elsewhere the environment is all there is.
#[cfg(not(target_os = "linux"))]
pub fn enclose(process: Process, _enclosure: &Enclosure<'_>) -> Process {
    process
}

/// The helper's call. The policy goes through a pipe: arguments are there for every process of the host to read.
pub(super) fn call(policy: &Policy) -> Process {
    Process {
        // The program that runs now, even when another has been installed in its place meanwhile.
        program: "/proc/self/exe".into(),
        args: vec![super::HELPER.to_owned()],
        env: std::collections::BTreeMap::new(),
        dir: "/".into(),
        // Strings, numbers and maps with string keys: this cannot fail.
        input: Some(serde_json::to_vec(policy).unwrap_or_default()),
    }
}
