//! `xbuild explain`: what has changed, in the words of whoever changed it.

use serde_json::Value;

use crate::support::{Call, ModuleTree, Project, table};

const FILE: &str = "schema = 1\ntargets = [\"linux/amd64\", \"windows/amd64\"]\n\n[project]\nname = \"app\"\nversion = \"1.0.0\"\n\n\
                    [[build]]\nid = \"app\"\nmain = \".\"\nldflags = [\"-s\"]\nenv = [\"GOEXPERIMENT\"]\n";

fn with_library(tree: ModuleTree, version: &str) -> ModuleTree {
    let one = format!("package one\n\nfunc Name() string {{ return \"{version}\" }}\n");
    let two = format!("package one\n\nconst Two = \"{version}\"\n");
    tree.module("dep.test/one", version, &[("one.go", &one), ("two.go", &two)])
}

fn text(call: Call) -> String {
    call.ok().stdout
}

#[test]
fn each_kind_of_change_is_named() {
    let tree = with_library(with_library(ModuleTree::new(), "v1.0.0"), "v1.1.0");
    let project = Project::empty()
        .file("go.mod", "module example.test/app\n\ngo 1.24\n\nrequire dep.test/one v1.0.0\n")
        .file("go.sum", tree.go_sum())
        .file("targets.toml", FILE)
        .file("main.go", "package main\n\nimport \"dep.test/one\"\n\nfunc main() { println(one.Name()) }\n")
        .file("main_windows.go", "package main\n");
    let call = |args: &[&str]| project.xbuild(args).env("GOPROXY", tree.url());
    let explain = || text(call(&["explain"]));
    let build = || call(&["--no-package"]).ok();
    let mut shown = String::new();
    let mut show = |what: &str, said: &str| shown.push_str(&format!("{what}\n{said}\n"));

    let said = explain();
    assert!(
        said.contains("app  linux/amd64 windows/amd64\n  would be built: it was never built here"),
        "{said}"
    );
    build();
    let said = explain();
    assert!(said.contains("up to date: built 20") && said.contains("seal strict, vendor verified"), "{said}");
    assert!(said.contains("it was built because there was none before"), "{said}");
    show("nothing has changed", &said);

    // A file, for one of the targets.
    project.write("main_windows.go", "package main\n\nfunc init() {}\n");
    let said = explain();
    assert!(
        said.contains("app  linux/amd64\n  up to date")
            && said.contains("app  windows/amd64\n  would be built"),
        "{said}"
    );
    assert!(said.contains("file  main_windows.go  ") && said.contains(" -> "), "{said}");
    show("a file of windows", &said);
    build();
    let said = text(call(&["explain", "windows/amd64"]));
    assert!(said.contains("it was built because of\n    file  main_windows.go  "), "{said}");
    show("and then it was built", &said);

    project.write("targets.toml", &FILE.replace("[\"-s\"]", "[\"-s\", \"-w\"]"));
    let said = explain();
    assert!(said.contains("flag  -ldflags  -s -> -s -w"), "{said}");
    show("a flag", &said);
    build();

    let said = text(call(&["explain"]).env("GOEXPERIMENT", "jsonv2"));
    assert!(said.contains("variable  GOEXPERIMENT  - -> jsonv2"), "{said}");
    show("a variable", &said);

    project.write("go.mod", "module example.test/app\n\ngo 1.24\n\nrequire dep.test/one v1.1.0\n");
    let said = explain();
    let one = "\n    module   dep.test/one        v1.0.0 -> v1.1.0  (2 files)\n";
    assert!(said.contains("app  linux/amd64 windows/amd64\n") && said.contains(one), "{said}");
    assert!(said.contains("modules  go.mod"), "{said}");
    show("a module", &said);
    build();

    project.write("new.go", "package main\n");
    std::fs::remove_file(project.path().join("main_windows.go")).unwrap();
    let said = explain();
    assert!(said.contains("file  new.go") && said.contains("- -> "), "{said}");
    show("a new file and one that is gone", &said);
    table("explain", &format!("explain, after\n{shown}"));

    // As data, with the digests in full.
    let said = text(call(&["explain", "--json", "windows/amd64"]));
    let value: Value = serde_json::from_str(&said).unwrap();
    let one = &value[0];
    assert_eq!((one["target"].as_str(), one["build"].as_str()), (Some("windows/amd64"), Some("app")));
    assert_eq!(one["verdict"], "build");
    let names: Vec<&str> =
        one["changes"].as_array().unwrap().iter().map(|change| change["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["main_windows.go", "new.go"]);
    assert_eq!(one["inputs"]["versions"]["dep.test/one"], "v1.1.0");
    assert_eq!(one["inputs"]["files"]["main.go"].as_str().unwrap().len(), 64);
}

#[test]
fn reasons_that_are_no_change() {
    let project = Project::hello();
    let args = &["--no-package", "--target", "linux/amd64", "--seal=env"];
    project.xbuild(args).ok();
    let said = text(project.xbuild(&["explain", "--seal=strict", "linux/amd64"]));
    assert!(said.contains("would be built: it was sealed as env, and strict is asked for"), "{said}");
    // What cannot be loaded is said, and is no error of explain.
    project.write("new.go", "package other\n");
    let said = text(project.xbuild(&["explain", "linux/amd64"]));
    assert!(said.contains("Go cannot load its packages; the build says why"), "{said}");
    project.xbuild(&["explain", "--target", "linux/amd46"]).code(2).says("did you mean");
}
