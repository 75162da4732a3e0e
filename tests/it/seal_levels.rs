//! Which seal a run has, what says so, and what ends a step that takes too much.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Call, Project, own_store, processes};

const ONE: &[&str] = &["--target", "linux/amd64", "--no-package"];

fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [args, more].concat()
}

fn seals(project: &Project) -> (String, Vec<String>) {
    let metadata: serde_json::Value = serde_json::from_str(&project.read("dist/metadata.json")).unwrap();
    let artifacts = project.artifacts();
    let each = artifacts.iter().filter_map(|artifact| artifact["extra"]["Seal"].as_str().map(str::to_owned));
    (metadata["seal"].as_str().unwrap().to_owned(), each.collect())
}

/// A call in a user namespace that may not make another one, as in a container or on a host that forbids them.
fn without_namespaces(call: Call) -> Call {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" \"$@\"";
    call.wrapped("unshare", &["-Ur", "/bin/sh", "-c", script])
}

#[test]
fn every_level_is_named_where_it_is_weaker() {
    let project = Project::hello();
    let mut programs = Vec::new();
    let stores: Vec<_> = (0..3).map(|_| own_store()).collect();
    for ((level, meaning), store) in [
        ("strict", "namespaces, Landlock and seccomp"),
        ("landlock", "Landlock and seccomp, without namespaces"),
        ("env", "environment only"),
    ]
    .into_iter()
    .zip(&stores)
    {
        let seal = format!("--seal={level}");
        let call = project.xbuild(&with(ONE, &[&seal])).env("XBUILD_CACHE_DIR", store.path());
        let outcome = call.ok();
        outcome.says(&format!("seal    {level} ({meaning})\n")).never_says("cached");
        match level {
            "strict" => outcome.never_says("only"),
            weaker => outcome.says(&format!("sealed by {weaker} only")),
        };
        assert_eq!(seals(&project), (level.to_owned(), vec![level.to_owned()]));
        programs.push(std::fs::read(project.path().join("dist/app_linux_amd64/app")).unwrap());
    }
    assert!(programs[0] == programs[1] && programs[0] == programs[2]);
}

/// What was built under a stronger seal will do for a weaker one, and nothing else; and lists say what it was.
#[test]
fn a_stronger_seal_is_built_again() {
    let project = Project::hello();
    let run = |level: &str| project.xbuild(&with(ONE, &[&format!("--seal={level}")]));
    run("env").ok().says("built   linux/amd64");
    // By variable and by the user's file as well.
    project.xbuild(ONE).env("XBUILD_SEAL", "env").ok().says("cached").says("seal    env, as built");
    let call = project.xbuild(ONE);
    std::fs::create_dir_all(call.home().join(".config/xbuild")).unwrap();
    std::fs::write(call.home().join(".config/xbuild/config.toml"), "seal = \"landlock\"\n").unwrap();
    call.ok().says("seal    landlock").says("built   linux/amd64");
    run("env").ok().says("cached").says("seal    landlock, as built").says("sealed by landlock only");
    assert_eq!(seals(&project).0, "landlock");
    run("strict").ok().says("built   linux/amd64");
    for level in ["strict", "landlock", "env", "auto"] {
        run(level).ok().says("cached").says("seal    strict, as built");
        assert_eq!(seals(&project), ("strict".to_owned(), vec!["strict".to_owned()]));
    }
}

