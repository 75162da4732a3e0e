//! The sandbox at the edges: orders that make no sense, odd places, file systems of every kind.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::{
    COMPILED, Call, Project, cache_dir, go, own_store, processes, share_compiled, skipped, wait_for,
};

const LEVELS: &[&str] = &["--seal=strict", "--seal=landlock", "--seal=env"];

/// Calls the helper as xbuild does and hands it a policy.
fn helper(policy: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xbuild"))
        .arg("__sandbox")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that does not read to the end is no failure of this test.
    let _ = child.stdin.take().unwrap().write_all(policy);
    child.wait_with_output().unwrap()
}

fn policy(caller: u32, level: &str, mounts: serde_json::Value, argv: &[&str]) -> serde_json::Value {
    serde_json::json!({
        "level": level, "caller": caller, "argv": argv, "env": {}, "dir": "/", "root": std::env::temp_dir(),
        "mounts": mounts, "limits": { "memory": null, "processes": null },
    })
}

#[test]
fn a_policy_that_makes_no_sense_is_refused_in_one_line() {
    let here = std::process::id();
    let good = policy(here, "strict", serde_json::json!([]), &["/nowhere"]);
    let with = |name: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed.to_string().into_bytes()
    };
    let nowhere = serde_json::json!([{ "bind": { "host": "/nowhere", "at": "/x", "access": "read" } }]);
    let mut bad: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"nonsense".to_vec(),
        b"{}".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        vec![b'['; 1 << 20],
        with("level", serde_json::json!("stronger")),
        with("caller", serde_json::json!(-1)),
        with("root", serde_json::json!("/nowhere")),
        with("root", serde_json::json!("with\u{0}nul")),
        with("argv", serde_json::json!(["with\u{0}nul"])),
        with("dir", serde_json::json!("/nowhere")),
        with("mounts", nowhere),
        with(
            "mounts",
            serde_json::json!([{ "bind": { "host": "/etc", "at": "/with\u{0}nul", "access": "read" } }]),
        ),
        // A mount point behind a link that leads to the host.
        with(
            "mounts",
            serde_json::json!([
                { "link": { "at": "/a", "to": "/tmp" } },
                { "bind": { "host": "/etc", "at": "/a/b", "access": "read" } },
            ]),
        ),
        good.to_string().into_bytes(),
    ];
    let text = good.to_string();
    bad.extend((1..text.len()).step_by(17).map(|length| text.as_bytes()[..length].to_vec()));
    for policy in bad {
        let output = helper(&policy);
        let (shown, said) = (String::from_utf8_lossy(&policy), String::from_utf8_lossy(&output.stderr));
        let shown: String = shown.chars().take(200).collect();
        assert_eq!(output.status.code(), Some(125), "{shown}: {said}");
        assert!(said.starts_with("xbuild sandbox: cannot ") && said.lines().count() == 1, "{shown}: {said}");
    }
}

#[test]
fn nothing_runs_for_a_caller_that_has_gone() {
    let dir = tempfile::tempdir().unwrap();
    let marker = dir.path().join("marker");
    for level in ["strict", "landlock", "env"] {
        let argv = ["/bin/sh", "-c", &format!("echo > {}", marker.display())];
        let output = helper(policy(1, level, serde_json::json!([]), &argv).to_string().as_bytes());
        assert_eq!(output.status.code(), Some(125));
        assert!(!marker.exists());
    }
    // The mirror: for this caller it does run.
    let argv = ["/bin/sh", "-c", &format!("echo > {}", marker.display())];
    assert!(
        helper(policy(std::process::id(), "env", serde_json::json!([]), &argv).to_string().as_bytes())
            .status
            .success()
    );
    assert!(marker.exists());
}

