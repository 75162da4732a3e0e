//! The order of the stages, and nothing else: each stage's result goes to the next.

mod checkout;
mod compiled;
mod discover;
mod doctor;
mod explain;
mod lookup;
mod modules;
mod packages;
mod prepare;
mod program;
mod programs;
mod project;
mod run;
mod sdk;
mod sealing;
mod store;
mod target;
mod vendoring;

use camino::Utf8PathBuf;

pub use compiled::compiled_in_plan;
pub use discover::{Discovery, FoundProgram, discover};
pub use doctor::{Diagnosis, Finding, Health, diagnose};
pub use explain::{Explanation, Last, Verdict, explain};
pub use modules::{VendorOutcome, VendorTask, vendor_project};
pub use prepare::{Context, Prepared, Request, prepare, targets};
pub use run::build;
pub use sealing::Sealing;
pub use store::{
    Collected, CollectedEntry, Statistics, StoreHere, cache_collect, cache_statistics, cache_verify,
    store_here,
};

use crate::event::TargetReport;
use crate::model::SealLevel;
use crate::publish::ArtifactRecord;

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