#[test]
fn a_host_without_namespaces() {
    let project = Project::hello();
    let outcome = without_namespaces(project.xbuild(ONE)).ok();
    outcome.says("seal    landlock (Landlock and seccomp, without namespaces): make namespaces: ");
    outcome.says("sealed by landlock only");
    assert_eq!(seals(&project).0, "landlock");
    let outcome = without_namespaces(project.xbuild(&with(ONE, &["--seal=strict"]))).code(6);
    outcome.says("error: this host cannot seal a build as strict").says("`xbuild doctor` says what");
    let outcome = without_namespaces(project.xbuild(&["doctor"])).ok();
    assert!(outcome.stdout.contains("less  seal strict"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("/proc/sys/user/max_user_namespaces is 0"), "{}", outcome.stdout);
    assert!(outcome.stdout.ends_with("sealed as landlock (Landlock and seccomp, without namespaces)\n"));
}

#[test]
fn a_weaker_part_makes_the_whole_weaker() {
    let text = "schema = 1\ntargets = [\"linux/amd64\", \"linux/arm64\"]\n";
    let project = Project::hello().file("targets.toml", text);
    project.git(Some("v1.0.0"));
    let targets = ["linux/amd64", "linux/arm64"];
    project.xbuild(&["--no-package", "--target", targets[0], "--seal=env"]).ok();
    project.xbuild(&["--no-package", "--target", targets[1], "--seal=strict"]).ok();
    assert_eq!(seals(&project), ("env".to_owned(), vec!["env".to_owned(), "strict".to_owned()]));
    project.xbuild(&["--no-package", "--target", targets[0], "--seal=strict"]).ok();
    assert_eq!(seals(&project), ("strict".to_owned(), vec!["strict".to_owned(), "strict".to_owned()]));
}

#[test]
fn a_project_asks_for_the_strongest_or_for_nothing() {
    let file = |seal: &str| {
        let text = format!("schema = 1\ntargets = [\"linux/amd64\"]\n\n[settings]\nseal = \"{seal}\"\n");
        Project::hello().file("targets.toml", &text)
    };
    file("env")
        .xbuild(&[])
        .code(3)
        .says("`seal` in [settings] cannot be \"env\"")
        .says("all that a project can");
    let strict = file("strict");
    without_namespaces(strict.xbuild(&[])).code(6).says("cannot seal a build as strict");
    strict.xbuild(&["--seal=env", "--no-package"]).ok();
    Project::hello().xbuild(&["--seal=full"]).code(2).says("auto, strict, landlock or env");
    Project::hello()
        .xbuild(&[])
        .env("XBUILD_SEAL", "none")
        .code(3)
        .says("XBUILD_SEAL=\"none\" is not usable");
}

#[test]
fn the_source_is_looked_at_before_anything_reads_it() {
    let started = Instant::now();
    let refused = |make: &dyn Fn(&Path), says: &str| {
        let project = Project::hello();
        make(project.path());
        project.xbuild(ONE).code(3).says(says);
        project.xbuild(&["init", "--stdout"]).code(3).says(says);
        assert!(!project.exists("dist"));
    };
    let run = |program: &str, args: &[&str]| {
        assert!(std::process::Command::new(program).args(args).status().unwrap().success());
    };
    let fifo = |name: &'static str| move |dir: &Path| run("mkfifo", &[dir.join(name).to_str().unwrap()]);
    refused(&fifo("waits.go"), "waits.go is a FIFO, socket or device");
    refused(&fifo("go.sum"), "go.sum is a FIFO, socket or device");
    let socket = |dir: &Path| drop(std::os::unix::net::UnixListener::bind(dir.join("s")).unwrap());
    refused(&socket, "/s is a FIFO, socket or device");
    let link = |to: &'static str| move |dir: &Path| std::os::unix::fs::symlink(to, dir.join("x.go")).unwrap();
    refused(&link("/etc/hostname"), "x.go is a link with an absolute path, /etc/hostname");
    refused(&link("../../etc/hostname"), "x.go is a link that leaves the project");
    let name = |dir: &Path| {
        use std::os::unix::ffi::OsStrExt;
        std::fs::write(dir.join(std::ffi::OsStr::from_bytes(b"a\xff.go")), "package main\n").unwrap();
    };
    refused(&name, "a\\xFF.go\" is not UTF-8");
    assert!(started.elapsed() < Duration::from_secs(12), "{:?} for twelve calls", started.elapsed());
}

#[test]
fn a_target_that_takes_too_long_is_ended() {
    for seal in ["strict", "landlock", "env"] {
        let (project, store) = (Project::hello(), tempfile::tempdir().unwrap());
        let seal = format!("--seal={seal}");
        let call = project.xbuild(&with(ONE, &[&seal, "--timeout", "1s"]));
        let started = Instant::now();
        let outcome = call.env("XBUILD_CACHE_DIR", store.path()).code(1);
        outcome.says("its time is over: 1 s (timeout, --timeout); allow more with --timeout");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        std::thread::sleep(Duration::from_millis(200));
        assert!(processes(store.path()).is_empty(), "{:?}", processes(store.path()));
    }
}

#[test]
fn a_step_without_memory_is_tried_once_more_alone() {
    let (project, store) = (Project::hello(), own_store());
    let text = "schema = 1\ntargets = [\"linux/amd64\"]\n\n[settings]\nmemory = \"256MiB\"\n";
    // A table that the compiler holds in memory several times over, and that no earlier run has compiled.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let rows: String = (0..200_000).map(|n| format!("\t{{\"{n}\", {n}, []int{{{n}, {n}}}}},\n")).collect();
    let table = format!(
        "package main\n\ntype row struct {{\n\tname string\n\tn int\n\tmore []int\n}}\n\nvar rows = []row{{\n{rows}}}\n\n\
         func init() {{ println(len(rows), \"{now}\") }}\n"
    );
    let project = {
        project.write("table.go", &table);
        project.file("targets.toml", text)
    };
    let outcome = project.xbuild(&["--no-package"]).env("XBUILD_CACHE_DIR", store.path()).code(1);
    outcome.says("note    linux/amd64 ran out of memory; once more, alone and with one compiler at a time");
    outcome.says(
        "FAILED  linux/amd64  out of memory, also alone: its processes need more than 256 MiB together",
    );
    outcome.says("(memory, targets.toml:5)");
    // With enough of it the same project is built.
    let call = project.xbuild(&["--no-package", "--memory", "4GiB", "--target", "linux/amd64"]);
    call.env("XBUILD_CACHE_DIR", store.path()).ok().never_says("memory");
}

#[test]
fn a_step_with_too_many_processes_is_ended() {
    let (project, store) = (Project::hello(), tempfile::tempdir().unwrap());
    let call = project.xbuild(ONE).env("XBUILD_PROCESSES", "1").env("XBUILD_CACHE_DIR", store.path());
    call.code(1).says("more processes than 1 (processes, XBUILD_PROCESSES)");
    project.xbuild(ONE).env("XBUILD_PROCESSES", "50").ok();
}

#[test]
fn the_doctor_says_what_is_missing() {
    let project = Project::hello();
    let outcome = project.xbuild(&["doctor"]).ok();
    for found in ["ok  sdk", "ok  store", "ok  seal strict", "go.mod\n"] {
        assert!(outcome.stdout.contains(found), "{found:?} in {}", outcome.stdout);
    }
    let outcome = project.xbuild(&["doctor", "--json"]).env("PATH", "/nowhere").code(4);
    let said: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let sdk =
        said["findings"].as_array().unwrap().iter().find(|finding| finding["subject"] == "sdk").unwrap();
    assert_eq!((&sdk["health"], &said["seal"]), (&"bad".into(), &"strict".into()));
    assert!(sdk["next_step"].as_str().unwrap().contains("--sdk DIR"));
}

#[test]
fn messages_name_the_project_as_its_user_knows_it() {
    let project = Project::hello()
        .file("main.go", "package main\n\nimport _ \"example.test/nowhere\"\n\nfunc main() {}\n");
    let outcome = project.xbuild(&with(ONE, &["--seal=strict"])).code(1);
    outcome.says("main.go:3:8: ").never_says("/src/");
}
