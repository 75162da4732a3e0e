//! What the engine tells whoever reports. The engine itself prints nothing.

use std::time::Duration;

use camino::Utf8PathBuf;

use crate::model::{Blake3, Digest, Proof, SealLevel, Target};
use crate::plan::Plan;
use crate::vendor::{Fetching, Installed, VendorOrigin, Verified};

/// Something that happened.
#[derive(Debug)]
pub enum Event<'e> {
    /// Something the user should know that stops nothing.
    Note(String),
    /// The plan stands; work begins.
    Planned(&'e Plan),
    /// How strongly every step will be shut in.
    Sealed {
        /// The level.
        level: SealLevel,
        /// Why it is weaker than the user may expect.
        why_weaker: Option<&'e str>,
    },
    /// Nothing has to be run; how strongly the steps were shut in that made what there is, at the weakest.
    SealedBefore(SealLevel),
    /// Modules are being gathered.
    Vendoring {
        /// Whether the network may be asked.
        online: bool,
    },
    /// A module's file has come, or is asked for again.
    Fetching(&'e Fetching<'e>),
    /// There is a vendor tree.
    Vendored {
        /// Where from.
        origin: VendorOrigin,
        /// How many modules.
        modules: usize,
        /// What is known of its files.
        proof: Proof,
        /// What was verified.
        verified: Option<Verified>,
    },
    /// The project's own vendor/ and vendor.lock were made.
    Installed(&'e Installed),
    /// The project's own vendor/ was verified; `None` where no module is required.
    Verified(Option<&'e Verified>),
    /// A target has its slots.
    Started {
        /// Which.
        target: &'e Target,
        /// How many.
        slots: usize,
    },
    /// A target is in another phase, or further in its phase.
    Phase {
        /// Which.
        target: &'e Target,
        /// Where it is.
        phase: Phase<'e>,
    },
    /// A target has ended.
    Finished(&'e TargetReport),
    /// The results are in place.
    Published {
        /// dist/, or the path that the user named.
        place: &'e Utf8PathBuf,
        /// Files that are there.
        files: usize,
    },
}

/// Where a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase<'e> {
    /// Go reads the packages.
    Loading,
    /// Compilers run.
    Compiling {
        /// The package that started last.
        package: &'e str,
        /// Packages that are done.
        done: usize,
        /// All of them.
        total: usize,
    },
    /// The linker runs.
    Linking,
    /// The program is read back and hashed.
    Inspecting,
    /// Packages are written.
    Packaging,
}

/// How a target ended.
#[derive(Debug, Clone)]
pub struct TargetReport {
    /// Which.
    pub target: Target,
    /// Each of its programs.
    pub builds: Vec<BuildReport>,
    /// Why no package was made though one was planned; not about failed programs.
    pub package_failure: Option<String>,
    /// Wall time from the first step to the last package.
    pub elapsed: Duration,
}

/// How one program of a target ended.
#[derive(Debug, Clone)]
pub struct BuildReport {
    /// The build's id.
    pub id: String,
    /// How.
    pub status: BuildStatus,
    /// Wall time of its `go build`.
    pub elapsed: Duration,
    /// What the compiler and linker said.
    pub messages: String,
    /// The name of its key, where it has one.
    pub key: Option<Blake3>,
}

/// The outcome for one program.
#[derive(Debug, Clone)]
pub enum BuildStatus {
    /// Linked now.
    Built(Digest),
    /// The store had it.
    Cached(Digest),
    /// There is none, and why.
    Failed(String),
    /// The run ended before it did.
    Stopped,
}

impl BuildStatus {
    /// The program's digest, if there is a program.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            BuildStatus::Built(digest) | BuildStatus::Cached(digest) => Some(digest),
            BuildStatus::Failed(_) | BuildStatus::Stopped => None,
        }
    }
}

impl TargetReport {
    /// Whether everything that was planned for the target is there.
    pub fn succeeded(&self) -> bool {
        self.package_failure.is_none() && self.builds.iter().all(|build| build.status.digest().is_some())
    }
}

/// Listens to a run, from any thread.
pub trait Listener: Sync {
    /// Takes one event.
    fn event(&self, event: &Event<'_>);
}
