//! From a planned build to an action that leaves nothing to the host.
//!
//! Takes the plan, the vendor tree and a run's directories; returns [`crate::model::SealedAction`]s whose
//! environment is complete, whose source holds a `vendor/` that agrees with go.mod, and that name everything that a
//! step may see. The project's tree is only read.

mod action;
mod compile_cache;
mod diff;
mod error;
mod key;
mod listing;
mod places;
mod scan;
mod source_view;
mod sources;

pub use action::{Directories, seal, seal_listing};
pub use compile_cache::CompileCache;
pub use diff::{Change, What, changes};
pub use error::SealError;
pub use key::{BuildKey, KeyContext, ListKey, SdkKey};
pub use listing::Listing;
pub use scan::{SourceScan, scan};
pub use source_view::{SourceRequest, SourceView};
pub use sources::Sources;
