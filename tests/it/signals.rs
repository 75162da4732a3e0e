//! SIGINT and SIGTERM: over at once, with nothing running and nothing lying about.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::{Call, ModuleTree, Outcome, Project, leftovers, own_store, processes, wait_for};

fn small() -> Project {
    Project::hello().file("main.go", "package main\n\nfunc main() { println(\"small\") }\n")
}

/// A run that goes on while the test looks at it, and ends with the test.
struct Run {
    child: Child,
    _home: tempfile::TempDir,
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}

/// Starts a run and waits for a child of it.
fn start(call: Call, store: &Path, what: &str, wanted: impl Fn(&[String]) -> bool) -> Run {
    let (child, _home) = call.env("XBUILD_CACHE_DIR", store).start();
    let run = Run { child, _home };
    wait_for(what, || processes(store).iter().any(|process| wanted(&process.args)).then_some(()));
    // Until it has read what it needs: a compiler whose files vanish at its start ends by itself.
    std::thread::sleep(Duration::from_millis(300));
    run
}

/// The compiler of the one package that takes more than a moment: it would still be there if it were let live.
fn compiler(args: &[String]) -> bool {
    let compiles = args.first().is_some_and(|program| program.ends_with("/compile"));
    compiles && args.windows(2).any(|pair| pair == ["-p", "runtime"])
}

/// Sends a signal and sees the run end before what it runs would have ended by itself.
#[track_caller]
fn end(run: Run, signal: &str) -> Outcome {
    let (outcome, took) = timed_end(run, signal);
    assert!(took < Duration::from_secs(10), "it took {took:?}\n{}", outcome.stderr);
    outcome
}

/// Sends a signal; how the run ends, and how long after.
fn timed_end(mut run: Run, signal: &str) -> (Outcome, Duration) {
    let child = &mut run.child;
    let sent = Instant::now();
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(status.unwrap().success());
    let status = wait_for("end", || child.try_wait().unwrap());
    let took = sent.elapsed();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    // An exit of its own, not a death by the signal: it has cleaned up.
    (Outcome { code: status.code().unwrap_or(-1), stdout, stderr }, took)
}

/// No process is left that knows of the directory. What was killed may take a moment to be gone.
#[track_caller]
fn nothing_runs(about: &Path) {
    let ended = Instant::now();
    while !processes(about).is_empty() && ended.elapsed() < Duration::from_millis(500) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let left = processes(about);
    assert!(left.is_empty(), "{left:#?}");
}

fn stamps(dir: &Path) -> Vec<(PathBuf, u64, i64, i64)> {
    let mut found: Vec<_> = walkdir::WalkDir::new(dir)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            (entry.into_path(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
        })
        .collect();
    found.sort();
    found
}

fn during_a_compile(signal: &str, code: i32) {
    let (project, store) = (small(), tempfile::tempdir().unwrap());
    let args = ["--target", "linux/amd64", "--target", "linux/arm64"];
    project.xbuild(&args).ok();
    let dist = project.path().join("dist");
    let (before, bytes) = (stamps(&dist), project.snapshot("dist"));

    let outcome = end(start(project.xbuild(&args), store.path(), "compiler", compiler), signal);
    nothing_runs(store.path());
    assert_eq!(outcome.code, code, "{}", outcome.stderr);
    outcome.says("ended by a signal").never_says("FAILED");
    assert_eq!(leftovers(Some(&dist), store.path()), Vec::<PathBuf>::new());
    assert_eq!(stamps(&dist), before);

    project.xbuild(&args).env("XBUILD_CACHE_DIR", store.path()).ok().says("built   linux/amd64");
    assert!(project.snapshot("dist") == bytes);
}

#[test]
fn sigint_during_a_compile() {
    during_a_compile("-INT", 130);
}

#[test]
fn sigterm_during_a_compile() {
    during_a_compile("-TERM", 143);
}

#[test]
fn the_end_comes_within_a_second() {
    within_a_second("-INT");
    within_a_second("-TERM");
}

#[track_caller]
fn within_a_second(signal: &str) {
    let project = small();
    let args = ["--target", "linux/amd64", "--target", "linux/arm64"];
    // Other tests take the machine's time meanwhile: what is slow by its nature is slow each time.
    let mut times = Vec::new();
    while times.len() < 5 {
        let store = tempfile::tempdir().unwrap();
        let run = start(project.xbuild(&args), store.path(), "compiler", compiler);
        let (_, took) = timed_end(run, signal);
        if took < Duration::from_secs(1) {
            return;
        }
        times.push(took);
    }
    panic!("{signal}: {times:?}");
}

