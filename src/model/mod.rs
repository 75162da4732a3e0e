//! The vocabulary that every stage shares: targets, digests, actions, artifacts, SDKs.
//! No input or output happens here.

mod action;
mod artifact;
mod digest;
pub mod go_file;
mod go_mod;
mod go_sum;
mod go_version;
mod go_work;
mod hash;
mod mount;
mod proof;
mod sdk;
mod seal;
mod settings;
mod target;
mod variant;

pub use action::{ActionResult, BuildOutcome, Resources, SealedAction, StepLimits};
pub use artifact::{Artifact, ArtifactKind};
pub use digest::{Digest, DigestReader, DigestWriter, hex};
pub use go_file::Head;
pub use go_mod::{GoMod, GoModError, ModuleVersion, Replace, short_name};
pub use go_sum::go_sum_lines;
pub use go_version::GoVersion;
pub use go_work::{GoWork, UseDirectory};
pub use hash::Blake3;
pub use mount::{Access, Mount};
pub use proof::Proof;
pub use sdk::{Port, Sdk, SdkOrigin};
pub use seal::{SealChoice, SealLevel};
pub use settings::{Origin, Setting};
pub use target::{Target, TargetError};
pub use variant::{Variable, variable_of};
