//! The main job: programs for several targets, and what happens when one of them cannot be built.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::support::{Project, SAMPLE_TARGETS, build_info};

/// The sample with its vendor/, three targets, and a tag.
fn sample() -> Project {
    let project = Project::sample(true).file("targets.toml", SAMPLE_TARGETS);
    project.git(Some("v1.2.3"));
    project
}

/// Names and paths in artifacts.json of one kind.
fn recorded(project: &Project, kind: &str) -> Vec<String> {
    let records = project.artifacts().into_iter().filter(|record| record["type"] == kind);
    records.map(|record| record["path"].as_str().unwrap().to_owned()).collect()
}

const BROKEN: &str = "package main\n\nfunc broken() int { return \"no number\" }\n";

#[test]
fn several_targets_from_one_command() {
    let project = sample();
    project.xbuild(&[]).ok();
    let programs = ["linux_amd64/hello", "linux_arm64/hello", "windows_amd64/hello.exe"];
    let paths: Vec<String> = programs.iter().map(|program| format!("dist/hello_{program}")).collect();
    assert_eq!(recorded(&project, "Binary"), paths);

    let commit = project.run("git", &["rev-parse", "HEAD"]);
    let said = project.run("dist/hello_linux_amd64/hello", &["--version"]);
    let commit = commit.trim();
    assert_eq!(said, format!("hello 1.2.3 ({commit}, 2026-01-02T03:04:05Z) linux/amd64\n"));
    let said = project.run("dist/hello_linux_amd64/hello", &["--name", "tests"]);
    assert!(said.starts_with("Hello, tests!\n"), "{said}");

    for (path, (os, arch)) in paths.iter().zip([("linux", "amd64"), ("linux", "arm64"), ("windows", "amd64")])
    {
        let info = build_info(&project.path().join(path));
        let variant = if arch == "amd64" { ("GOAMD64", "v1") } else { ("GOARM64", "v8.0") };
        for (name, value) in [
            ("GOOS", os),
            ("GOARCH", arch),
            variant,
            ("-trimpath", "true"),
            ("CGO_ENABLED", "0"),
            ("path", "example.com/hello/cmd/hello"),
            ("github.com/dustin/go-humanize", "v1.1.0"),
            ("github.com/spf13/pflag", "v1.1.0"),
        ] {
            assert_eq!(info.get(name).map(String::as_str), Some(value), "{name} of {path}");
        }
        assert!(!info.keys().any(|name| name.starts_with("vcs")), "{info:?}");
    }
}

#[test]
fn variants_reach_the_compiler() {
    let project = Project::hello();
    project.xbuild(&["--target", "linux/amd64/v3", "--target", "linux/arm/7"]).ok();
    let info = build_info(&project.path().join("dist/app_linux_amd64_v3/app"));
    assert_eq!((info["GOARCH"].as_str(), info["GOAMD64"].as_str()), ("amd64", "v3"));
    let info = build_info(&project.path().join("dist/app_linux_arm_7/app"));
    assert_eq!((info["GOARCH"].as_str(), info["GOARM"].as_str()), ("arm", "7"));
}

