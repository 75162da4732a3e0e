//! A project in the middle of a hostile host: canaries first on PATH, a hostile home, and directories that must stay
//! as they are.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Call, Outcome, Project, own_store};

const MAIN: &str = r#"package main

import (
	"crypto/sha256"
	"os"
)

var version = "none"

func main() {
	sum := sha256.Sum256([]byte(version))
	os.Stdout.Write(sum[:])
}
"#;

const TARGETS: &str = r#"schema = 1
targets = ["linux/amd64"]

[[build]]
id = "app"
ldflags = ["-X main.version={version}-{commit}"]
"#;

/// Programs that a hostile PATH offers.
const CANARIES: &[&str] = &[
    "ar",
    "as",
    "bzr",
    "c++",
    "cc",
    "clang",
    "fossil",
    "g++",
    "gcc",
    "gccgo",
    "gfortran",
    "go1.99.0",
    "hg",
    "ld",
    "link",
    "compile",
    "asm",
    "pkg-config",
    "ssh",
    "svn",
    "xdg-open",
];

/// The host, the project in it, and a store of its own.
pub struct Scene {
    outer: Project,
    store: tempfile::TempDir,
}

impl Scene {
    /// The project lies in `app`, a checkout with a tag.
    pub fn new() -> Self {
        let inner = Project::hello().file("main.go", MAIN).file("targets.toml", TARGETS);
        inner
            .write("hostile.go", "//go:build hostile\n\npackage main\n\nfunc init() { println(\"evil\") }\n");
        inner.git(Some("v1.2.3"));
        let outer = Project::empty();
        outer.run("cp", &["-a", inner.path().to_str().unwrap(), outer.path().join("app").to_str().unwrap()]);
        let scene = Scene { outer, store: own_store() };
        fs::create_dir_all(scene.dir().join("marks")).unwrap();
        for name in CANARIES.iter().chain(&["canary"]) {
            scene.program(&format!("bin/{name}"), name);
        }
        for name in ["gocache", "modcache", "gopath", "cover", "telemetry", "home/.cache", "home/.data"] {
            fs::create_dir_all(scene.dir().join(name)).unwrap();
        }
        scene.write("gocache/00/poison-a", "v1 poison\n");
        scene.write("evil.so", "no library\n");
        scene.write("netrc", "machine nowhere.test login evil password evil\n");
        let gitconfig =
            scene.filled("[core]\n\tfsmonitor = {canary}\n\tpager = {canary}\n\thooksPath = {dir}/bin\n");
        scene.write("gitconfig", &gitconfig);
        scene.write("home/.gitconfig", &gitconfig);
        scene.write("go.work", "go 1.99\n\nuse ./nowhere\n");
        scene
    }

    fn program(&self, path: &str, name: &str) {
        let mark = self.dir().join("marks").join(name);
        self.write(path, &format!("#!/bin/sh\n: > {}\nexit 1\n", mark.display()));
        fs::set_permissions(self.dir().join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The directory that must stay as it is.
    pub fn dir(&self) -> PathBuf {
        self.outer.path().join("host")
    }

    /// Writes below it.
    pub fn write(&self, path: &str, text: &str) {
        self.outer.write(&format!("host/{path}"), text);
    }

    /// The directory around it and the project.
    pub fn outer(&self) -> &Project {
        &self.outer
    }

    /// A variable's value.
    pub fn filled(&self, value: &str) -> String {
        let dir = self.dir();
        let dir = dir.to_str().unwrap();
        value.replace("{canary}", &format!("{dir}/bin/canary")).replace("{dir}", dir)
    }

    /// A call that builds the project; it must link, for nothing that it has made before is at hand.
    pub fn call(&self) -> Call {
        let kept = self.store.path().join("actions-v0");
        if kept.exists() {
            fs::remove_dir_all(kept).unwrap();
        }
        let path = std::env::var("PATH").unwrap();
        let out = self.program_path();
        Call::new(&self.outer.path().join("app"), &["--target", "linux/amd64", "-o", out.to_str().unwrap()])
            .env("XBUILD_CACHE_DIR", self.store.path())
            .env("HOME", self.dir().join("home"))
            .env("PATH", format!("{}:{path}", self.dir().join("bin").display()))
    }

    fn program_path(&self) -> PathBuf {
        self.store.path().join("out/app")
    }

    /// Builds, and returns the program. Whatever happens around it, nothing may change there.
    #[track_caller]
    pub fn build(&self, what: &str, call: Call) -> Vec<u8> {
        let outcome = self.run(what, call);
        assert_eq!(outcome.code, 0, "{what}:\n{}", outcome.stderr);
        assert!(!outcome.stderr.contains("cached"), "{what} built nothing:\n{}", outcome.stderr);
        fs::read(self.program_path()).unwrap()
    }

    /// Runs a call; nothing may change around it.
    #[track_caller]
    pub fn run(&self, what: &str, call: Call) -> Outcome {
        let before = paths(self.outer.path());
        let outcome = call.run();
        let after = paths(self.outer.path());
        let new: Vec<_> = after.symmetric_difference(&before).collect();
        assert!(new.is_empty(), "{what} left {new:?}\n{}", outcome.stderr);
        outcome
    }
}

fn paths(dir: &Path) -> BTreeSet<PathBuf> {
    walkdir::WalkDir::new(dir).into_iter().map(|entry| entry.unwrap().into_path()).collect()
}
