//! The SDK: missing, wrong, too old; and modules that ask for another.

use std::fs;

use super::real_goroot;
use crate::support::Project;

/// A directory that looks like an SDK and answers `go env -json` with a version. A shell writes the program: a file
/// that this process had open for writing might still be open in a child that another test is starting.
fn fake_sdk(project: &Project, version: &str) -> String {
    let answer = format!(r#"{{"GOVERSION":"{version}","GOHOSTOS":"linux","GOHOSTARCH":"amd64"}}"#);
    let script = format!(
        "mkdir bin && echo {version} > VERSION && printf '#!/bin/sh\\necho '\"'%s'\"'\\n' '{answer}' > bin/go \
         && chmod +x bin/go"
    );
    project.run("sh", &["-c", &script]);
    fs::canonicalize(project.path()).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn without_an_sdk_the_ways_to_one_are_told() {
    let project = Project::hello();
    let empty = tempfile::tempdir().unwrap();
    for args in [&["plan"][..], &["targets"], &[], &["init"], &["vendor"]] {
        let outcome = project.xbuild(args).env("PATH", empty.path()).code(4);
        assert_eq!(
            outcome.stderr,
            "error: no Go SDK was found: neither --sdk, XBUILD_SDK nor GOROOT is set, and PATH has no `go`\n\
             next: unpack the archive of Go 1.24 or newer for this host from https://go.dev/dl (on a host without a \
             network: from the medium that it came on) into a directory of its own, then name that directory with \
             --sdk DIR or XBUILD_SDK, or put its bin/ on PATH\n",
            "{args:?}"
        );
        assert_eq!(outcome.stdout, "");
    }
    assert!(!project.exists("dist") && !project.exists("targets.toml"));
}

#[test]
fn a_file_s_mistakes_come_before_a_missing_sdk() {
    let project = Project::hello().file("targets.toml", "schema = 1\n[settings]\njobs = 0\n");
    let empty = tempfile::tempdir().unwrap();
    project.xbuild(&["plan"]).env("PATH", empty.path()).code(3).says("0 CPU slots cannot be used");
}

#[test]
fn every_way_to_an_sdk_is_named_in_the_plan() {
    let project = Project::hello();
    let goroot = real_goroot(&project);
    let empty = tempfile::tempdir().unwrap();
    let at = |from: &str| format!(" at {goroot} (from {from})\n");
    let shows = |outcome: crate::support::Outcome, from: &str| {
        assert!(outcome.stdout.contains(&at(from)), "{from}: {}", outcome.stdout);
    };
    shows(project.xbuild(&["plan"]).ok(), "PATH");
    shows(project.xbuild(&["plan", "--sdk", &goroot]).env("PATH", empty.path()).ok(), "the sdk setting");
    let go = format!("{goroot}/bin/go");
    shows(project.xbuild(&["plan", "--sdk", &go]).env("PATH", empty.path()).ok(), "the sdk setting");
    shows(
        project.xbuild(&["plan"]).env("PATH", empty.path()).env("XBUILD_SDK", &goroot).ok(),
        "the sdk setting",
    );
    shows(project.xbuild(&["plan"]).env("PATH", empty.path()).env("GOROOT", &goroot).ok(), "GOROOT");
}

#[test]
fn what_is_no_sdk_is_refused() {
    let project = Project::hello();
    let empty = tempfile::tempdir().unwrap();
    let dir = fs::canonicalize(empty.path()).unwrap();
    let dir = dir.to_str().unwrap();
    let next = "next: name the directory that holds bin/go and VERSION, or the `go` program in it\n";
    let outcome = project.xbuild(&["plan", "--sdk", dir]).code(4);
    outcome.says(&format!(
        "error: {dir}, named by the sdk setting, is no Go SDK: it has no VERSION and bin/go\n"
    ));
    outcome.says(next);
    let outcome = project.xbuild(&["plan"]).env("GOROOT", format!("{dir}/none")).code(4);
    outcome.says(&format!("{dir}/none, named by GOROOT, is no Go SDK: ")).says(next);
}

#[test]
fn an_sdk_that_is_too_old_is_refused() {
    let project = Project::hello();
    let sdk = Project::empty();
    let root = fake_sdk(&sdk, "go1.23.12");
    let root = root.as_str();
    for args in [&["plan", "--sdk", root][..], &["--sdk", root], &["targets", "--sdk", root]] {
        let outcome = project.xbuild(args).code(4);
        assert_eq!(
            outcome.stderr,
            format!(
                "error: the Go SDK at {root} is go1.23.12; xbuild needs Go 1.24 or newer\n\
                 next: name an SDK of Go 1.24 or newer with --sdk DIR or XBUILD_SDK\n"
            )
        );
    }
    assert!(!project.exists("dist"));
}

#[test]
fn a_newer_go_line_is_refused_before_anything_is_built() {
    let project = Project::hello().file("go.mod", "module example.test/app\n\ngo 1.99.1\n");
    let path = fs::canonicalize(project.path()).unwrap().join("go.mod");
    for args in [&["plan"][..], &["--target", "linux/amd64"]] {
        let outcome = project.xbuild(args).code(4);
        outcome.says(&format!("error: {} asks for Go 1.99.1, and the SDK at ", path.display()));
        outcome.says("next: name an SDK of Go 1.99.1 or newer with --sdk DIR or XBUILD_SDK");
        outcome.never_says("start").never_says("compile");
    }
    assert!(!project.exists("dist"));
}

#[test]
fn a_newer_toolchain_line_is_noted_and_not_followed() {
    let project =
        Project::hello().file("go.mod", "module example.test/app\n\ngo 1.24\n\ntoolchain go1.99.1\n");
    project
        .xbuild(&["plan"])
        .ok()
        .says("go.mod suggests the toolchain go1.99.1; a sealed build uses the SDK at hand");
}

#[test]
fn a_broken_go_mod_and_none_at_all() {
    let broken = Project::hello().file("go.mod", "modul example.test/app\n");
    for args in [&["plan"][..], &["init"], &[]] {
        broken.xbuild(args).code(5).says("go.mod: line 1: ").says("next: run `go mod edit -fmt`");
    }
    assert!(!broken.exists("targets.toml"));
    let none = Project::empty();
    for args in [&["plan"][..], &[]] {
        let outcome = none.xbuild(args).code(3);
        outcome.says("error: no targets.toml and no go.mod or go.work in ").says(" or above it\n");
        outcome.says("next: run xbuild in a Go module, or name one with -C DIR");
    }
    none.xbuild(&["init"]).code(3).says("holds no go.mod");
    let elsewhere = Project::empty().file("targets.toml", "schema = 1\n\n[project]\ndir = \"app\"\n");
    elsewhere.xbuild(&["plan"]).code(3).says("/app holds no go.mod\n").says("as `dir` in [project]");
}
