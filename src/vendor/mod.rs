//! From go.mod, or go.work and its modules, to a vendor tree that a sealed build can use.
//!
//! Takes a project's modules; returns a [`VendorTree`]: the project's own `vendor/` when it agrees with them,
//! else a tree in the store, made by `go mod vendor` from what is locally there (the user's module cache, served
//! through Go's `file://` proxy protocol so that every zip is hashed against go.sum again, and `file://` entries
//! of GOPROXY); where the user said online, what is missing is fetched into the store first. A build never writes the
//! project's files; [`install`] does, for `xbuild vendor`.
//!
//! Beside every tree lies a [`VendorLock`], which ties each file to go.sum; [`verify`](check) holds them against it.

mod cgo;
mod complete;
mod consistency;
mod contents;
mod error;
mod fetch;
mod h1;
mod inputs;
mod install;
mod key;
mod lock;
mod make;
mod online;
mod owner;
mod source;
mod tree;
mod user_settings;
mod verify;

pub use complete::Completed;
pub use consistency::{ModulesTxt, disagreements, newest_go};
pub use error::VendorError;
pub use fetch::{VendorOrigin, VendorRequest, fetch_missing};
pub use inputs::go_sum;
pub use install::{Installed, check, install, lock_only};
pub use lock::{LOCK_NAME, LockError, LockedFile, LockedModule, VendorLock};
pub use online::{Cause, CauseKind, Fetching, Mismatch, ModuleFile, Unfetched};
pub use source::local_modules;
pub use tree::{VendorTree, prepare};
pub use verify::{Finding, Verified};
