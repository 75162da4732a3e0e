//! Tests that drive the real program with a real Go SDK. `make test` prepares what they need.

mod support;

mod architecture;
mod build;
mod dist;
mod modules;
mod packages;
mod requests;
mod sealed;
mod signals;
mod vendoring;
