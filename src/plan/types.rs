//! The plan's shape.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::version::ProjectVersion;
use crate::config::{Format, Settings, Values};
use crate::model::{Sdk, Target};

/// A program that a module has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MainPackage {
    /// The package's directory from that of go.mod or go.work, `./cmd/hello`.
    pub dir: String,
    /// Its import path.
    pub import_path: String,
}

/// Everything that a run will do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What is built.
    pub project: ProjectPlan,
    /// With what.
    pub sdk: Sdk,
    /// How.
    pub settings: Settings,
    /// For what, in order.
    pub targets: Vec<TargetPlan>,
    /// Targets that a glob passed over, with the reason.
    pub skipped: Vec<(Target, &'static str)>,
    /// Whether the run covers everything that the project is built for; a narrower run keeps the other targets'
    /// artifacts in dist/.
    pub complete: bool,
}

/// The project.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectPlan {
    /// Its name in file names.
    pub name: String,
    /// Its version.
    pub version: ProjectVersion,
    /// The directory of targets.toml; of go.work or go.mod where there is none.
    pub root: Utf8PathBuf,
    /// The directory of go.work, or of the only go.mod.
    pub module_dir: Utf8PathBuf,
    /// go.work; `None` where one module is built alone.
    pub workspace: Option<Utf8PathBuf>,
    /// The modules whose source is the project's own.
    pub modules: Vec<ModulePlan>,
}

/// A module of the project.
#[derive(Debug, Clone, Serialize)]
pub struct ModulePlan {
    /// Its path.
    pub path: String,
    /// Its directory.
    pub dir: Utf8PathBuf,
}

/// One target.
#[derive(Debug, Clone, Serialize)]
pub struct TargetPlan {
    /// Which.
    pub target: Target,
    /// Its programs.
    pub builds: Vec<BuildPlan>,
    /// Its packages.
    pub packages: Vec<PackagePlan>,
}

/// One program for one target.
#[derive(Debug, Clone, Serialize)]
pub struct BuildPlan {
    /// The build's id.
    pub id: String,
    /// The package.
    pub main: MainPackage,
    /// The program's file name, suffix included.
    pub binary: String,
    /// Its path below dist/.
    pub path: Utf8PathBuf,
    /// Flags, filled in.
    pub flags: Flags,
    /// Host variables that are let in.
    pub env: BTreeMap<String, String>,
}

/// Flags of `go build`, filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Flags {
    /// `-ldflags`.
    pub ldflags: Vec<String>,
    /// `-tags`.
    pub tags: Vec<String>,
    /// `-gcflags`.
    pub gcflags: Vec<String>,
    /// `-asmflags`.
    pub asmflags: Vec<String>,
}

/// One package for one target.
#[derive(Debug, Clone, Serialize)]
pub struct PackagePlan {
    /// The recipe's name.
    pub recipe: String,
    /// The format for this target.
    pub format: Format,
    /// The file name below dist/.
    pub file: String,
    /// Ids of the builds inside.
    pub builds: Vec<String>,
}

impl ProjectPlan {
    /// The values for a template that names no build and no target.
    pub fn values(&self) -> Values {
        Values::from([
            ("project", self.name.clone()),
            ("version", self.version.version.clone()),
            ("tag", self.version.tag.clone()),
            ("commit", self.version.commit.clone()),
            ("date", self.version.date.clone()),
        ])
    }
}

impl PackagePlan {
    /// The values for names inside the package.
    pub fn values(&self, project: &ProjectPlan, target: &Target) -> Values {
        let mut values = with_target(&project.values(), target);
        values.insert("format", self.format.as_str().to_owned());
        values.insert("id", self.builds.join("-"));
        values.insert("binary", self.builds.join("-"));
        values
    }
}

/// Adds a target's names.
pub(super) fn with_target(values: &Values, target: &Target) -> Values {
    let mut values = values.clone();
    values.insert("target", target.to_string());
    values.insert("os", target.os.clone());
    values.insert("arch", target.arch.clone());
    values.insert("variant", target.variant_label());
    values
}
