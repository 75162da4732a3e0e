//! The bytes depend on the source, the SDK and the plan, and on nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::{Call, Project, SAMPLE_TARGETS, go, leftovers, own_store, processes};

fn sample() -> Project {
    let project = Project::sample(true).file("targets.toml", SAMPLE_TARGETS);
    project.git(Some("v1.2.3"));
    project
}

/// Everything in dist/ but metadata.json, which says how the run was made.
fn results(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let mut files = project.snapshot("dist");
    files.remove("metadata.json").unwrap();
    files
}

#[track_caller]
fn same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in one {
        assert!(*bytes == other[name], "{name} differs");
    }
}

/// A program that needs only the runtime, so that an empty store costs seconds.
fn small() -> Project {
    Project::hello()
        .file("main.go", "package main\n\nfunc main() { println(\"small\") }\n")
        .file("README.md", "Small.\n")
        .file("LICENSE", "None.\n")
}

#[test]
fn the_number_of_slots_and_an_empty_store_change_nothing() {
    let mut first: Option<BTreeMap<String, Vec<u8>>> = None;
    for (jobs, mask) in [("1", "022"), ("2", "077"), ("8", "000")] {
        let project = small();
        let store = tempfile::tempdir().unwrap();
        let args = ["-j", jobs, "--target", "linux/amd64", "--target", "windows/amd64"];
        let call = project.xbuild(&args).env("XBUILD_CACHE_DIR", store.path());
        call.masked(mask).ok().never_says("cached");
        assert_eq!(leftovers(Some(&project.path().join("dist")), store.path()), Vec::<&Path>::new());
        let results = results(&project);
        assert_eq!(results.len(), 7);
        same(first.get_or_insert_with(|| results.clone()), &results);
    }
}

#[test]
fn two_directories_give_the_same_bytes() {
    let (one, other) = (sample(), sample());
    one.xbuild(&[]).ok();
    other.xbuild(&["-j", "1"]).ok().never_says("cached");
    assert_ne!(one.path(), other.path());
    same(&results(&one), &results(&other));
    let here = one.path().to_str().unwrap().as_bytes();
    for (name, bytes) in results(&one) {
        assert!(!bytes.windows(here.len()).any(|part| part == here), "{name} holds the directory's name");
    }
}

#[test]
fn a_hostile_environment_changes_nothing() {
    let one = sample();
    one.xbuild(&["--no-package"]).ok();

    let outer = Project::empty().file("go.work", "go 1.24\n\nuse ./nowhere\n");
    let inner = outer.path().join("inner");
    fs::create_dir(&inner).unwrap();
    copy_tree(one.path(), &inner);
    let marker = outer.path().join("marker");
    let script = format!("#!/bin/sh\ntouch {}\nexit 1\n", marker.display());
    outer.write("bad", &script);
    let bad = outer.path().join("bad");
    fs::set_permissions(&bad, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let bad = bad.to_str().unwrap();

    let call = Call::new(&inner, &["--no-package"]);
    let settings = format!(
        "GOFLAGS=-toolexec={bad}\nGOPROXY=https://nowhere.test\nCGO_ENABLED=1\nGOEXPERIMENT=arenas\nCC={bad}\n"
    );
    fs::create_dir_all(call.home().join(".config/go")).unwrap();
    fs::write(call.home().join(".config/go/env"), settings).unwrap();
    let call = [
        ("GOFLAGS", format!("-toolexec={bad}")),
        ("GOPROXY", "https://nowhere.test".to_owned()),
        ("GOROOT_FINAL", "/elsewhere".to_owned()),
        ("CGO_ENABLED", "1".to_owned()),
        ("CC", bad.to_owned()),
        ("GOOS", "plan9".to_owned()),
        ("GOARCH", "386".to_owned()),
        ("GOAMD64", "v4".to_owned()),
        ("GOEXPERIMENT", "arenas".to_owned()),
        ("GODEBUG", "panicnil=1".to_owned()),
        ("GOWORK", outer.path().join("go.work").to_str().unwrap().to_owned()),
        ("GOPRIVATE", "*".to_owned()),
        ("GOCACHEPROG", bad.to_owned()),
        ("GOAUTH", format!("{bad} x")),
        ("GOTOOLCHAIN", "go1.99.0".to_owned()),
        ("GOFIPS140", "latest".to_owned()),
        ("GO_EXTLINK_ENABLED", "1".to_owned()),
        ("GOCACHE", outer.path().join("gocache").to_str().unwrap().to_owned()),
        ("GOMODCACHE", outer.path().join("modcache").to_str().unwrap().to_owned()),
        ("TZ", "Asia/Kathmandu".to_owned()),
        ("LC_ALL", "de_DE.UTF-8".to_owned()),
        ("TMPDIR", outer.path().to_str().unwrap().to_owned()),
    ]
    .into_iter()
    .fold(call, |call, (name, value)| call.env(name, value));
    call.ok().never_says("cached");
    let mut results = BTreeMap::new();
    for name in self::results(&one).keys() {
        results.insert(name.clone(), fs::read(inner.join("dist").join(name)).unwrap());
    }
    same(&self::results(&one), &results);
    assert!(!marker.exists(), "a program that the environment named was run");
    assert!(!outer.exists("gocache") && !outer.exists("modcache"));
}

fn copy_tree(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(status.unwrap().success());
    fs::remove_dir_all(to.join("dist")).unwrap();
}

#[test]
fn what_a_build_lets_in_must_be_named() {
    let project = Project::hello().file(
        "targets.toml",
        "schema = 1\ntargets = [\"linux/amd64\"]\n\n[[build]]\nid = \"app\"\nenv = [\"GOEXPERIMENT\"]\n",
    );
    project.xbuild(&["--no-package"]).env("GOEXPERIMENT", "arenas").ok();
    let info = crate::support::build_info(&project.path().join("dist/app_linux_amd64/app"));
    assert_eq!(info.get("GOEXPERIMENT").map(String::as_str), Some("arenas"));
    project.xbuild(&["--no-package"]).ok().says("built   linux/amd64");
    let info = crate::support::build_info(&project.path().join("dist/app_linux_amd64/app"));
    assert_eq!(info.get("GOEXPERIMENT"), None);
}

#[test]
fn a_changed_program_in_the_store_is_not_believed() {
    let project = sample();
    let store = own_store();
    let run = || project.xbuild(&["--target", "linux/amd64"]).env("XBUILD_CACHE_DIR", store.path()).ok();
    run();
    let good = results(&project);
    let damage = |bucket: &str, wanted: &dyn Fn(&[u8]) -> bool| {
        let files = walkdir::WalkDir::new(store.path().join(bucket)).into_iter().map(Result::unwrap);
        let mut files = files.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path());
        let path = files.find(|path| wanted(&fs::read(path).unwrap())).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 0xff;
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bytes).unwrap();
    };
    let anew = || fs::remove_dir_all(project.path().join("dist")).unwrap();
    damage("cas-v0", &|bytes| bytes == good["hello_linux_amd64/hello"]);
    // What is in dist/ is not what is in the store.
    run().says("cached  linux/amd64");
    anew();
    run().says("built   linux/amd64").says("cas-v0/").says("of the store was damaged").never_says("cached");
    same(&good, &results(&project));
    run().says("cached  linux/amd64");

    damage("actions-v0", &|bytes| bytes.starts_with(b"xbuild record") && text(bytes).contains("\"build\""));
    anew();
    run().says("built   linux/amd64").says("actions-v0/");
    same(&good, &results(&project));
    anew();
    run().says("cached  linux/amd64").never_says("damaged");
    same(&good, &results(&project));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_sum_of_workers_never_exceeds_the_slots() {
    for (jobs, targets) in
        [(2, &["linux/amd64", "linux/arm64", "windows/amd64"][..]), (3, &["linux/amd64", "linux/arm64"][..])]
    {
        let project = Project::hello();
        let mut args = vec!["-j".to_owned(), jobs.to_string(), "--no-package".to_owned()];
        args.extend(targets.iter().flat_map(|target| ["--target".to_owned(), (*target).to_owned()]));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (mut child, _home) = project.xbuild(&args).start();
        let (mut sums, mut seen) = (BTreeSet::new(), BTreeSet::new());
        while child.try_wait().unwrap().is_none() {
            let builds: Vec<(u32, usize)> = processes(project.path())
                .into_iter()
                .filter(|process| process.args.get(1).is_some_and(|arg| arg == "build"))
                .map(|process| {
                    let workers = process.args.iter().filter_map(|arg| arg.strip_prefix("-p="));
                    let workers: Vec<usize> = workers.map(|number| number.parse().unwrap()).collect();
                    let [workers] = workers[..] else { panic!("{process:?}") };
                    (process.pid, workers)
                })
                .collect();
            sums.insert(builds.iter().map(|(_, workers)| workers).sum::<usize>());
            seen.extend(builds.iter().map(|(pid, _)| *pid));
        }
        assert!(child.wait().unwrap().success());
        assert_eq!(seen.len(), targets.len(), "not every `go build` was seen");
        assert_eq!(sums.last(), Some(&jobs), "{sums:?}");
    }
}

