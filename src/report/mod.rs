//! The only room that speaks. Human text goes to standard error, data to standard output.
#![allow(clippy::disallowed_macros)]

mod doctor;
mod human;
mod plan;
mod problem;
mod progress;
mod table;
mod terminal;

pub use doctor::show_diagnosis;
pub use human::HumanReporter;
pub use plan::{plan_json, show_plan};
pub use problem::{render_config_error, show_error};
pub use table::{Table, seconds, size};
pub use terminal::{Terminal, Verbosity};