#[test]
fn steps_end_with_an_xbuild_that_is_killed() {
    for level in LEVELS {
        let project = Project::hello();
        let store = tempfile::tempdir().unwrap();
        let call = project.xbuild(&[level, "--target", "linux/amd64"]).env("XBUILD_CACHE_DIR", store.path());
        let (mut child, _home) = call.start();
        let about = project.path().to_owned();
        let compiling = || processes(store.path()).into_iter().chain(processes(&about));
        wait_for("compiler", || {
            compiling().find(|one| one.args.first().is_some_and(|arg| arg.ends_with("compile")))
        });
        child.kill().unwrap();
        child.wait().unwrap();
        if *level == "--seal=strict" {
            wait_for("end of every process", || (compiling().count() == 0).then_some(()));
        } else {
            // Without a pid namespace only `go` itself is told: what it started ends when it is done.
            wait_for("end of `go`", || {
                compiling().all(|one| !one.args.iter().any(|arg| arg == "build")).then_some(())
            });
        }
    }
}

/// Builds at a level; Go's own objection to a name is no failure where the name is not hidden from it. What the host cannot do is said and passed over.
fn builds(call: Call, level: &str) -> bool {
    let outcome = call.run();
    if outcome.stderr.contains("this host cannot seal a build") {
        skipped(&format!("{level}: {}", outcome.stderr));
        return false;
    }
    if level != LEVELS[0] && outcome.stderr.contains("invalid package directory") {
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        return false;
    }
    assert_eq!(outcome.code, 0, "{level}: {}{}", outcome.stdout, outcome.stderr);
    true
}