#[test]
fn the_plan_gives_every_build_its_slots() {
    let project = sample();
    for (jobs, expected) in [("1", [1, 1, 1]), ("2", [2, 1, 1]), ("8", [3, 3, 2])] {
        let outcome = project.xbuild(&["plan", "--json", "-j", jobs]).ok();
        let plan: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        let targets = plan["targets"].as_array().unwrap();
        let slots = targets.iter().map(|target| target["builds"][0]["action"]["slots"].as_u64().unwrap());
        assert_eq!(slots.collect::<Vec<_>>(), expected, "-j {jobs}");
    }
}

#[test]
fn the_plan_shows_the_whole_environment_and_keeps_it() {
    let project = sample();
    let args = ["plan", "--json", "--seal=env", "--target", "linux/arm64"];
    let outcome = project.xbuild(&args).env("GOFLAGS", "-x").ok();
    let plan: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let action = &plan["targets"][0]["builds"][0]["action"];
    let env = action["env"].as_object().unwrap();
    for (name, value) in [
        ("GOFLAGS", "-mod=vendor"),
        ("GOPROXY", "off"),
        ("GONOPROXY", "none"),
        ("GOPRIVATE", "none"),
        ("GOENV", "off"),
        ("GOWORK", "off"),
        ("GOTOOLCHAIN", "local"),
        ("GOSUMDB", "off"),
        ("CGO_ENABLED", "0"),
        ("GOOS", "linux"),
        ("GOARCH", "arm64"),
        ("TZ", "UTC"),
    ] {
        assert_eq!(env.get(name).and_then(|value| value.as_str()), Some(value), "{name}");
    }
    assert!(!env.contains_key("HOME") && !env.contains_key("XBUILD_CACHE_DIR"), "{env:?}");
    let argv: Vec<&str> = action["argv"].as_array().unwrap().iter().filter_map(|arg| arg.as_str()).collect();
    assert!(argv.contains(&"-trimpath") && argv.contains(&"-buildvcs=false"), "{argv:?}");
    assert!(!project.exists("dist"), "`plan` did something");

    // And `go` agrees that this is what a build is.
    let goroot = go(project.path(), &["env", "GOROOT"], &[]);
    assert_eq!(argv[0], Path::new(goroot.trim()).join("bin/go").to_str().unwrap());
}
