//! Tests that drive the real program with a real Go SDK. `make test` prepares what they need.

#![allow(clippy::disallowed_methods, reason = "the rules on effects are for src/")]

mod support;

mod architecture;
mod bad_targets;
mod commands;
mod real_program;
mod sample;
