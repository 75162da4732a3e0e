//! `xbuild` builds a Go project for many targets on a host that may have no network, and proves what it built.
//!
//! Data flows one way, one type per stage:
//!
//! ```text
//! targets.toml + flags + env
//!   -> config   ProjectFile, Settings     what the user asked for, every mistake with a caret
//!   -> plan     Plan                      what will be done, pure
//!   -> vendor   VendorTree                the modules, each file tied to go.sum
//!   -> seal     SealedAction              one `go build`, its whole environment and command line
//!   -> exec     ActionResult              run under the shared budget of CPU slots
//!   -> inspect  Inspection                the program read back and held against the plan
//!   -> package  Artifact                  deterministic archives by recipe
//!   -> attest   checksums
//!   -> publish  dist/                     renamed in, file by file
//! ```
//!
//! [`pipeline`] alone names that order. Effects stay at the edges: [`fs`], [`process`] and [`vcs`] touch the world,
//! [`report`] speaks, [`cli`] reads the environment.

pub mod attest;
pub mod cache;
pub mod cancel;
pub mod cli;
pub mod config;
pub mod error;
pub mod event;
pub mod exec;
pub mod exit_code;
pub mod fs;
pub mod inspect;
pub mod locate;
pub mod model;
pub mod module_set;
pub mod package;
pub mod pipeline;
pub mod plan;
pub mod process;
pub mod publish;
pub mod report;
pub mod sandbox;
pub mod seal;
pub mod stat_index;
pub mod toolchain;
pub mod vcs;
pub mod vendor;
