//! The store under damage, kills, neighbours and full disks. Long campaigns run with `make test-store`; what stands here
//! is the short version, and the table says which it was.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Call, Outcome, Project, cache_dir, leftovers, table};

/// How often something is done: few times here, as often as the issue asks in the long campaign.
fn times(short: usize, long: usize) -> usize {
    if std::env::var_os("STORE_CAMPAIGN").is_some() { long } else { short }
}

/// A store that shares nothing with any other, in which the runtime has been compiled and nothing else was done.
fn own_store() -> tempfile::TempDir {
    static SEED: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let seed = SEED.get_or_init(|| {
        let seed = cache_dir().with_file_name("seed");
        let _ = fs::remove_dir_all(&seed);
        fs::create_dir_all(&seed).unwrap();
        run(&program("seed"), &seed);
        let keep = |name: &str| ["compile-v0", "cas-v0"].contains(&name);
        for entry in fs::read_dir(&seed).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() && !keep(entry.file_name().to_str().unwrap()) {
                fs::remove_dir_all(entry.path()).unwrap();
            }
        }
        seed
    });
    let store = tempfile::tempdir().unwrap();
    let copied =
        Command::new("cp").args(["-a", "--reflink=auto"]).arg(seed.join(".")).arg(store.path()).status();
    assert!(copied.unwrap().success());
    store
}

const ARGS: &[&str] = &["--target", "linux/amd64", "--target", "linux/arm64"];

/// A program that takes a moment to link, with what its packages hold.
fn program(text: &str) -> Project {
    let main = format!("package main\n\nfunc main() {{ println({text:?}) }}\n");
    Project::hello().file("main.go", &main).file("README.md", "Read me.\n").file("LICENSE", "None.\n")
}

fn run(project: &Project, store: &Path) -> Outcome {
    project.xbuild(ARGS).env("XBUILD_CACHE_DIR", store).ok()
}

/// Programs and packages; lists name times and hosts.
fn results(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let mut files = project.snapshot("dist");
    // What a killed run has left beside them goes when it has lain there for a while.
    files.retain(|name, _| !name.ends_with(".json") && !name.starts_with(".xbuild-"));
    files
}

fn verify(store: &Path) -> Outcome {
    Call::new(store, &["cache", "verify"]).env("XBUILD_CACHE_DIR", store).run()
}

/// A small generator of numbers that look random: the same ones each time, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

/// The entries that a store vouches for.
fn entries(store: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for bucket in ["cas-v0", "actions-v0", "compile-v0", "memo-v0", "last-v0", "index-v1"] {
        let files = walkdir::WalkDir::new(store.join(bucket)).into_iter().filter_map(Result::ok);
        found.extend(files.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()));
    }
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found
}

