//! dist/: names, lists, sums and packages, as the tools that readers have at hand see them.

use std::fs;
use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Call, Project, SAMPLE_TARGETS, go, leftovers, own_store};

fn sample() -> Project {
    let project = Project::sample(true)
        .file("targets.toml", SAMPLE_TARGETS)
        .file("LICENSE", "Do as you like.\n")
        .file("notes/private.md", "Not for readers.\n");
    project.git(Some("v1.2.3"));
    project
}

fn files(project: &Project) -> Vec<String> {
    project.snapshot("dist").into_keys().collect()
}

/// Runs a tool of the host inside dist/.
fn inside(project: &Project, program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(project.path().join("dist")).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; run `make test-setup`"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(output.status.success(), "{program} {args:?}: {said}");
    said
}

#[test]
fn names_of_files_and_directories() {
    let project = Project::hello();
    let targets = ["linux/amd64", "linux/amd64/v3", "linux/arm/7", "windows/amd64"];
    let args: Vec<&str> = targets.iter().flat_map(|target| ["--target", target]).collect();
    project.xbuild(&args).env("XBUILD_VERSION", "v2.0.0-rc.1+b").ok();
    let expected = [
        "app_2.0.0-rc.1+b_checksums.txt",
        "app_2.0.0-rc.1+b_checksums_blake3.txt",
        "app_2.0.0-rc.1+b_linux_amd64.tar.gz",
        "app_2.0.0-rc.1+b_linux_amd64v3.tar.gz",
        "app_2.0.0-rc.1+b_linux_armv7.tar.gz",
        "app_2.0.0-rc.1+b_windows_amd64.zip",
        "app_linux_amd64/app",
        "app_linux_amd64_v3/app",
        "app_linux_arm_7/app",
        "app_windows_amd64/app.exe",
        "artifacts.json",
        "metadata.json",
    ];
    assert_eq!(files(&project), expected);
    let variants: Vec<Value> = project
        .artifacts()
        .into_iter()
        .filter(|record| record["type"] == "Binary")
        .map(|record| json!([record["goos"], record["goarch"], record["variant"], record["target"]]))
        .collect();
    let expected = [
        json!(["linux", "amd64", null, "linux_amd64"]),
        json!(["linux", "amd64", "v3", "linux_amd64_v3"]),
        json!(["linux", "arm", "7", "linux_arm_7"]),
        json!(["windows", "amd64", null, "windows_amd64"]),
    ];
    assert_eq!(variants, expected);
}

#[test]
fn stock_tools_accept_the_sums() {
    let project = sample();
    project.xbuild(&[]).ok();
    let said = inside(&project, "sha256sum", &["--strict", "-c", "hello_1.2.3_checksums.txt"]);
    assert_eq!(said.matches(": OK").count(), 3, "{said}");
    let said = inside(&project, "b3sum", &["--check", "hello_1.2.3_checksums_blake3.txt"]);
    assert_eq!(said.matches(": OK").count(), 3, "{said}");

    let archive = project.path().join("dist/hello_1.2.3_linux_amd64.tar.gz");
    let mut bytes = fs::read(&archive).unwrap();
    bytes[100] ^= 1;
    fs::write(&archive, bytes).unwrap();
    for (tool, flag, list) in [
        ("sha256sum", "-c", "hello_1.2.3_checksums.txt"),
        ("b3sum", "--check", "hello_1.2.3_checksums_blake3.txt"),
    ] {
        let checked = Command::new(tool).args([flag, list]).current_dir(project.path().join("dist")).output();
        assert!(!checked.unwrap().status.success(), "{tool} accepts a changed file");
    }
}

#[test]
fn artifacts_json_speaks_of_every_file() {
    let project = sample();
    project.xbuild(&[]).ok();
    let records = project.artifacts();
    let mut listed: Vec<String> = Vec::new();
    for record in &records {
        let path = record["path"].as_str().unwrap();
        let file = path.strip_prefix("dist/").unwrap();
        listed.push(file.to_owned());
        assert_eq!(record["name"], *file.rsplit('/').next().unwrap());
        let extra = &record["extra"];
        let sha256 = inside(&project, "sha256sum", &[file]);
        let blake3 = inside(&project, "b3sum", &[file]);
        assert_eq!(extra["Checksum"], format!("sha256:{}", sha256.split(' ').next().unwrap()));
        assert_eq!(extra["BLAKE3"], *blake3.split(' ').next().unwrap());
        assert_eq!(extra["Size"], fs::metadata(project.path().join(path)).unwrap().len());
    }
    listed.extend(["artifacts.json", "metadata.json"].map(str::to_owned));
    listed.sort();
    assert_eq!(listed, files(&project));

    let find = |name: &str, kind: &str| {
        let found = records.iter().find(|record| record["path"] == name && record["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind} {name}"))
    };
    let program = find("dist/hello_windows_amd64/hello.exe", "Binary");
    assert_eq!((&program["goos"], &program["goarch"]), (&json!("windows"), &json!("amd64")));
    assert_eq!((&program["extra"]["ID"], &program["extra"]["Ext"]), (&json!("hello"), &json!(".exe")));
    assert_eq!(program["extra"]["Binary"], "hello.exe");
    let package = find("dist/hello_1.2.3_windows_amd64.zip", "Archive");
    assert_eq!((&package["extra"]["Format"], &package["extra"]["ID"]), (&json!("zip"), &json!("archive")));
    assert_eq!(package["extra"]["Binaries"], json!(["hello.exe"]));
    let package = find("dist/hello_1.2.3_linux_arm64.tar.gz", "Archive");
    assert_eq!((&package["extra"]["Format"], &package["goarch"]), (&json!("tar.gz"), &json!("arm64")));
    find("dist/hello_1.2.3_checksums.txt", "Checksum");
    find("dist/hello_1.2.3_checksums_blake3.txt", "Checksum");

    let printed = project.xbuild(&["--json"]).ok().stdout;
    assert_eq!(serde_json::from_str::<Vec<Value>>(&printed).unwrap(), records);
}