#[test]
fn a_first_run_that_is_ended_leaves_no_dist() {
    let (project, store) = (small(), tempfile::tempdir().unwrap());
    let call = project.xbuild(&["--target", "linux/amd64"]);
    assert_eq!(end(start(call, store.path(), "compiler", compiler), "-INT").code, 130);
    assert!(!project.exists("dist"));

    let call = project.xbuild(&["--target", "linux/amd64", "-o", "bin/small"]);
    assert_eq!(end(start(call, store.path(), "compiler", compiler), "-TERM").code, 143);
    nothing_runs(store.path());
    assert_eq!(project.snapshot("").into_keys().collect::<Vec<_>>(), ["go.mod", "main.go"]);
}

#[test]
fn a_terminal_signals_xbuild_alone() {
    // A terminal sends SIGINT to every process of its foreground group; the compilers are in groups of their own.
    let (project, store) = (small(), tempfile::tempdir().unwrap());
    let call = project.xbuild(&["-q", "--target", "linux/amd64"]);
    let run = start(call, store.path(), "compiler", compiler);
    let xbuild = run.child.id();
    let groups: Vec<String> = processes(store.path())
        .iter()
        .filter(|process| process.pid != xbuild)
        .map(|process| fs::read_to_string(format!("/proc/{}/stat", process.pid)).unwrap_or_default())
        .filter_map(|stat| stat.rsplit(')').next()?.split_whitespace().nth(2).map(str::to_owned))
        .collect();
    assert!(!groups.is_empty() && groups.iter().all(|group| *group != xbuild.to_string()), "{groups:?}");
    assert_eq!(end(run, "-INT").code, 130);
    nothing_runs(store.path());
}

/// Makes a FIFO: whoever opens it for reading waits for ever.
fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn while_modules_are_vendored() {
    let tree =
        ModuleTree::new().module("dep.test/slow", "v1.0.0", &[("slow.go", "package slow\n\nfunc F() {}\n")]);
    let project = Project::empty()
        .file("go.mod", "module example.test/app\n\ngo 1.24\n\nrequire dep.test/slow v1.0.0\n")
        .file("go.sum", tree.go_sum())
        .file("main.go", "package main\n\nfunc main() {}\n")
        // For another system: listing the packages here does not need the module, vendoring does.
        .file("main_plan9.go", "package main\n\nimport _ \"dep.test/slow\"\n");
    let zip = tree.path().join("dep.test/slow/@v/v1.0.0.zip");
    fs::remove_file(&zip).unwrap();
    fifo(&zip);
    let store = own_store();
    for command in [&["--target", "linux/amd64"][..], &["vendor"]] {
        let call = Call::new(project.path(), command).env("GOPROXY", tree.url());
        let vendors = |args: &[String]| args.get(2).is_some_and(|arg| arg == "vendor");
        let run = start(call, store.path(), "go mod vendor", vendors);
        let outcome = end(run, "-INT");
        nothing_runs(store.path());
        assert_eq!(outcome.code, 130, "{}", outcome.stderr);
        outcome.says("ended by a signal");
        assert_eq!(leftovers(None, store.path()), Vec::<PathBuf>::new());
        assert!(!project.exists("dist") && !project.exists("vendor"));
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_disaster() {
    let project = small();
    let (mut child, _home) = project.xbuild(&["--target", "linux/amd64", "--json"]).start();
    drop(child.stdout.take());
    drop(child.stderr.take());
    let status = wait_for("end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    assert!(project.exists("dist/app_linux_amd64/app"));
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let (project, store) = (small(), tempfile::tempdir().unwrap());
    let dist = project.path().join("dist");
    let mut run = start(project.xbuild(&["--target", "linux/amd64"]), store.path(), "compiler", compiler);
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    // The pid namespace has ended with its process 1, which ends with the run: no compiler lives on.
    nothing_runs(store.path());
    let left = leftovers(Some(&dist), store.path());
    // The step's, what was on its way into the store, and what was on its way to dist/.
    assert_eq!(left.len(), 3, "{left:?}");
    // Only what has lain there for a while is taken for abandoned.
    let then = std::time::SystemTime::now() - Duration::from_secs(60);
    for path in left {
        fs::File::open(path).unwrap().set_modified(then).unwrap();
    }
    project.xbuild(&["--target", "linux/amd64"]).env("XBUILD_CACHE_DIR", store.path()).ok();
    assert_eq!(leftovers(Some(&dist), store.path()), Vec::<PathBuf>::new());
}
