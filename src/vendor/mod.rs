//! From go.mod to a vendor tree that a sealed build can use.
//!
//! Takes a module's directory; returns a [`VendorTree`]: the project's own `vendor/` when it agrees with go.mod,
//! else a tree in the store, made by `go mod vendor` from what is locally there (the user's module cache, served
//! through Go's `file://` proxy protocol so that every zip is hashed against go.sum again, and `file://` entries
//! of GOPROXY); where the user said online, what is missing is fetched into the store first. The project's files are
//! never written.

mod consistency;
mod error;
mod fetch;
mod go_source;
mod online;
mod source;
mod user_settings;

pub use consistency::{ModulesTxt, disagreements, newest_go};
pub use error::VendorError;
pub use fetch::{VendorOrigin, VendorRequest, VendorTree, fetch_missing, prepare};
pub use online::{Cause, CauseKind, Fetching, Mismatch, ModuleFile, Unfetched};
pub use source::local_modules;
