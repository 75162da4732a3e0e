//! What will be done, as a value: `xbuild plan --json` prints exactly what `xbuild build` consumes.
//!
//! Pure. Takes the checked file, the resolved settings, an SDK, the main packages that `go list` found and what
//! git said; returns a [`Plan`].

mod error;
mod make;
mod selection;
mod types;
mod version;

pub use error::PlanError;
pub use make::{Inputs, make};
pub use selection::select;
pub use types::{BuildPlan, Flags, MainPackage, ModulePlan, PackagePlan, Plan, ProjectPlan, TargetPlan};
pub use version::{ProjectVersion, VersionInputs, project_version};
