//! The commands beside `build`, and the command line as such.

mod init;
mod plan;
mod sdk;
mod selection;
mod settings;
mod streams;

use serde_json::Value;

use crate::support::{Outcome, Project};

/// Standard output as JSON.
fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", outcome.stdout))
}

/// GOROOT of the SDK under test, links resolved.
fn real_goroot(project: &Project) -> String {
    let goroot = project.run("go", &["env", "GOROOT"]);
    std::fs::canonicalize(goroot.trim()).unwrap().to_str().unwrap().to_owned()
}

/// A module with the programs alpha and beta, and service for windows alone.
fn several_mains() -> Project {
    let main = "package main\n\nfunc main() {}\n";
    Project::empty()
        .file("go.mod", "module example.test/several\n\ngo 1.24\n")
        .file("cmd/alpha/main.go", main)
        .file("cmd/beta/main.go", main)
        .file("cmd/service/main_windows.go", main)
        .file("lib/lib.go", "package lib\n")
}
