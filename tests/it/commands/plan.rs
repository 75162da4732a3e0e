//! `xbuild plan`: what it shows, and what it hands to `go build`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{json, real_goroot};
use crate::support::{Project, store_of};

const TARGETS: &str = r#"schema = 1
targets = ["linux/amd64/v3", "linux/arm/6", "windows/amd64"]

[project]
name = "tool"
version = "v1.2.3"

[[build]]
id = "tool"
main = "."
ldflags = ["-s", "-X main.v={version} -X main.t={tag} -X main.x={project}-{id}-{binary}", "-X main.on={os}/{arch}{variant}", "-X main.b={{}}"]
tags = ["netgo", "osusergo"]
gcflags = ["all=-l"]
env = ["GOEXPERIMENT", "MY_SETTING", "NOT_SET"]

[[override]]
targets = ["windows/*"]
ldflags = ["-H windowsgui", "-X main.target={target}"]

[[override]]
targets = ["linux/arm/*"]
builds = ["tool"]
tags = []
env = []

[[package]]
recipe = "zip"
targets = ["linux/*/*"]
"#;

/// The `build` of each target by the target's name; one build each.
fn builds(plan: &Value) -> BTreeMap<String, Value> {
    let targets = plan["targets"].as_array().unwrap().iter();
    targets
        .map(|target| {
            let builds = target["builds"].as_array().unwrap();
            assert_eq!(builds.len(), 1, "{builds:?}");
            (target["target"].as_str().unwrap().to_owned(), builds[0].clone())
        })
        .collect()
}

