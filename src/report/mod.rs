//! The only room that speaks. Human text goes to standard error, data to standard output.
#![allow(clippy::disallowed_macros)]

mod cache;
mod doctor;
mod explain;
mod human;
mod plan;
mod problem;
mod progress;
mod table;
mod terminal;

pub use cache::{pruned, statistics, verified_store};
pub use doctor::show_diagnosis;
pub use explain::explanation;
pub use human::HumanReporter;
pub use plan::{plan_json, show_plan};
pub use problem::{render_config_error, show_error};
pub use table::{Table, seconds, size};
pub use terminal::{Terminal, Verbosity};
