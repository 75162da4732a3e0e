//! Go SDKs on this host: found, asked who they are, and identified by digest; and what they say of a module.
//!
//! Takes a setting and the host's environment, returns a [`crate::model::Sdk`] that answers and is new enough,
//! or an error that says the ways to get one. Nothing below the directory under test is ever run.

pub mod environment;
mod find;
mod go_env;
mod identity;
mod main_packages;
mod ports;

pub use environment::GoDirectories;
pub use find::{HostEnvironment, SdkError, ask, find, find_root};
pub use identity::{SdkFiles, SdkIdentity};
pub use main_packages::{Query, main_packages};
