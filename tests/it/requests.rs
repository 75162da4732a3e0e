//! What the command line may ask for beyond the file: targets in any module, one program at a path, a part.

use std::fs;

use crate::support::{Project, SAMPLE_TARGETS};

fn two_programs() -> Project {
    Project::empty()
        .file("go.mod", "module example.test/tools\n\ngo 1.24\n")
        .file("cmd/one/main.go", "package main\n\nfunc main() { println(\"one\") }\n")
        .file("cmd/two/main.go", "package main\n\nfunc main() { println(\"two\") }\n")
        .file("lib/lib.go", "package lib\n")
}

fn programs(project: &Project) -> Vec<String> {
    let records = project.artifacts().into_iter().filter(|record| record["type"] == "Binary");
    records.map(|record| record["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_module_without_targets_toml() {
    let project = Project::hello();
    project.xbuild(&["--target", "linux/arm64"]).ok();
    assert_eq!(programs(&project), ["dist/app_linux_arm64/app"]);
    assert!(project.exists("dist/app_0.0.0-dev_linux_arm64.tar.gz"));
    let header = fs::read(project.path().join("dist/app_linux_arm64/app")).unwrap();
    // EM_AARCH64 in the ELF header.
    assert_eq!((&header[..4], header[18]), (&b"\x7fELF"[..], 183));
}

#[test]
fn without_a_word_it_is_the_host() {
    let project = Project::hello();
    project.xbuild(&[]).ok();
    let host = crate::support::go(project.path(), &["env", "GOOS", "GOARCH"], &[]);
    let host = host.trim().replace('\n', "_");
    assert_eq!(programs(&project), [format!("dist/app_{host}/app")]);
    assert_eq!(project.run(&format!("dist/app_{host}/app"), &[]), "hello\n");
}

#[test]
fn several_programs_are_several_artifacts() {
    let project = two_programs();
    project.xbuild(&["--target", "linux/amd64", "--target", "windows/amd64"]).ok();
    let expected = [
        "dist/one_linux_amd64/one",
        "dist/one_windows_amd64/one.exe",
        "dist/two_linux_amd64/two",
        "dist/two_windows_amd64/two.exe",
    ];
    assert_eq!(programs(&project), expected);
    let listing = project.run("tar", &["-tzf", "dist/tools_0.0.0-dev_linux_amd64.tar.gz"]);
    assert_eq!(listing, "one\ntwo\n");
}

#[test]
fn a_subdirectory_means_what_is_below_it() {
    let project = two_programs();
    let below = crate::support::Call::new(&project.path().join("cmd/two"), &["--target", "linux/amd64"]);
    below.ok();
    assert_eq!(programs(&project), ["dist/two_linux_amd64/two"]);
    assert!(!project.exists("cmd/two/dist"));

    let elsewhere = crate::support::Call::new(&project.path().join("lib"), &["--target", "linux/amd64"]);
    elsewhere.code(3).says("no main package");

    // With a file, every directory of the project means the project.
    let project = Project::sample(true).file("targets.toml", SAMPLE_TARGETS);
    let below = crate::support::Call::new(&project.path().join("internal"), &["--target", "linux/amd64"]);
    below.ok();
    assert_eq!(programs(&project), ["dist/hello_linux_amd64/hello"]);
}

#[test]
fn one_program_to_a_path() {
    let project = Project::hello();
    let target = ["--target", "linux/amd64", "-o"];
    let at = |path: &str| project.xbuild(&[&target[..], &[path]].concat());
    at("out").ok();
    assert_eq!(project.run("./out", &[]), "hello\n");
    at("new/dir/").ok();
    at("deep/er/name").ok();
    fs::create_dir(project.path().join("there")).unwrap();
    at("there").ok();
    let bytes = fs::read(project.path().join("out")).unwrap();
    for path in ["new/dir/app", "deep/er/name", "there/app"] {
        assert_eq!(fs::read(project.path().join(path)).unwrap(), bytes, "{path}");
    }
    assert!(!project.exists("dist"));
    assert_eq!(fs::read_dir(project.path().join("new/dir")).unwrap().count(), 1);
    let here: Vec<String> = project.snapshot("").into_keys().collect();
    assert_eq!(here, ["deep/er/name", "go.mod", "main.go", "new/dir/app", "out", "there/app"]);
}

#[test]
fn a_path_with_a_suffix_for_windows() {
    let project = Project::hello();
    project.xbuild(&["--target", "windows/amd64", "-o", "bin/"]).ok();
    assert!(project.exists("bin/app.exe"));
}

#[test]
fn a_failed_program_leaves_the_path_as_it_was() {
    let project = Project::hello().file("out", "the old one");
    project.write("main.go", "package main\n\nfunc main() { undefined() }\n");
    project.xbuild(&["--target", "linux/amd64", "-o", "out"]).code(1).says("undefined: undefined");
    assert_eq!(project.read("out"), "the old one");
    let here: Vec<String> = project.snapshot("").into_keys().collect();
    assert_eq!(here, ["go.mod", "main.go", "out"]);
}

#[test]
fn a_path_for_several_programs_is_a_mistake() {
    let project = two_programs();
    let outcome = project.xbuild(&["--target", "linux/amd64", "-o", "out"]).code(2);
    outcome.says("-o names one file, and this request builds 2 programs").says("--build");
    let outcome = Project::hello().xbuild(&["--target", "linux/*64", "-o", "out"]).code(2);
    outcome.says("-o names one file");
    assert!(!project.exists("out") && !project.exists("dist"));

    project.xbuild(&["--target", "linux/amd64", "--build", "two", "-o", "out"]).ok();
    assert!(project.exists("out"));
    let outcome = project.xbuild(&["--target", "linux/amd64", "--build", "three", "-o", "out"]).code(2);
    outcome.says("no build has the id \"three\"; the ids are one, two");
}

#[test]
fn a_program_for_one_system_only() {
    let project = two_programs();
    project.write("cmd/win/main_windows.go", "package main\n\nfunc main() {}\n");
    project.xbuild(&["--target", "linux/amd64", "--target", "windows/amd64", "--no-package"]).ok();
    let mut expected = Vec::new();
    for target in ["linux", "windows"] {
        let suffix = if target == "windows" { ".exe" } else { "" };
        expected.extend(["one", "two"].map(|id| format!("dist/{id}_{target}_amd64/{id}{suffix}")));
    }
    expected.push("dist/win_windows_amd64/win.exe".to_owned());
    expected.sort();
    assert_eq!(programs(&project), expected);
}