/// Writes a file anew, whatever its permissions are.
fn write(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// One way of damaging a store: the files that are other than before, with what they were.
fn damage(store: &Path, numbers: &mut Numbers) -> (&'static str, Vec<(PathBuf, Vec<u8>)>) {
    let mut all = entries(store);
    // An empty one has nothing to lose.
    all.retain(|path| fs::metadata(path).unwrap().len() > 0);
    let path = all[numbers.next(all.len())].clone();
    let bytes = fs::read(&path).unwrap();
    let before = vec![(path.clone(), bytes.clone())];
    match numbers.next(6) {
        0 => {
            write(&path, &bytes[..numbers.next(bytes.len())]);
            ("truncated", before)
        }
        1 => {
            write(&path, &[&bytes[..], b"x"].concat());
            ("grown", before)
        }
        2 => {
            // Another entry of the same bucket, or as good as.
            let other = all.iter().find(|other| {
                **other != path && fs::read(other).unwrap() != bytes && other.parent() != path.parent()
            });
            let other = other.unwrap().clone();
            let others = fs::read(&other).unwrap();
            write(&path, &others);
            write(&other, &bytes);
            ("swapped", vec![(path, bytes), (other, others)])
        }
        _ => {
            let mut bad = bytes;
            let at = numbers.next(bad.len());
            bad[at] ^= 1 << numbers.next(8);
            write(&path, &bad);
            ("one bit", before)
        }
    }
}

#[test]
fn damage_is_found_and_reaches_nothing() {
    let (project, store) = (program("damage"), own_store());
    run(&project, store.path());
    std::thread::sleep(Duration::from_millis(200));
    // Once more, so that indexes and memos are there as well.
    run(&project, store.path());
    let good = results(&project);
    assert_eq!(verify(store.path()).code, 0);

    // Each damage alone is found by `cache verify`, and put aside.
    let mut numbers = Numbers(42);
    let mut found: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let all = times(60, 2000);
    for round in 0..all {
        let (kind, before) = damage(store.path(), &mut numbers);
        let outcome = verify(store.path());
        let count = found.entry(kind).or_default();
        count.0 += 1;
        let named = outcome.stdout.lines().filter(|line| line.starts_with("damaged  ")).count();
        count.1 += usize::from(outcome.code == 8 && named == before.len());
        assert_eq!((outcome.code, named), (8, before.len()), "round {round}, {kind}: {}", outcome.stdout);
        for (path, bytes) in before {
            assert!(!path.exists(), "{}", path.display());
            write(&path, &bytes);
        }
        // Records of content that was away are gone now, too.
        if outcome.stdout.contains("dangling") {
            run(&project, store.path());
        }
        let _ = fs::remove_dir_all(store.path().join("quarantine-v0"));
    }
    assert_eq!(verify(store.path()).code, 0);

    // No damage reaches what is built: dist/ is made anew from a store that is damaged in several places.
    let rounds = times(12, 300);
    let mut rebuilt = 0;
    for round in 0..rounds {
        run(&project, store.path());
        for _ in 0..1 + numbers.next(4) {
            damage(store.path(), &mut numbers);
        }
        fs::remove_dir_all(project.path().join("dist")).unwrap();
        let outcome = run(&project, store.path());
        rebuilt += usize::from(outcome.stderr.contains("built   "));
        assert!(results(&project) == good, "round {round}: {}", outcome.stderr);
    }
    let mut text = format!("damage in the store: {all} times one, found by `cache verify`\n");
    for (kind, (tried, seen)) in &found {
        writeln!(text, "  {kind:<12} {seen} of {tried}").unwrap();
    }
    writeln!(
        text,
        "  {rounds} builds from a store with one to four damages: 0 other bytes, {rebuilt} built again"
    )
    .unwrap();
    table("store_damage", &text);
}

/// Each byte of each small entry, one after the other.
#[test]
fn every_byte_of_small_entries_counts() {
    let (project, store) = (program("bytes"), own_store());
    run(&project, store.path());
    let mut flipped = 0;
    for bucket in ["actions-v0", "memo-v0", "last-v0"] {
        let small =
            entries(store.path()).into_iter().filter(|path| path.starts_with(store.path().join(bucket)));
        let path = small.min_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
        let good = fs::read(&path).unwrap();
        let opened = xbuild::cache::Store::open(store.path().to_str().unwrap().into()).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            write(&path, &bad);
            let found = opened.verify().unwrap().damaged;
            let name = path.strip_prefix(store.path()).unwrap().to_str().unwrap();
            assert_eq!(found, [name], "byte {at}");
            flipped += 1;
        }
        write(&path, &good);
    }
    assert!(flipped > 300, "{flipped}");
    assert_eq!(verify(store.path()).code, 0);
}

#[test]
fn kills_lose_nothing() {
    let (project, store) = (program("kills"), own_store());
    let mut numbers = Numbers(7);
    let (mut killed, mut done) = (0, 0);
    // A first run, so that what is killed is what xbuild itself does and not a compiler alone.
    let started = Instant::now();
    run(&project, store.path());
    let usual = started.elapsed().min(Duration::from_secs(4));
    let all = times(12, 300);
    for round in 0..all {
        project.write("main.go", &format!("package main\n\nfunc main() {{ println({round}) }}\n"));
        let (mut child, _home) = project.xbuild(ARGS).env("XBUILD_CACHE_DIR", store.path()).start();
        let moment = usual.mul_f64(numbers.next(1000) as f64 / 1000.0);
        std::thread::sleep(moment);
        let _ = child.kill();
        if child.wait().unwrap().success() {
            done += 1
        } else {
            killed += 1
        }
        let outcome = verify(store.path());
        assert_eq!(outcome.code, 0, "round {round}, after {moment:?}: {}", outcome.stdout);
    }
    let (fresh, clean) = (own_store(), program(""));
    clean.write("main.go", &project.read("main.go"));
    run(&project, store.path());
    run(&clean, fresh.path());
    assert!(results(&project) == results(&clean));
    table(
        "store_kills",
        &format!(
            "SIGKILL at {all} random moments of a build: {killed} killed, {done} done before; store whole each time, next build right\n"
        ),
    );
}