#[test]
fn one_target_fails_and_the_others_finish() {
    let project = sample();
    project.xbuild(&[]).ok();
    assert!(project.exists("dist/hello_windows_amd64/hello.exe"));
    assert!(project.exists("dist/hello_1.2.3_windows_amd64.zip"));

    project.write("cmd/hello/broken_windows.go", BROKEN);
    let outcome = project.xbuild(&[]).code(1);
    outcome.says("1 of 3 targets failed");
    let failed = outcome.stderr.find("FAILED  windows/amd64  `go build` ended with exit status 1");
    let shown = &outcome.stderr[failed.unwrap_or_else(|| panic!("{}", outcome.stderr))..];
    let shown: Vec<&str> = shown.lines().skip(1).take_while(|line| line.starts_with("    ")).collect();
    assert_eq!(shown.len(), 2, "{}", outcome.stderr);
    assert_eq!(shown[0], "    # example.com/hello/cmd/hello");
    assert!(shown[1].starts_with("    cmd/hello/broken_windows.go:3:"), "{}", shown[1]);
    assert!(shown[1].contains("cannot use \"no number\""), "{}", shown[1]);

    let others = ["dist/hello_linux_amd64/hello", "dist/hello_linux_arm64/hello"];
    assert_eq!(recorded(&project, "Binary"), others);
    let packages = ["dist/hello_1.2.3_linux_amd64.tar.gz", "dist/hello_1.2.3_linux_arm64.tar.gz"];
    assert_eq!(recorded(&project, "Archive"), packages);
    for path in others.iter().chain(&packages) {
        assert!(project.exists(path), "{path}");
    }
    let files: Vec<String> = project.snapshot("dist").into_keys().collect();
    assert!(!files.iter().any(|file| file.contains("windows")), "{files:?}");
    assert!(!project.exists("dist/hello_windows_amd64"));
    for sums in ["checksums", "checksums_blake3"] {
        let text = project.read(&format!("dist/hello_1.2.3_{sums}.txt"));
        assert_eq!((text.lines().count(), text.contains("windows")), (2, false), "{text}");
    }

    fs::remove_file(project.path().join("cmd/hello/broken_windows.go")).unwrap();
    project.xbuild(&[]).ok();
    assert!(project.exists("dist/hello_windows_amd64/hello.exe"));
    assert_eq!(recorded(&project, "Archive").len(), 3);
}

#[test]
fn a_failure_is_shown_even_when_quiet() {
    let project = Project::hello().file("main.go", BROKEN);
    let outcome = project.xbuild(&["-q", "--target", "linux/amd64"]).code(1);
    outcome.says("FAILED").says("linux/amd64").says("main.go:3:");
    outcome.never_says("start ").never_says("plan ");
}

/// A file that breaks the program for linux/amd64, which comes first in the SDK's order.
const FIRST: &str = "cmd/hello/broken_linux_amd64.go";

#[test]
fn fail_fast_stops_the_others() {
    let project = sample();
    project.write(FIRST, BROKEN);
    let outcome = project.xbuild(&["-j", "1", "--fail-fast"]).code(1);
    outcome.says("FAILED  linux/amd64").says("stopped linux/arm64").says("stopped windows/amd64");
    assert_eq!(recorded(&project, "Binary"), Vec::<String>::new());

    let outcome = project.xbuild(&["-j", "1"]).code(1);
    outcome.says("FAILED  linux/amd64").never_says("stopped");
    assert_eq!(recorded(&project, "Binary").len(), 2);
}

#[test]
fn fail_fast_leaves_nothing_listed_that_is_not_there() {
    let project = sample();
    project.xbuild(&[]).ok();
    project.write(FIRST, BROKEN);
    project.xbuild(&["-j", "1", "--fail-fast"]).code(1);
    let listed: Vec<String> =
        project.artifacts().iter().map(|record| record["path"].as_str().unwrap().to_owned()).collect();
    for path in &listed {
        assert!(project.exists(path), "{path} is listed and not there");
        assert!(!path.contains("linux_amd64"), "{path}");
    }
    for file in project.snapshot("dist").into_keys().filter(|file| file.contains("amd64")) {
        assert!(listed.contains(&format!("dist/{file}")), "{file} is there and not listed");
    }
    assert!(!project.exists("dist/hello_linux_amd64/hello"));
}

#[test]
fn all_targets_fail() {
    let project = sample();
    project.xbuild(&[]).ok();
    project.write("dist/mine.txt", "kept");
    project.write("cmd/hello/broken.go", BROKEN);
    let outcome = project.xbuild(&[]).code(1);
    outcome.says("3 of 3 targets failed");
    for target in ["windows/amd64", "linux/amd64", "linux/arm64"] {
        outcome.says(&format!("FAILED  {target}"));
    }
    assert_eq!(outcome.stderr.matches("cmd/hello/broken.go:3:").count(), 3, "{}", outcome.stderr);
    assert_eq!(recorded(&project, "Binary"), Vec::<String>::new());
    assert_eq!(recorded(&project, "Archive"), Vec::<String>::new());
    let left: Vec<String> = project.snapshot("dist").into_keys().collect();
    let listed: Vec<String> = recorded(&project, "Checksum");
    let mut expected = vec!["dist/artifacts.json", "dist/metadata.json", "dist/mine.txt"];
    expected.extend(listed.iter().map(String::as_str));
    expected.sort_unstable();
    assert_eq!(left.iter().map(|file| format!("dist/{file}")).collect::<Vec<_>>(), expected);
}

