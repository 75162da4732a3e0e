//! What inspection says of real programs: it agrees with `go version -m -json` and with the plan, and with no other
//! target's plan. `make test-all-targets` does the same for every target that links without a C toolchain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;

use serde_json::{Value, json};
use xbuild::inspect::{BuildInfo, Expectation, Inspection, Module, go_sums, inspect};
use xbuild::model::Target;

use crate::support::{Call, Project, sample_dir};

fn expectation(target: &Target, go_version: &str) -> Expectation {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Expectation {
        target: target.clone(),
        go_version: go_version.to_owned(),
        main_path: "example.com/hello/cmd/hello".to_owned(),
        settings: BTreeMap::from([
            setting("CGO_ENABLED", "0"),
            setting("-trimpath", "true"),
            setting("-tags", ""),
        ]),
        sums: go_sums(&fs::read_to_string(sample_dir().join("go.sum")).unwrap()),
        members: BTreeSet::new(),
    }
}

fn module(module: &Module) -> Value {
    let mut value = json!({"Path": module.path, "Version": module.version});
    if let Some(sum) = &module.sum {
        value["Sum"] = json!(sum);
    }
    if let Some(replace) = &module.replace {
        value["Replace"] = self::module(replace);
    }
    value
}

/// Build information in the words of `go version -m -json`.
fn as_go_shows(info: &BuildInfo) -> Value {
    let setting = |(key, value): &(String, String)| match value.is_empty() {
        true => json!({"Key": key}),
        false => json!({"Key": key, "Value": value}),
    };
    json!({
        "GoVersion": info.go_version,
        "Path": info.path,
        "Main": module(info.main_module.as_ref().unwrap()),
        "Deps": info.deps.iter().map(module).collect::<Vec<_>>(),
        "Settings": info.settings.iter().map(setting).collect::<Vec<_>>(),
    })
}

/// Every program of the sample, with its target.
fn programs(dist: &Path) -> Vec<(Target, Inspection, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut args = vec!["--dist", dist.to_str().unwrap(), "--no-package", "--json"];
    if std::env::var_os("ALL_TARGETS").is_some() {
        args.extend(["--target", "*/*"]);
    }
    let project = if args.contains(&"*/*") { sample_dir() } else { root.to_owned() };
    let artifacts: Vec<Value> = serde_json::from_str(&Call::new(&project, &args).ok().stdout).unwrap();
    let binaries = artifacts.iter().filter(|artifact| artifact["type"] == "Binary");
    let read = |artifact: &Value| {
        let path = artifact["path"].as_str().unwrap().to_owned();
        let inspection = inspect(&File::open(&path).unwrap()).unwrap();
        let mut target =
            format!("{}/{}", artifact["goos"].as_str().unwrap(), artifact["goarch"].as_str().unwrap());
        if let Some(variant) = artifact["variant"].as_str() {
            target = format!("{target}/{variant}");
        }
        (Target::parse(&target).unwrap(), inspection, path)
    };
    binaries.map(read).collect()
}

#[test]
fn programs_are_what_was_planned_and_nothing_else() {
    let dir = Project::empty();
    let programs = programs(&dir.path().join("dist"));
    assert!(programs.len() >= 12);
    let go_version = dir.run("go", &["env", "GOVERSION"]);
    let go_version = go_version.trim();
    let mut read_by_go = 0;
    for (target, inspection, path) in &programs {
        let mismatches = expectation(target, go_version).check(inspection);
        assert!(mismatches.is_empty(), "{target}: {mismatches:?}");
        for (other, ..) in programs.iter().filter(|(other, ..)| other != target) {
            let mismatches = expectation(other, go_version).check(inspection);
            assert!(!mismatches.is_empty(), "{target} passes for {other}");
        }
        assert!(!expectation(target, "go1.2.3").check(inspection).is_empty());
        let mut unlisted = expectation(target, go_version);
        unlisted.sums.clear();
        let mismatch = unlisted.check(inspection);
        assert!(mismatch.iter().any(|mismatch| mismatch.to_string().contains("pflag")), "{mismatch:?}");

        // Go itself reads no WebAssembly and not every Plan 9 program.
        let output =
            std::process::Command::new("go").args(["version", "-m", "-json", path]).output().unwrap();
        if let Ok(shown) = serde_json::from_slice::<Value>(&output.stdout) {
            assert_eq!(as_go_shows(inspection.build_info.as_ref().unwrap()), shown, "{target}");
            read_by_go += 1;
        }
    }
    assert!(read_by_go >= programs.len() - 4, "{read_by_go} of {}", programs.len());
}
