//! Which modules are built together: one go.mod, or those that a go.work in the project's own directory lists.
//!
//! Takes the project's directory; returns a [`ModuleSet`], which answers every question that differs between the two:
//! GOWORK, package patterns, the files with sums, what is required and replaced. No room behind this one asks whether
//! there is a workspace. A go.work above the directory is another project's; [`workspace_around`] finds it for a note.

mod error;
mod outer;
mod read;
mod types;

pub use error::ModuleSetError;
pub use outer::workspace_around;
pub use read::read;
pub use types::{Member, ModuleSet, Replacement};