#[test]
fn odd_names_of_projects_and_stores() {
    for name in
        ["with space", "new\nline", "quote'\"\\", "..dots", "-dash", "ünï", "a,b=c", "$HOME %s {x}", "#;&|"]
    {
        for level in LEVELS {
            let outer = Project::empty();
            let dir = outer.path().join(name);
            copy(Project::hello().path(), &dir);
            let store = outer.path().join(format!("{name}.store"));
            fs::create_dir(&store).unwrap();
            share_compiled(&store);
            let call = Call::new(&dir, &[level, "--no-package", "--target", "linux/amd64"]);
            if builds(call.env("XBUILD_CACHE_DIR", &store), level) {
                assert!(dir.join("dist/app_linux_amd64/app").is_file(), "{name:?} at {level}");
            }
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// A program that prints every name that it was built beside: an embedded directory.
fn embedding() -> Project {
    Project::hello().file(
        "main.go",
        "package main\n\nimport (\n\t\"embed\"\n\t\"os\"\n)\n\n//go:embed data\nvar data embed.FS\n\nfunc main() {\n\t\
         text, _ := data.ReadFile(\"data/text\")\n\tos.Stdout.Write(text)\n}\n",
    )
}

#[test]
fn directories_by_other_names() {
    for level in LEVELS {
        // dist/ lies elsewhere and is a link; the store is in the project, which is called by a link.
        let project = Project::hello();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), project.path().join("dist")).unwrap();
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(project.path(), &link).unwrap();
        let store = link.join("sub/../store");
        fs::create_dir_all(project.path().join("store")).unwrap();
        fs::create_dir_all(project.path().join("sub")).unwrap();
        share_compiled(&project.path().join("store"));
        for _ in 0..2 {
            let call = Call::new(&link, &[level, "--no-package", "--target", "linux/amd64"]);
            builds(call.env("XBUILD_CACHE_DIR", &store), level);
        }
    }
}

#[test]
fn an_sdk_put_together_by_links() {
    let goroot = PathBuf::from(go(Path::new("/"), &["env", "GOROOT"], &[]).trim());
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().join("go-real");
    let tools = real.join("pkg/tool");
    fs::create_dir_all(&tools).unwrap();
    let link = |from: &Path, to: &Path| std::os::unix::fs::symlink(from, to).unwrap();
    // As distributions do: src elsewhere, parts of pkg elsewhere, files as links, and the whole behind a link.
    for name in ["bin", "src", "lib", "VERSION", "go.env"] {
        link(&goroot.join(name), &real.join(name));
    }
    link(&goroot.join("pkg/include"), &real.join("pkg/include"));
    for tool in fs::read_dir(goroot.join("pkg/tool")).unwrap().flatten() {
        link(&tool.path(), &tools.join(tool.file_name()));
    }
    link(Path::new("/nowhere"), &real.join("misc"));
    let whole = dir.path().join("go");
    link(&real, &whole);
    for level in LEVELS {
        for sdk in [&real, &whole] {
            let project = Project::hello();
            let args = [level, "--no-package", "--target", "linux/amd64", "--sdk", sdk.to_str().unwrap()];
            builds(project.xbuild(&args), level);
        }
    }
}

/// A call with mounts of its own, made by a script; `None` where the host allows none.
fn mounted(project: &Project, script: &str, args: &[&str]) -> Option<Call> {
    let tried = Command::new("unshare").args(["-rm", "true"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        skipped("no mounts of one's own on this host");
        return None;
    }
    let script = format!("set -e; {script}; exec \"$0\" \"$@\"");
    Some(project.xbuild(args).wrapped("unshare", &["-rm", "/bin/sh", "-c", &script]))
}

#[test]
fn a_file_system_below_the_project_comes_along() {
    for level in LEVELS {
        let project = embedding().file("data/text", "covered\n");
        let script = "mount -t tmpfs tmpfs data && echo on top > data/text";
        let args = [level, "--no-package", "--target", "linux/amd64"];
        let Some(call) = mounted(&project, script, &args) else { return };
        builds(call, level);
        let program = project.path().join("dist/app_linux_amd64/app");
        assert_eq!(project.run(program.to_str().unwrap(), &[]), "on top\n", "{level}");
    }
}

#[test]
fn stores_on_other_file_systems() {
    let shared: String = COMPILED
        .iter()
        .map(|name| {
            let shared = cache_dir().join(name);
            fs::create_dir_all(&shared).unwrap();
            format!(" {}", shared.display())
        })
        .collect();
    for options in ["size=200m", "noexec,nosuid,nodev,noatime"] {
        for level in LEVELS {
            let project = Project::hello();
            let store = tempfile::tempdir().unwrap();
            let at = store.path().display();
            let script = format!("mount -t tmpfs -o {options} tmpfs {at} && ln -s{shared} {at}");
            let args = [level, "--no-package", "--target", "linux/amd64"];
            let Some(call) = mounted(&project, &script, &args) else { return };
            builds(call.env("XBUILD_CACHE_DIR", store.path()), level);
        }
    }
}

/// A store with less room than a build needs costs its use, whether it is full at once, while Go compiles or when the
/// program is to be kept.
#[test]
fn a_full_disk_costs_the_store_and_nothing_else() {
    let main = "package main\n\nfunc main() { println(\"small\") }\n";
    let good = Project::hello().file("main.go", main);
    good.xbuild(&["--target", "linux/amd64"]).ok();
    let program = "dist/app_linux_amd64/app";
    let good = std::fs::read(good.path().join(program)).unwrap();
    let mut said = Vec::new();
    for size in ["4k", "64k", "4m", "30m"] {
        let project = Project::hello().file("main.go", main);
        let store = tempfile::tempdir().unwrap();
        let script = format!("mount -t tmpfs -o size={size} tmpfs {}", store.path().display());
        let Some(call) = mounted(&project, &script, &["--target", "linux/amd64"]) else { return };
        let outcome = call.env("XBUILD_CACHE_DIR", store.path()).run();
        assert_eq!(outcome.code, 0, "{size}: {}", outcome.stderr);
        assert!(std::fs::read(project.path().join(program)).unwrap() == good, "{size}");
        said.push(outcome.stderr);
    }
    assert!(said[0].contains("the store cannot be used") || said[0].contains("is full"), "{}", said[0]);
    assert!(said[2].contains("is full; linux/amd64 is built once more, in "), "{}", said[2]);
    assert!(said.iter().any(|said| said.contains("bytes are needed")), "{said:#?}");
}

#[test]
fn a_store_that_cannot_be_written_is_named() {
    for level in LEVELS {
        let project = Project::hello();
        let store = own_store();
        let at = store.path().display();
        let script = format!("mount --bind {at} {at} && mount -o remount,bind,ro {at}");
        let Some(call) = mounted(&project, &script, &[level, "--target", "linux/amd64"]) else { return };
        let outcome = call.env("XBUILD_CACHE_DIR", store.path()).run();
        outcome
            .says("the store cannot be used")
            .says("Read-only file system")
            .says(store.path().to_str().unwrap());
        assert_eq!(outcome.code, 0, "{level}: {}", outcome.stderr);
        assert!(project.exists("dist/app_linux_amd64/app"), "{level}");
    }
}