#[test]
fn metadata_json_says_what_and_with_what() {
    let project = sample();
    project.xbuild(&["--no-package"]).ok();
    let metadata: Value = serde_json::from_str(&project.read("dist/metadata.json")).unwrap();
    let commit = project.run("git", &["rev-parse", "HEAD"]).trim().to_owned();
    for (name, value) in [
        ("project_name", json!("hello")),
        ("tag", json!("v1.2.3")),
        ("version", json!("1.2.3")),
        ("commit", json!(commit)),
        ("date", json!("2026-01-02T03:04:05Z")),
        ("dirty", json!(false)),
        ("targets", json!(["linux/amd64", "linux/arm64", "windows/amd64"])),
    ] {
        assert_eq!(metadata[name], value, "{name}");
    }
    assert_eq!(metadata["vendor"]["origin"], "project");
    assert_eq!(metadata["vendor"]["proof"], "verified");
    assert_eq!(metadata["vendor"]["modules"].as_array().unwrap().len(), 2);
    let version = go(project.path(), &["env", "GOVERSION"], &[]);
    assert_eq!(metadata["sdk"]["version"], version.trim());

    // The digest again, with stock tools: sorted lines of BLAKE3 and path.
    let goroot = go(project.path(), &["env", "GOROOT"], &[]);
    let script = "cd \"$1\" && find VERSION go.env bin pkg/tool -type f 2>/dev/null | LC_ALL=C sort | \
                  xargs b3sum | b3sum --no-names";
    let digest = project.run("/bin/sh", &["-c", script, "sh", goroot.trim()]);
    assert_eq!(metadata["sdk"]["tools_blake3"], digest.trim());
    let script = "cd \"$1\" && find . -type f ! -name '*_test.go' ! -path '*/testdata/*' ! -path './api/*' \
                  ! -path './doc/*' ! -path './misc/*' ! -path './test/*' ! -path './src/cmd/*' ! -path '*/.git/*' | sed 's|^./||' | \
                  LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 b3sum | b3sum --no-names";
    let digest = project.run("/bin/sh", &["-c", script, "sh", goroot.trim()]);
    assert_eq!(metadata["sdk"]["goroot_blake3"], digest.trim());
}

#[test]
fn a_part_keeps_the_rest_of_the_same_release() {
    let project = sample();
    project.xbuild(&[]).ok();
    let (before, records) = (project.snapshot("dist"), project.artifacts());
    project.xbuild(&["--target", "linux/arm64"]).ok();
    assert_eq!(project.artifacts(), records);
    assert!(project.snapshot("dist") == before);

    // A program that is no longer what was recorded is not vouched for again.
    project.write("dist/hello_windows_amd64/hello.exe", "changed");
    project.xbuild(&["--target", "linux/arm64"]).ok();
    let listed =
        project.artifacts().iter().any(|record| record["path"] == "dist/hello_windows_amd64/hello.exe");
    assert!(!listed);
}

#[test]
fn a_part_of_another_release_stands_alone() {
    let project = sample();
    project.xbuild(&[]).ok();
    project.xbuild(&["--target", "linux/arm64"]).env("XBUILD_VERSION", "1.2.4").ok();
    let expected = [
        "artifacts.json",
        "hello_1.2.4_checksums.txt",
        "hello_1.2.4_checksums_blake3.txt",
        "hello_1.2.4_linux_arm64.tar.gz",
        "hello_linux_arm64/hello",
        "metadata.json",
    ];
    assert_eq!(files(&project), expected);

    project.xbuild(&[]).ok();
    project.write("README.md", "Another commit.\n");
    project.run("git", &["-c", "user.name=t", "-c", "user.email=t@example.test", "commit", "-qam", "two"]);
    project.run("git", &["tag", "-f", "v1.2.3"]);
    project.xbuild(&["--target", "linux/arm64"]).ok();
    let targets: Vec<Value> =
        project.artifacts().into_iter().filter(|record| record["type"] == "Binary").collect();
    assert_eq!(targets.len(), 1, "programs of another commit under the same version");
    assert!(!project.exists("dist/hello_linux_amd64/hello"));
}

