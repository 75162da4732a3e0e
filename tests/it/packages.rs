//! Packages as Python reads them, and recipes of a project.

use serde_json::{Value, json};

use crate::support::{Project, SAMPLE_TARGETS};

/// The moment of the commit that `Project::git` makes.
const COMMITTED: i64 = 1_767_323_045;

fn sample() -> Project {
    let project = Project::sample(true)
        .file("targets.toml", SAMPLE_TARGETS)
        .file("LICENSE", "Do as you like.\n")
        .file("docs/guide/first.md", "First.\n")
        .file("docs/second.md", "Second.\n")
        .file("docs/picture.svg", "<svg/>\n");
    project.git(Some("v1.2.3"));
    project
}

const TAR: &str = "
import json, sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    print(json.dumps([[m.name, m.isreg(), m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime, m.size]
                      for m in archive]))
";

const ZIP: &str = "
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps([[i.filename, i.external_attr >> 16, list(i.date_time), i.create_system, i.file_size]
                      for i in archive.infolist()]))
";

fn listed(project: &Project, script: &str, package: &str) -> Value {
    let path = format!("dist/{package}");
    serde_json::from_str(&project.run("python3", &["-c", script, &path])).unwrap()
}

fn size(project: &Project, path: &str) -> u64 {
    std::fs::metadata(project.path().join(path)).unwrap().len()
}

#[test]
fn a_tar_holds_what_the_recipe_says() {
    let project = sample();
    project.xbuild(&["--target", "linux/amd64"]).ok();
    let entry = |name: &str, mode: u32, path: &str, time: i64| {
        json!([name, true, mode, 0, 0, "", "", time, size(&project, path)])
    };
    let expected = |time: i64| {
        json!([
            entry("LICENSE", 0o644, "LICENSE", time),
            entry("README.md", 0o644, "README.md", time),
            entry("hello", 0o755, "dist/hello_linux_amd64/hello", time),
        ])
    };
    assert_eq!(listed(&project, TAR, "hello_1.2.3_linux_amd64.tar.gz"), expected(COMMITTED));

    project.xbuild(&["--target", "linux/amd64"]).env("SOURCE_DATE_EPOCH", "1000000000").ok();
    assert_eq!(listed(&project, TAR, "hello_1.2.3_linux_amd64.tar.gz"), expected(1_000_000_000));
    // ldflags carry the date too.
    let said = project.run("dist/hello_linux_amd64/hello", &["--version"]);
    assert!(said.contains("2001-09-09T01:46:40Z"), "{said}");

    project.run("tar", &["-xzf", "dist/hello_1.2.3_linux_amd64.tar.gz", "-C", "docs"]);
    assert!(project.run("docs/hello", &[]).starts_with("Hello, world!"));
}

#[test]
fn a_zip_holds_what_the_recipe_says() {
    let project = sample();
    project.xbuild(&["--target", "windows/amd64"]).ok();
    let entry = |name: &str, mode: u32, path: &str| {
        // Two-second steps: 03:04:05 is 03:04:04.
        json!([name, 0o100_000 | mode, [2026, 1, 2, 3, 4, 4], 3, size(&project, path)])
    };
    let expected = json!([
        entry("LICENSE", 0o644, "LICENSE"),
        entry("README.md", 0o644, "README.md"),
        entry("hello.exe", 0o755, "dist/hello_windows_amd64/hello.exe"),
    ]);
    assert_eq!(listed(&project, ZIP, "hello_1.2.3_windows_amd64.zip"), expected);
}

#[test]
fn times_before_1980_do_not_stop_a_zip() {
    let project = Project::hello();
    project.xbuild(&["--target", "windows/amd64"]).env("SOURCE_DATE_EPOCH", "0").ok();
    let entries = listed(&project, ZIP, "app_0.0.0-dev_windows_amd64.zip");
    assert_eq!(entries[0][2], json!([1980, 1, 1, 0, 0, 0]));
}

#[test]
fn a_recipe_of_the_project_replaces_a_built_in_one() {
    let project = sample();
    project.write(
        "recipes/archive.toml",
        r#"schema = 1
description = "ours"
format = "tar.gz"
name = "{project}-{os}-{arch}{variant}-v{version}.{format}"

[[file]]
source = "binary"
dest = "bin/"
mode = "0755"

[[file]]
source = "docs/**/*.md"
dest = "share/{project}/"

[[file]]
source = "LICENSE"
dest = "COPYING-{os}.txt"
mode = "0600"

[[override]]
os = "windows"
format = "zip"
"#,
    );
    project.xbuild(&["--target", "linux/amd64", "--target", "windows/amd64"]).ok();
    let names = |entries: &Value| {
        let entries = entries.as_array().unwrap();
        entries.iter().map(|entry| entry[0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let entries = listed(&project, TAR, "hello-linux-amd64-v1.2.3.tar.gz");
    let expected = ["COPYING-linux.txt", "bin/hello", "share/hello/guide/first.md", "share/hello/second.md"];
    assert_eq!(names(&entries), expected);
    assert_eq!((&entries[0][2], &entries[1][2]), (&json!(0o600), &json!(0o755)));
    let entries = listed(&project, ZIP, "hello-windows-amd64-v1.2.3.zip");
    assert_eq!(names(&entries)[..2], ["COPYING-windows.txt", "bin/hello.exe"]);
    assert!(!project.exists("dist/hello_1.2.3_linux_amd64.tar.gz"));
    let sums = project.read("dist/hello_1.2.3_checksums.txt");
    assert!(sums.contains("  hello-linux-amd64-v1.2.3.tar.gz\n"), "{sums}");
}

#[test]
fn a_package_that_cannot_be_made_fails_its_target() {
    let project = sample();
    project.write(
        "recipes/archive.toml",
        "schema = 1\nformat = \"tar.gz\"\nname = \"{project}_{os}_{arch}.{format}\"\n\n\
         [[file]]\nsource = \"docs/**/*.md\"\ndest = \"one.md\"\n",
    );
    let outcome = project.xbuild(&["--target", "linux/amd64"]).code(1);
    outcome.says("the recipe archive puts both").says("at one.md").says("change a `dest` in the recipe");
    assert!(!project.exists("dist/hello_linux_amd64.tar.gz"));
    let listed = project.artifacts();
    assert!(!listed.iter().any(|record| record["type"] == "Archive"), "{listed:?}");
}

#[test]
fn links_become_the_files_that_they_lead_to() {
    let project = sample();
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, project.path().join(name)).unwrap();
    };
    link("docs/second.md", "README.inside");
    project.xbuild(&["--target", "linux/amd64"]).ok();
    let entries = listed(&project, TAR, "hello_1.2.3_linux_amd64.tar.gz");
    let names: Vec<&str> =
        entries.as_array().unwrap().iter().map(|entry| entry[0].as_str().unwrap()).collect();
    assert_eq!(names, ["LICENSE", "README.inside", "README.md", "hello"]);
    // As a file, not as a link.
    assert_eq!((&entries[1][1], &entries[1][8]), (&json!(true), &json!(size(&project, "docs/second.md"))));
}
