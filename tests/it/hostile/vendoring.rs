//! Vendoring follows the user's settings about modules, and no other.

use std::fs;

use super::scene::Scene;
use crate::support::{Call, ModuleTree, Project, own_store};

#[test]
fn vendoring_runs_nothing_that_the_users_settings_name() {
    let tree = ModuleTree::new().module(
        "example.test/lib",
        "v1.0.0",
        &[("lib.go", "package lib\n\nfunc Name() string { return \"lib\" }\n")],
    );
    let main = "package main\n\nimport \"example.test/lib\"\n\nfunc main() { println(lib.Name()) }\n";
    let go_mod = "module example.test/app\n\ngo 1.24\n\nrequire example.test/lib v1.0.0\n";
    let settings = "GOCACHEPROG={canary}\nGOFLAGS=-toolexec={canary}\nGOTOOLCHAIN=go1.99.0+path\nCC={canary}\n\
                    GOCACHE={dir}/gocache\nGOTMPDIR={dir}/nowhere\nGOWORK={dir}/go.work\nGO111MODULE=off\n";
    for (command, in_file) in [("build", false), ("build", true), ("vendor", false), ("vendor", true)] {
        let scene = Scene::new();
        let project =
            Project::empty().file("go.mod", go_mod).file("go.sum", tree.go_sum()).file("main.go", main);
        let store = own_store();
        let path = std::env::var("PATH").unwrap();
        let mut call = Call::new(project.path(), &[command])
            .env("XBUILD_CACHE_DIR", store.path())
            .env("GOPROXY", tree.url())
            .env("HOME", scene.dir().join("home"))
            .env("PATH", format!("{}:{path}", scene.dir().join("bin").display()));
        if command == "vendor" {
            // The user's own `go` counts its runs in the user's home directory, and online it is the user's.
            fs::create_dir_all(scene.dir().join("home/.config/go/telemetry")).unwrap();
            scene.write("home/.config/go/telemetry/mode", "off 2026-01-01");
        }
        let settings = scene.filled(settings);
        if in_file {
            scene.write("home/.config/go/env", &settings);
        } else {
            for line in settings.lines() {
                let (name, value) = line.split_once('=').unwrap();
                call = call.env(name, value);
            }
        }
        let outcome = scene.run(command, call);
        assert_eq!(outcome.code, 0, "{command}, in a file: {in_file}\n{}", outcome.stderr);
    }
}
