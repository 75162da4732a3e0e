//! Tests that drive the real program with a real Go SDK. `make test` prepares what they need.

mod support;

mod architecture;
mod build;
mod requests;
mod sealed;
