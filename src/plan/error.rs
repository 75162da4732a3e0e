//! Requests that no plan answers.

use crate::config::PatternError;
use crate::model::Target;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A target asked for is none.
    #[error("{} asks for a target that cannot be built: {source}", origin)]
    Targets {
        /// The layer that asks.
        origin: String,
        /// What is wrong.
        source: PatternError,
    },
    /// A target asked for is not one of the file's.
    #[error("{origin} asks for {wanted}, which picks none of the project's targets ({})", names(.known))]
    NotSelected {
        /// The layer that asks.
        origin: String,
        /// What was asked for.
        wanted: String,
        /// The file's targets.
        known: Vec<Target>,
    },
    /// The module has no program, or none where one was said to be.
    #[error("{place} holds no main package{}", found.as_ref().map_or_else(String::new, |found| format!("; main packages are {found}")))]
    NoMain {
        /// Where one was looked for.
        place: String,
        /// Those that there are.
        found: Option<String>,
    },
    /// `[[build]]` names no package, and the module has several.
    #[error("the [[build]] names no `main`, and the module has several: {found}")]
    WhichMain {
        /// Those that there are.
        found: String,
    },
    /// Two things would be one file.
    #[error("{first} and {second} would both be written to {file}")]
    SameFile {
        /// The file below dist/.
        file: String,
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// A name that the recipe gives is no file name.
    #[error("the recipe {recipe} names its package {file:?}, which is no plain file name")]
    FileName {
        /// The recipe.
        recipe: String,
        /// What it made.
        file: String,
    },
    /// `--build` with an id that no build has.
    #[error("no build has the id {id:?}; the ids are {known}")]
    NoBuild {
        /// What was asked for.
        id: String,
        /// Those that there are.
        known: String,
    },
    /// `-o` with more than one program.
    #[error("-o names one file, and this request builds {count} programs: {what}")]
    SeveralForOutput {
        /// How many.
        count: usize,
        /// Which.
        what: String,
    },
    /// There is no version.
    #[error("the version cannot be had: {cause}")]
    Version {
        /// Why.
        cause: String,
        /// What to do.
        help: String,
    },
}

fn names(targets: &[Target]) -> String {
    targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl PlanError {
    /// Whether the command line, and not a file, is at fault.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            PlanError::Targets { .. }
                | PlanError::NotSelected { .. }
                | PlanError::NoBuild { .. }
                | PlanError::SeveralForOutput { .. }
        )
    }

    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            PlanError::Targets { source, .. } => source.help.clone(),
            PlanError::NotSelected { .. } => {
                "add it to `targets` in targets.toml, or ask for one of those; `xbuild targets` lists them"
                    .to_owned()
            }
            PlanError::NoMain { .. } => {
                "run xbuild in a module with a `package main`, or name its directory as `main` in [[build]]"
                    .to_owned()
            }
            PlanError::WhichMain { .. } => "write `main = \"./cmd/…\"` in the [[build]]".to_owned(),
            PlanError::SameFile { .. } => {
                "give one of them another `id`, `binary` or recipe `name`".to_owned()
            }
            PlanError::FileName { .. } => "write a `name` without slashes in the recipe".to_owned(),
            PlanError::NoBuild { .. } => "`xbuild plan` lists the builds".to_owned(),
            PlanError::SeveralForOutput { .. } => {
                "ask for one --target, and one program with --build".to_owned()
            }
            PlanError::Version { help, .. } => help.clone(),
        }
    }
}
