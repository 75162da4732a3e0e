//! Tests that drive the real program with a real Go SDK. `make test` prepares what they need.

mod support;

mod architecture;
mod bad_targets;
