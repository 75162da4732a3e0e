//! Builders for projects on disk and calls of the program.

mod modules;
mod project;

pub use modules::ModuleTree;
pub use project::{Call, Outcome, Project, cache_dir, sample_dir, testdata};
