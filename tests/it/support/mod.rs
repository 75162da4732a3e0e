//! Builders for projects on disk and calls of the program.

mod host;
mod modules;
mod project;
mod server;
mod stage;
mod table;

pub use host::{SAMPLE_TARGETS, build_info, go, leftovers, own_store, processes, wait_for};
pub use modules::ModuleTree;
pub use project::{
    COMPILED, Call, Outcome, Project, cache_dir, sample_dir, share_compiled, store_of, testdata,
};
pub use server::{Answer, Server};
pub use stage::{Place, Stage};
pub use table::{skipped, table};