#[test]
fn the_first_run_may_fail_whole() {
    let project = Project::hello().file("main.go", BROKEN);
    project.xbuild(&["--target", "linux/amd64"]).code(1).says("main.go:3:");
    assert_eq!(recorded(&project, "Binary"), Vec::<String>::new());
    project.write("main.go", "package main\n\nfunc main() { println(\"mended\") }\n");
    project.xbuild(&["--target", "linux/amd64"]).ok();
    assert_eq!(recorded(&project, "Binary"), ["dist/app_linux_amd64/app"]);
}

#[test]
fn a_second_run_is_cached_and_touches_nothing() {
    let project = sample();
    project.xbuild(&[]).ok().says("built   linux/amd64");
    let before = stamps(&project);
    let outcome = project.xbuild(&[]).ok();
    for target in ["linux/amd64", "linux/arm64", "windows/amd64"] {
        outcome.says(&format!("cached  {target}"));
    }
    outcome.never_says("built ");
    assert_eq!(stamps(&project), before);

    project.write("internal/greet/greeting.txt", "Good day, NAME!\n");
    let outcome = project.xbuild(&["--target", "linux/amd64"]).ok();
    outcome.says("built   linux/amd64").never_says("cached");
    let said = project.run("dist/hello_linux_amd64/hello", &["--name", "tests"]);
    assert!(said.starts_with("Good day, tests!\n"), "{said}");
}

/// Every file of dist/ with its inode and the time of its last change.
fn stamps(project: &Project) -> Vec<(String, u64, i64, i64)> {
    project
        .snapshot("dist")
        .into_keys()
        .map(|file| {
            let metadata = fs::metadata(project.path().join("dist").join(&file)).unwrap();
            (file, metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
        })
        .collect()
}

#[test]
fn a_changed_program_in_dist_is_repaired() {
    let project = sample();
    project.xbuild(&[]).ok();
    let good = project.snapshot("dist");
    for file in ["hello_linux_amd64/hello", "hello_windows_amd64/hello.exe", "hello_1.2.3_linux_arm64.tar.gz"]
    {
        let mut bytes = good[file].clone();
        // In the data behind the headers: the build id, which is all that `go build` looks at, stays.
        let at = bytes.len() / 2;
        bytes[at] ^= 0xff;
        fs::write(project.path().join("dist").join(file), &bytes).unwrap();
    }
    assert_ne!(project.snapshot("dist"), good);
    project.xbuild(&[]).ok();
    assert_eq!(project.snapshot("dist"), good);

    fs::remove_file(project.path().join("dist/hello_linux_arm64/hello")).unwrap();
    fs::write(project.path().join("dist/artifacts.json"), "[{\"nonsense\": 1}]").unwrap();
    project.xbuild(&[]).ok();
    assert_eq!(project.snapshot("dist"), good);
}

#[test]
fn a_project_without_modules_needs_no_vendor_directory() {
    let project = Project::hello();
    project.xbuild(&["--target", "linux/amd64"]).ok().says("no module is required");
    assert_eq!(project.run("dist/app_linux_amd64/app", &[]), "hello\n");
    assert!(!project.exists("vendor") && !project.exists("go.sum"));
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let project = sample();
    let runs: Vec<_> = (0..3).map(|_| project.xbuild(&["-q", "-j", "1"]).start()).collect();
    for (mut child, _home) in runs {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let together = project.snapshot("dist");
    fs::remove_dir_all(project.path().join("dist")).unwrap();
    project.xbuild(&[]).ok();
    assert!(together == project.snapshot("dist"));
}
