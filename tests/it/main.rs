//! Tests that drive the real program with a real Go SDK. `make test` prepares what they need.

#![allow(clippy::disallowed_methods, reason = "the rules on effects are for src/")]

mod support;

mod architecture;
mod bad_targets;
mod build;
mod checkout;
mod commands;
mod compile_cache;
mod dist;
mod enclosure;
mod escapes;
mod explain;
mod fetching;
mod hostile;
mod inspection;
mod keys;
mod modules;
mod mutations;
mod packages;
mod real_program;
mod reflinks;
mod reproducible;
mod requests;
mod sample;
mod seal_levels;
mod sealed;
mod signals;
mod store;
mod tamper;
mod vendor_command;
mod vendoring;
mod workspaces;