/// A signal at the first, second, … of the calls that make something durable or visible, by strace.
#[test]
fn a_kill_at_each_step_of_publishing() {
    let calls = "rename,renameat,renameat2,fsync,fdatasync,link,linkat,unlink,unlinkat";
    let (project, store) = (program("steps"), own_store());
    run(&project, store.path());
    let good = results(&project);
    let (mut step, mut killed, mut tried) = (1, 0, 0);
    let mut over = [false, false];
    while over != [true, true] {
        // Everything is in the store: what is left to do is publishing; every second time there is also something to make.
        fs::remove_dir_all(project.path().join("dist")).unwrap();
        let anew = tried % 2;
        tried += 1;
        if anew == 1 {
            fs::remove_dir_all(store.path().join("actions-v0")).unwrap();
        }
        let inject = format!("inject={calls}:signal=SIGKILL:when={step}");
        let trace = format!("trace={calls}");
        let call = project.xbuild(ARGS).env("XBUILD_CACHE_DIR", store.path());
        let call = call.wrapped("strace", &["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject]);
        let outcome = call.run();
        let checked = verify(store.path());
        assert_eq!(checked.code, 0, "step {step}: {}{}", outcome.stderr, checked.stdout);
        run(&project, store.path());
        assert!(results(&project) == good, "step {step}");
        over[anew] = outcome.code == 0;
        killed += usize::from(outcome.code != 0);
        // Each step in the long campaign; here those far behind are tried here and there.
        step += if anew == 0 { 0 } else { times(1 + step / 2, 1) };
    }
    assert!(killed > 3, "{killed}");
    table(
        "store_steps",
        &format!(
            "SIGKILL at the calls of a thread that rename, sync, link or remove ({tried} runs, up to the {step}. call): {killed} killed; store whole, next build right\n"
        ),
    );
}

#[test]
fn neighbours_share_a_store() {
    let store = own_store();
    let texts = ["one", "two", "three"];
    let expected: Vec<_> = texts
        .iter()
        .map(|text| {
            let (project, own) = (program(text), own_store());
            run(&project, own.path());
            results(&project)
        })
        .collect();
    let (processes, rounds) = (times(6, 16), times(2, 20));
    let mut numbers = Numbers(99);
    let (mut killed, mut collected, mut right) = (0, 0, 0);
    for _ in 0..rounds {
        let mut running = Vec::new();
        for process in 0..processes {
            let which = numbers.next(texts.len());
            let project = program(texts[which]);
            let call = project.xbuild(ARGS).env("XBUILD_CACHE_DIR", store.path());
            let (child, home) = call.start();
            running.push((project, which, child, home, process % 4 == 3));
        }
        let gc = ["cache", "gc", "--max-size", "1MiB"];
        let call = Call::new(store.path(), &gc).env("XBUILD_CACHE_DIR", store.path());
        let (gc, _home) = call.start();
        std::thread::sleep(Duration::from_millis(numbers.next(900) as u64));
        for (project, which, mut child, _home, kill) in running {
            if kill && child.kill().is_ok() {
                child.wait().unwrap();
                killed += 1;
                continue;
            }
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            assert!(results(&project) == expected[which], "{said}");
            right += 1;
        }
        let output = gc.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        collected += 1;
    }
    assert_eq!(collected, rounds);
    let outcome = verify(store.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    table(
        "store_neighbours",
        &format!(
            "{processes} processes x {rounds} rounds on one store beside gc: {right} right, {killed} killed, 0 wrong; store whole\n"
        ),
    );
}

#[test]
fn the_same_is_built_once() {
    let store = own_store();
    // The compile outputs are there, so that what is left to do is the same for each.
    run(&program("warm"), store.path());
    let projects: Vec<Project> = (0..4).map(|_| program("once")).collect();
    let args = &["-j", "1", "--no-package", "--target", "linux/amd64"];
    let running: Vec<_> = projects
        .iter()
        .map(|project| project.xbuild(args).env("XBUILD_CACHE_DIR", store.path()).start())
        .collect();
    let said: Vec<String> = running
        .into_iter()
        .map(|(child, _home)| String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap())
        .collect();
    let built = said.iter().filter(|said| said.contains("built   linux/amd64")).count();
    let cached = said.iter().filter(|said| said.contains("cached  linux/amd64")).count();
    assert_eq!((built, cached), (1, 3), "{said:#?}");
    assert!(said.iter().any(|said| said.contains("which builds app for linux/amd64")), "{said:#?}");
    assert_eq!(leftovers(None, store.path()), Vec::<PathBuf>::new());
}

/// A lock that a killed process held, and one whose file is left behind, hold nobody up.
#[test]
fn an_abandoned_lock_is_nothing() {
    let (project, store) = (program("locks"), own_store());
    let key = {
        let call =
            project.xbuild(&["explain", "--json", "linux/amd64"]).env("XBUILD_CACHE_DIR", store.path());
        let said: serde_json::Value = serde_json::from_str(&call.ok().stdout).unwrap();
        said[0]["key"].as_str().unwrap().to_owned()
    };
    write(&store.path().join("locks-v0").join(&key), b"4194304");
    let started = Instant::now();
    let outcome = run(&project, store.path());
    outcome.says("built   linux/amd64").never_says("waiting for");
    assert!(started.elapsed() < Duration::from_secs(60));

    // A process that holds the lock, and is killed while another waits.
    project.write("main.go", "package main\n\nfunc main() { println(2) }\n");
    let call = project.xbuild(&["explain", "--json", "linux/amd64"]).env("XBUILD_CACHE_DIR", store.path());
    let said: serde_json::Value = serde_json::from_str(&call.ok().stdout).unwrap();
    let path = store.path().join("locks-v0").join(said[0]["key"].as_str().unwrap());
    write(&path, b"");
    let mut holder = Command::new("flock")
        .args([path.to_str().unwrap(), "sleep", "60"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let (child, _home) = project.xbuild(ARGS).env("XBUILD_CACHE_DIR", store.path()).start();
    std::thread::sleep(Duration::from_secs(2));
    // flock's child has the lock as well.
    Command::new("pkill").args(["-KILL", "-P", &holder.id().to_string()]).status().unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("waiting for"), "{said}");
}

/// An index that a killed process was writing is no damage; it goes when it is old.
#[test]
fn what_was_being_written_is_no_entry() {
    let (project, store) = (program("passing"), own_store());
    run(&project, store.path());
    let half = store.path().join("index-v1/.xbuild-half");
    fs::create_dir_all(half.parent().unwrap()).unwrap();
    fs::write(&half, "xbuild index 1\nhalf").unwrap();
    assert_eq!(verify(store.path()).code, 0);
    assert!(half.exists(), "its writer may be at work");
    let then = std::time::SystemTime::now() - Duration::from_secs(60);
    fs::File::open(&half).unwrap().set_modified(then).unwrap();
    assert_eq!(verify(store.path()).code, 0);
    assert!(!half.exists());
}

#[test]
fn gc_and_stats() {
    let (project, store) = (program("gc"), own_store());
    let cache = |args: &[&str]| {
        let args = [&["cache"], args].concat();
        Call::new(project.path(), &args).env("XBUILD_CACHE_DIR", store.path()).ok().stdout
    };
    assert_eq!(cache(&["path"]).trim(), store.path().to_str().unwrap());
    run(&project, store.path()).says("built");
    run(&project, store.path()).says("cached");
    let stats: serde_json::Value = serde_json::from_str(&cache(&["stats", "--json"])).unwrap();
    assert_eq!(stats["kinds"]["programs"]["entries"], 2);
    assert_eq!(stats["kinds"]["packages"]["entries"], 2);
    assert_eq!((stats["runs"][0]["built"].as_u64(), stats["runs"][1]["hits"].as_u64()), (Some(2), Some(2)));
    let text = cache(&["stats"]);
    assert!(text.contains("the last run: 2 of 2 programs from the store (100 %)"), "{text}");

    // A plan that is only shown changes nothing.
    let before = entries(store.path());
    let plan = cache(&["gc", "-n", "--max-size", "1MiB"]);
    assert!(plan.contains("would go: "), "{plan}");
    assert_eq!(entries(store.path()), before);
    run(&project, store.path()).says("cached");
    // Nothing is older than a day.
    assert!(cache(&["gc", "--max-age", "1d"]).contains("removed: 0 B"));
    let done: serde_json::Value =
        serde_json::from_str(&cache(&["gc", "--max-size", "1MiB", "--json"])).unwrap();
    assert!(done["freed"].as_u64().unwrap() > 4_000_000, "{done}");
    assert_eq!(verify(store.path()).code, 0);
    fs::remove_dir_all(project.path().join("dist")).unwrap();
    run(&project, store.path()).says("built");
}

#[test]
fn the_least_recently_used_goes_first() {
    let store = own_store();
    let (old, new) = (program("old"), program("new"));
    run(&old, store.path());
    run(&new, store.path());
    // What is younger than an hour is not touched on use, so the records are made older first.
    let then = std::time::SystemTime::now() - Duration::from_secs(48 * 3600);
    for path in entries(store.path()) {
        fs::File::open(path).unwrap().set_modified(then).unwrap();
    }
    run(&new, store.path()).says("cached");
    let gc = ["cache", "gc", "--max-age", "1d"];
    Call::new(store.path(), &gc).env("XBUILD_CACHE_DIR", store.path()).ok();
    for (project, word) in [(&new, "cached"), (&old, "built")] {
        fs::remove_dir_all(project.path().join("dist")).unwrap();
        run(project, store.path()).says(word);
    }
}

#[test]
fn the_limit_is_kept() {
    let store = own_store();
    let size = || {
        let call =
            Call::new(store.path(), &["cache", "stats", "--json"]).env("XBUILD_CACHE_DIR", store.path());
        let stats: serde_json::Value = serde_json::from_str(&call.ok().stdout).unwrap();
        let of = |kind: &str| stats["kinds"][kind]["bytes"].as_u64().unwrap_or(0);
        of("programs") + of("packages")
    };
    for text in ["1", "2", "3", "4"] {
        let project = program(text);
        let call = project.xbuild(ARGS).env("XBUILD_CACHE_DIR", store.path());
        call.env("XBUILD_CACHE_SIZE", "9MiB").ok();
        assert!(size() <= 9 << 20, "{}", size());
    }
    assert_eq!(verify(store.path()).code, 0);
    program("x").xbuild(ARGS).env("XBUILD_CACHE_SIZE", "much").code(3).says("XBUILD_CACHE_SIZE=\"much\"");
    let text = "schema = 1\n\n[settings]\ncache_size = \"1GiB\"\n";
    program("x").file("targets.toml", text).xbuild(&[]).code(3).says("`cache_size` is the user's choice");
}

/// What a user does to dist/ does not reach the store, and is mended.
#[test]
fn dist_is_not_the_store() {
    let (project, store) = (program("dist"), own_store());
    run(&project, store.path());
    let good = results(&project);
    let name = "dist/app_linux_amd64/app";
    for edit in [0, 1, 2] {
        let path = project.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        match edit {
            // In place, with the old time: only the ctime tells.
            0 => {
                let time = fs::metadata(&path).unwrap().modified().unwrap();
                bytes[100] ^= 1;
                let file = fs::File::options().write(true).open(&path).unwrap();
                std::io::Write::write_all(&mut &file, &bytes).unwrap();
                file.set_modified(time).unwrap();
            }
            1 => fs::write(&path, b"nonsense").unwrap(),
            _ => fs::remove_file(&path).unwrap(),
        }
        run(&project, store.path()).says("cached  linux/amd64");
        assert!(results(&project) == good, "edit {edit}");
    }
    assert_eq!(verify(store.path()).code, 0);
}

/// A program that is written to a path is written when it is another.
#[test]
fn a_path_of_the_users_own_keeps_its_times() {
    let (project, store) = (program("path"), own_store());
    let path = project.path().join("bin/app");
    let run = || {
        let args = ["--target", "linux/amd64", "-o", "bin/app"];
        let outcome = project.xbuild(&args).env("XBUILD_CACHE_DIR", store.path()).ok();
        (outcome.stderr.contains("cached"), fs::metadata(&path).unwrap().modified().unwrap())
    };
    let (first, time) = run();
    assert!(!first);
    assert_eq!(run(), (true, time));
    fs::write(&path, "nonsense").unwrap();
    run();
    assert_eq!(project.run(path.to_str().unwrap(), &[]), "");
    assert!(!project.exists("dist"));
}

/// What changes while it is built is built as it was read, and is not kept under another key.
#[test]
fn a_source_that_changes_meanwhile_is_not_kept() {
    let (project, store) = (program("before"), own_store());
    run(&program("warm"), store.path());
    let (child, _home) = project.xbuild(ARGS).env("XBUILD_CACHE_DIR", store.path()).start();
    let started = Instant::now();
    let mut number = 0;
    let mut child = child;
    while child.try_wait().unwrap().is_none() && started.elapsed() < Duration::from_secs(60) {
        number += 1;
        // At once, as editors save.
        project.write("new", &format!("package main\n\nfunc main() {{ println({number}) }}\n"));
        fs::rename(project.path().join("new"), project.path().join("main.go")).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Whatever was kept: what comes next is what the source says now.
    let (clean, fresh) = (program(""), own_store());
    clean.write("main.go", &project.read("main.go"));
    run(&clean, fresh.path());
    run(&project, store.path());
    assert!(results(&project) == results(&clean));
    project.write("main.go", "package main\n\nfunc main() { println(\"before\") }\n");
    clean.write("main.go", &project.read("main.go"));
    run(&clean, fresh.path());
    run(&project, store.path());
    assert!(results(&project) == results(&clean));
}