fn argv(build: &Value) -> Vec<&str> {
    build["action"]["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn the_environment_is_complete_and_sealed() {
    let project = Project::hello();
    let call = project
        .xbuild(&["plan", "--json", "--seal=env", "--target", "linux/arm64"])
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "direct")
        .env("GOPRIVATE", "*")
        .env("CGO_ENABLED", "1")
        .env("GOTOOLCHAIN", "auto")
        .env("GOARM64", "v9.0")
        .env("LD_PRELOAD", "");
    let plan = json(&call.ok());
    let env = plan["targets"][0]["builds"][0]["action"]["env"].as_object().unwrap();
    let names: Vec<&str> = env.keys().map(String::as_str).collect();
    let expected = [
        "CGO_ENABLED",
        "GO111MODULE",
        "GOARCH",
        "GOARM64",
        "GOAUTH",
        "GOCACHE",
        "GOCACHEPROG",
        "GODEBUG",
        "GOENV",
        "GOFLAGS",
        "GOINSECURE",
        "GOMODCACHE",
        "GONOPROXY",
        "GONOSUMDB",
        "GOOS",
        "GOPATH",
        "GOPRIVATE",
        "GOPROXY",
        "GOROOT",
        "GOSUMDB",
        "GOTMPDIR",
        "GOTOOLCHAIN",
        "GOVCS",
        "GOWORK",
        "LC_ALL",
        "PATH",
        "TMP",
        "TMPDIR",
        "TZ",
    ];
    assert_eq!(names, expected, "a name more or less than the sealed map");
    let goroot = real_goroot(&project);
    let path = format!("{goroot}/bin");
    for (name, value) in [
        ("GOPROXY", "off"),
        ("GOFLAGS", "-mod=vendor"),
        ("GONOPROXY", "none"),
        ("GOPRIVATE", "none"),
        ("GONOSUMDB", "none"),
        ("GOINSECURE", "none"),
        ("GOSUMDB", "off"),
        ("GOVCS", "*:off"),
        ("GOAUTH", "off"),
        ("GOENV", "off"),
        ("GOTOOLCHAIN", "local"),
        ("GOWORK", "off"),
        ("GO111MODULE", "on"),
        ("CGO_ENABLED", "0"),
        ("GODEBUG", "goindex=0"),
        ("GOOS", "linux"),
        ("GOARCH", "arm64"),
        ("GOARM64", "v8.0"),
        ("TZ", "UTC"),
        ("LC_ALL", "C"),
        ("GOROOT", goroot.as_str()),
        ("PATH", path.as_str()),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
    let cache = store_of(project.path());
    let program = env["GOCACHEPROG"].as_str().unwrap();
    let index = format!("__gocache {}/compile-v0/env/", cache.display());
    assert!(program.starts_with(env!("CARGO_BIN_EXE_xbuild")) && program.contains(&index), "{program}");
    assert_eq!(env["GOCACHE"], format!("{}/gocache-v1/empty", cache.display()));
}

#[test]
fn the_command_line_is_the_documented_one() {
    let project = Project::hello();
    let plan = |seal: &str| json(&project.xbuild(&["plan", "--json", seal, "--target", "linux/amd64"]).ok());
    let strict = plan("--seal=strict");
    let fixed = argv(&strict["targets"][0]["builds"][0]);
    assert_eq!(
        (fixed[0], fixed[5], fixed[7]),
        ("/sdk/bin/go", "-debug-actiongraph=/tmp/graph.json", "/out/app")
    );
    let plan = plan("--seal=env");
    let build = &plan["targets"][0]["builds"][0];
    let go = format!("{}/bin/go", real_goroot(&project));
    let expected = [
        go.as_str(),
        "build",
        "-v",
        "-trimpath",
        "-buildvcs=false",
        "-debug-actiongraph=<scratch>/app_linux_amd64/graph.json",
        "-o",
        "<staging>/app_linux_amd64/app",
        "--",
        ".",
    ];
    assert_eq!(argv(build), expected);
    assert_eq!(build["path"], "app_linux_amd64/app");
    assert_eq!(build["main"]["import_path"], "example.test/app");
    assert_eq!(plan["targets"][0]["packages"][0]["file"], "app_0.0.0-dev_linux_amd64.tar.gz");
}

#[test]
fn overrides_replace_and_placeholders_are_filled_in() {
    let project = Project::hello().file("targets.toml", TARGETS);
    let call = project.xbuild(&["plan", "--json"]).env("MY_SETTING", "a b").env("GOEXPERIMENT", "");
    let plan = json(&call.ok());
    let builds = builds(&plan);
    assert_eq!(builds.keys().collect::<Vec<_>>(), ["linux/amd64/v3", "linux/arm/6", "windows/amd64"]);
    let plain = &builds["linux/amd64/v3"];
    let ldflags = "-ldflags=-s -X main.v=1.2.3 -X main.t=v1.2.3 -X main.x=tool-tool-tool -X main.on=linux/amd64v3 -X main.b={}";
    let words = argv(plain);
    assert_eq!(words[5..8], [ldflags, "-tags=netgo,osusergo", "-gcflags=all=-l"]);
    assert_eq!(plain["action"]["env"]["GOAMD64"], "v3");
    assert_eq!(plain["action"]["env"]["MY_SETTING"], "a b");
    assert_eq!(plain["action"]["env"]["GOEXPERIMENT"], "");
    assert!(plain["action"]["env"].get("NOT_SET").is_none());
    assert_eq!(plain["path"], "tool_linux_amd64_v3/tool");

    let arm = &builds["linux/arm/6"];
    assert_eq!(arm["action"]["env"]["GOARM"], "6");
    assert!(arm["action"]["env"].get("MY_SETTING").is_none(), "the override's empty list lets nothing in");
    assert!(!argv(arm).iter().any(|word| word.starts_with("-tags")), "the override takes the tags away");
    assert!(argv(arm).iter().any(|word| word.contains("main.on=linux/armv6")), "ldflags stay: {arm}");

    let windows = &builds["windows/amd64"];
    let words = argv(windows);
    assert_eq!(words[5], "-ldflags=-H windowsgui -X main.target=windows/amd64");
    assert_eq!(words[6], "-tags=netgo,osusergo");
    assert_eq!(windows["path"], "tool_windows_amd64/tool.exe");

    let files = |index: usize| -> Vec<&str> {
        let packages = plan["targets"][index]["packages"].as_array().unwrap().iter();
        packages.map(|package| package["file"].as_str().unwrap()).collect()
    };
    assert_eq!(files(0), ["tool_1.2.3_linux_amd64v3.zip"]);
    assert_eq!(files(1), ["tool_1.2.3_linux_armv6.zip"]);
    assert!(files(2).is_empty(), "the package is for linux only");
}

#[test]
fn people_see_the_same_plan() {
    let project = Project::hello().file("targets.toml", TARGETS);
    let outcome = project.xbuild(&["plan"]).ok();
    assert_eq!(outcome.stderr, "", "a plan is data");
    let rows: Vec<Vec<&str>> = outcome.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    for row in [
        &["project", "tool"][..],
        &["version", "1.2.3", "(from", "targets.toml)"],
        &["TARGET", "BUILD", "PROGRAM", "PACKAGES"],
        &["linux/amd64/v3", "tool", "tool_linux_amd64_v3/tool", "tool_1.2.3_linux_amd64v3.zip"],
        &["linux/arm/6", "tool", "tool_linux_arm_6/tool", "tool_1.2.3_linux_armv6.zip"],
        &["windows/amd64", "tool", "tool_windows_amd64/tool.exe"],
    ] {
        assert!(rows.iter().any(|found| found == row), "{row:?} is not in:\n{}", outcome.stdout);
    }
    assert!(!outcome.stdout.contains("SET BY"), "only -v shows the layers");
}

#[test]
fn a_plan_writes_nothing_into_the_project() {
    let project = Project::hello().file("targets.toml", TARGETS);
    let before = project.snapshot("");
    project.xbuild(&["plan"]).ok();
    project.xbuild(&["--dry-run"]).ok();
    assert_eq!(project.snapshot(""), before);
}

#[test]
fn dry_run_prints_what_plan_prints() {
    let project = Project::hello().file("targets.toml", TARGETS);
    let plan = project.xbuild(&["plan", "--json"]).ok();
    let dry = project.xbuild(&["build", "-n", "--json"]).ok();
    assert_eq!(plan.stdout, dry.stdout);
}

#[test]
fn one_build_is_left_by_its_id() {
    let project = super::several_mains();
    let outcome = project.xbuild(&["plan", "--build", "beta", "--target", "linux/amd64"]).ok();
    assert!(outcome.stdout.contains("beta_linux_amd64/beta"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("alpha"), "{}", outcome.stdout);
    let outcome = project.xbuild(&["plan", "--build", "betta", "--target", "linux/amd64"]).run();
    assert_ne!(outcome.code, 0);
    outcome.says("error: ").says("next: ");
}

#[test]
fn a_program_for_one_system_only_is_found_for_that_one() {
    let project = super::several_mains();
    let targets = ["plan", "--target", "linux/amd64", "--target", "windows/arm64", "--json"];
    let plan = json(&project.xbuild(&targets).ok());
    let ids = |index: usize| -> Vec<&str> {
        let builds = plan["targets"][index]["builds"].as_array().unwrap().iter();
        builds.map(|build| build["id"].as_str().unwrap()).collect()
    };
    assert_eq!(ids(0), ["alpha", "beta"]);
    assert_eq!(ids(1), ["alpha", "beta", "service"]);
}

#[test]
fn what_go_passes_over_is_no_program() {
    let main = "package main\n\nfunc main() {}\n";
    let project = Project::hello()
        .file("go.mod", "module example.test/app\n\ngo 1.25\n\nignore ./left\n")
        .file("left/main.go", main)
        .file("testdata/a/main.go", main)
        .file("_old/main.go", main)
        .file("nested/go.mod", "module example.test/nested\n")
        .file("nested/main.go", main)
        .file("script/run.go", "//go:build ignore\n\npackage main\n\nfunc main() {}\n");
    let plan = json(&project.xbuild(&["plan", "--json", "--target", "linux/amd64"]).ok());
    let builds = builds(&plan);
    assert_eq!(builds["linux/amd64"]["main"]["dir"], ".");
}
