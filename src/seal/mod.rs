//! From a planned build to an action that leaves nothing to the host.
//!
//! Takes the plan, the vendor tree and a run's directories; returns [`crate::model::SealedAction`]s whose
//! environment is complete and whose source holds a `vendor/` that agrees with go.mod. The project's tree is
//! only read.

mod action;
mod source_view;

pub use action::{Directories, seal};
pub use source_view::{SealError, SourceView};