#[test]
fn programs_of_another_sdk_are_dropped() {
    let project = sample();
    project.xbuild(&["--no-package"]).ok();
    let mut metadata: Value = serde_json::from_str(&project.read("dist/metadata.json")).unwrap();
    metadata["sdk"]["goroot_blake3"] = "0".repeat(64).into();
    project.write("dist/metadata.json", &metadata.to_string());
    project.xbuild(&["--no-package", "--target", "linux/arm64"]).ok();
    let programs: Vec<Value> =
        project.artifacts().into_iter().filter(|record| record["type"] == "Binary").collect();
    assert_eq!(programs.len(), 1, "{programs:?}");
    let metadata: Value = serde_json::from_str(&project.read("dist/metadata.json")).unwrap();
    assert_eq!(metadata["targets"], json!(["linux/arm64"]));
}

#[test]
fn parts_at_the_same_time_make_a_whole() {
    let project = sample();
    let parts = ["linux/amd64", "linux/arm64", "windows/amd64"];
    let runs: Vec<_> =
        parts.map(|target| project.xbuild(&["-q", "-j", "1", "--target", target]).start()).into();
    for (mut child, _home) in runs {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let together = project.snapshot("dist");
    fs::remove_dir_all(project.path().join("dist")).unwrap();
    project.xbuild(&[]).ok();
    assert_eq!(together.keys().collect::<Vec<_>>(), project.snapshot("dist").keys().collect::<Vec<_>>());
    assert!(together == project.snapshot("dist"));
}

#[test]
fn what_xbuild_did_not_write_stays() {
    let project = sample();
    let mine = ["notes.txt", "hello_linux_amd64/notes.txt", "hello_1.2.2_checksums.txt", "old/deep/file"];
    for file in mine {
        project.write(&format!("dist/{file}"), "mine");
    }
    project.xbuild(&[]).ok();
    project.xbuild(&["--target", "linux/arm64"]).env("XBUILD_VERSION", "1.2.4").ok();
    for file in mine {
        assert_eq!(project.read(&format!("dist/{file}")), "mine");
    }
    assert!(!project.exists("dist/hello_linux_amd64/hello"));

    // A list that claims files outside dist/ is not obeyed.
    project.write("precious.txt", "mine");
    let claim = |path: &str| json!({"name": "x", "path": path, "type": "Binary", "extra": {}});
    let list =
        json!([claim("dist/../precious.txt"), claim("precious.txt"), claim("dist/notes.txt/../../go.mod")]);
    project.write("dist/artifacts.json", &list.to_string());
    project.xbuild(&[]).ok();
    assert_eq!(project.read("precious.txt"), "mine");
    assert!(project.exists("go.mod") && project.exists("dist/notes.txt"));
}

#[test]
fn nothing_is_left_over() {
    let (project, store) = (sample(), own_store());
    let dist = project.path().join("dist");
    let run = || project.xbuild(&[]).env("XBUILD_CACHE_DIR", store.path());
    run().ok();
    assert_eq!(leftovers(Some(&dist), store.path()), Vec::<std::path::PathBuf>::new());
    project.write("cmd/hello/broken_windows.go", "package main\n\nvar x int = \"\"\n");
    run().code(1);
    assert_eq!(leftovers(Some(&dist), store.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn no_packages_on_request() {
    let project = sample();
    project.xbuild(&["--no-package"]).ok();
    let expected = [
        "artifacts.json",
        "hello_1.2.3_checksums.txt",
        "hello_1.2.3_checksums_blake3.txt",
        "hello_linux_amd64/hello",
        "hello_linux_arm64/hello",
        "hello_windows_amd64/hello.exe",
        "metadata.json",
    ];
    assert_eq!(files(&project), expected);
    let said = inside(&project, "sha256sum", &["--strict", "-c", "hello_1.2.3_checksums.txt"]);
    assert_eq!(said.matches(": OK").count(), 3, "{said}");
}

#[test]
fn a_dist_that_is_a_file() {
    let project = Project::hello().file("dist", "not a directory");
    let outcome = project.xbuild(&["--target", "linux/amd64"]).code(6);
    outcome.says(project.path().join("dist").to_str().unwrap()).says("next:");
    assert_eq!(project.read("dist"), "not a directory");
}

#[test]
fn a_dist_that_cannot_be_written() {
    let spaces = Command::new("unshare").args(["-rm", "true"]).status();
    if !spaces.is_ok_and(|status| status.success()) {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: this host allows no mount of its own, so dist/ cannot be made read-only"
        );
        return;
    }
    let project = Project::hello();
    fs::create_dir(project.path().join("dist")).unwrap();
    let script = "mount --bind dist dist && mount -o remount,ro,bind dist && exec \"$0\" \"$@\"";
    let call = Call::new(project.path(), &["--target", "linux/amd64"]);
    let call = call.wrapped("unshare", &["-rm", "/bin/sh", "-c", script]);
    call.code(6)
        .says(project.path().join("dist").to_str().unwrap())
        .says("next:")
        .says("choose another place");
}
