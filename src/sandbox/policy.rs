//! What the helper is told.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::model::{Mount, SealLevel};

/// What the kernel counts for each process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory that a process may fill (RLIMIT_DATA).
    pub memory: Option<u64>,
    /// Processes, by way of their threads (RLIMIT_NPROC); the kernel does not hold root to it.
    pub processes: Option<u64>,
}

/// Everything that the helper does, in one value.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    /// How strongly to shut in.
    pub(super) level: SealLevel,
    /// The caller: when it is gone, so is the reason to run.
    pub(super) caller: u32,
    /// The program and its arguments; with none, the set-up alone is tried.
    pub(super) argv: Vec<String>,
    /// The program's whole environment.
    pub(super) env: BTreeMap<String, String>,
    /// Its directory, as it sees it.
    pub(super) dir: Utf8PathBuf,
    /// An empty directory of the host on which the program's file system is put together.
    pub(super) root: Utf8PathBuf,
    /// What is in it.
    pub(super) mounts: Vec<Mount>,
    /// Limits.
    pub(super) limits: Limits,
}
