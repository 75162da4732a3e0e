//! What Go has compiled comes from the store, and nothing of it unverified.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Call, Outcome, Project, skipped};

const LEVELS: &[&str] = &["strict", "landlock", "env"];

/// A program that needs only the runtime, so that an empty store costs seconds, and a package of its own.
fn small(main: &str) -> Project {
    Project::empty()
        .file("go.mod", "module example.test/app\n\ngo 1.24\n")
        .file("lib/lib.go", "package lib\n\nfunc Text() string { return \"text\" }\n")
        .file(
            "main.go",
            &format!("package main\n\nimport \"example.test/app/lib\"\n\nfunc main() {{ {main} }}\n"),
        )
}

const PRINTS: &str = "println(lib.Text())";

fn build(project: &Project, store: &Path, level: &str) -> Call {
    let seal = format!("--seal={level}");
    let args = ["--no-package", "--target", "linux/amd64", "-j", "2", &seal];
    project.xbuild(&args).env("XBUILD_CACHE_DIR", store)
}

/// Whether the host has this level; a call that says that it has not is no failure.
fn sealed(outcome: &Outcome, level: &str) -> bool {
    let missing = outcome.stderr.contains("this host cannot seal a build");
    if missing {
        skipped(&format!("the compile cache at {level}: {}", outcome.stderr));
    }
    !missing
}

fn program(project: &Project) -> Vec<u8> {
    fs::read(project.path().join("dist/app_linux_amd64/app")).unwrap()
}

/// Every file below a directory of a store, with the number that the file system gives it: a file that is written again
/// gets another.
fn files(store: &Path, bucket: &str) -> BTreeMap<PathBuf, u64> {
    let walk = walkdir::WalkDir::new(store.join(bucket)).into_iter().filter_map(Result::ok);
    let files = walk.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let inode = std::os::unix::fs::MetadataExt::ino(&entry.metadata().unwrap());
            (entry.into_path(), inode)
        })
        .collect()
}

/// Has the next build run Go again: what is kept of whole programs is forgotten.
fn forget_programs(store: &Path) {
    for bucket in ["actions-v0", "outputs-v0", "memo-v0"] {
        let _ = fs::remove_dir_all(store.join(bucket));
    }
}

/// The blobs that the index names, with the entries that name each.
fn indexed(store: &Path) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut blobs: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for entry in files(store, "compile-v0").into_keys() {
        let text = fs::read_to_string(&entry).unwrap();
        let name = text.lines().nth(2).unwrap().split(' ').nth(2).unwrap();
        let blob = store.join("cas-v0").join(&name[..2]).join(&name[2..]);
        blobs.entry(blob).or_default().push(entry);
    }
    blobs
}

/// Writes a file anew: with hard links, or a mode that forbids it, nothing else is changed.
fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_second_project_compiles_nothing_anew() {
    for level in LEVELS {
        let store = tempfile::tempdir().unwrap();
        let one = small(PRINTS);
        let outcome = build(&one, store.path(), level).run();
        if !sealed(&outcome, level) {
            continue;
        }
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(!store.path().join("gocache-v1").join(level).exists(), "Go kept a directory of its own");
        let before = files(store.path(), "compile-v0");
        assert!(before.len() > 50 && before.keys().all(|path| path.to_str().unwrap().contains(level)));
        // The same packages in another directory: not even the program's own is compiled again.
        let other = small(PRINTS);
        forget_programs(store.path());
        build(&other, store.path(), level).ok();
        let now = files(store.path(), "compile-v0");
        let fresh: Vec<_> = now.iter().filter(|(path, inode)| before.get(*path) != Some(inode)).collect();
        assert!(fresh.is_empty(), "{level}: compiled again: {fresh:?}");
        assert_eq!(program(&one), program(&other));
        // A step that fails leaves what did compile.
        let broken = small("undefined_here(lib.Text())")
            .file("lib/lib.go", "package lib\n\nfunc Text() string { return \"another text\" }\n");
        build(&broken, store.path(), level).code(1).says("undefined_here");
        let after = files(store.path(), "compile-v0");
        assert!(after.len() > before.len(), "{level}: what was compiled in a failing build is lost");
        let lib = after.len();
        broken.write(
            "main.go",
            "package main\n\nimport \"example.test/app/lib\"\n\nfunc main() { println(lib.Text()) }\n",
        );
        build(&broken, store.path(), level).ok();
        let now = files(store.path(), "compile-v0");
        assert!(after.iter().all(|(path, inode)| now[path] == *inode), "{level}: {lib} entries");
    }
}

/// What can happen to a file.
type Harm = (&'static str, fn(&Path, &Path));

const HARMS: &[Harm] = &[
    ("one byte is another", |path, _| {
        let mut bytes = fs::read(path).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        replace(path, &bytes);
    }),
    ("the end is missing", |path, _| {
        let bytes = fs::read(path).unwrap();
        replace(path, &bytes[..bytes.len() - 1]);
    }),
    ("it is empty", |path, _| replace(path, b"")),
    ("there is more", |path, _| {
        let bytes = fs::read(path).unwrap();
        replace(path, &[&bytes[..], b"\n"].concat());
    }),
    ("zeros, as a power cut leaves them", |path, _| {
        let size = fs::read(path).unwrap().len();
        replace(path, &vec![0; size]);
    }),
    ("another's bytes", |path, other| replace(path, &fs::read(other).unwrap())),
    ("a link to another", |path, other| {
        fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink(other, path).unwrap();
    }),
];

#[test]
fn no_damage_reaches_a_program() {
    let store = tempfile::tempdir().unwrap();
    let project = small(PRINTS);
    build(&project, store.path(), "env").ok();
    let good = program(&project);
    // Packages that every build of the program needs, and small ones, so that they are soon made again.
    let archive = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        bytes.starts_with(b"!<arch>\n") && (2_000..200_000).contains(&bytes.len())
    };
    let packages: Vec<_> = indexed(store.path()).into_iter().filter(|(blob, _)| archive(blob)).collect();
    let [(blob, entries), (other_blob, other_entries), ..] = &packages[..] else { panic!("{packages:?}") };
    for (what, harm) in HARMS {
        for (victim, other) in [(blob, other_blob), (&entries[0], &other_entries[0])] {
            let place = victim.strip_prefix(store.path()).unwrap().to_str().unwrap();
            let before = (fs::read(victim).unwrap(), fs::read(other).unwrap());
            harm(victim, other);
            forget_programs(store.path());
            build(&project, store.path(), "env").ok().says(place);
            assert!(program(&project) == good, "{what}: {place} reached the program");
            assert!(fs::read(other).unwrap() == before.1, "{what}: {place}");
            // It is whole again, and nobody complains any more.
            forget_programs(store.path());
            build(&project, store.path(), "env").ok().never_says("damaged");
            if victim == blob {
                assert!(fs::read(victim).unwrap() == before.0, "{what}: {place}");
            }
        }
    }
    // Two entries have changed places: both are whole, and neither is what its name says.
    let (one, two) = (&entries[0], &other_entries[0]);
    let (first, second) = (fs::read(one).unwrap(), fs::read(two).unwrap());
    replace(one, &second);
    replace(two, &first);
    forget_programs(store.path());
    let outcome = build(&project, store.path(), "env").ok();
    for entry in [one, two] {
        outcome.says(entry.strip_prefix(store.path()).unwrap().to_str().unwrap());
    }
    assert!(program(&project) == good);
}

#[test]
fn random_damage_all_over_the_store() {
    let store = tempfile::tempdir().unwrap();
    let project = small(PRINTS);
    build(&project, store.path(), "env").ok();
    let good = program(&project);
    let blobs = indexed(store.path());
    let every: BTreeSet<&PathBuf> = blobs.keys().chain(blobs.values().flatten()).collect();
    for round in 0..3 {
        let mut bad = 0;
        for path in &every {
            // What no build has asked for again may be gone since the last round.
            let mut bytes = fs::read(path).unwrap_or_default();
            if bytes.is_empty() || fastrand::bool() {
                continue;
            }
            let at = fastrand::usize(..bytes.len());
            bytes[at] ^= 1 << fastrand::u32(..8);
            replace(path, &bytes);
            bad += 1;
        }
        forget_programs(store.path());
        build(&project, store.path(), "env").ok().says("damaged");
        assert!(program(&project) == good, "round {round}, {bad} files");
    }
}

#[test]
fn the_levels_do_not_mix() {
    let store = tempfile::tempdir().unwrap();
    let project = small(PRINTS);
    build(&project, store.path(), "env").ok();
    let weak = files(store.path(), "compile-v0");
    let outcome = build(&project, store.path(), "strict").run();
    if !sealed(&outcome, "strict") {
        return;
    }
    let all = files(store.path(), "compile-v0");
    let strong: Vec<_> = all.keys().filter(|path| !weak.contains_key(*path)).collect();
    assert_eq!(strong.len(), weak.len(), "each level has compiled everything itself");
    // An entry that somebody moves from the weaker to the stronger is none there.
    let moved: Vec<PathBuf> = weak.keys().map(|path| stronger(path)).collect();
    for (weak, strong) in weak.keys().zip(&moved) {
        replace(strong, &fs::read(weak).unwrap());
    }
    forget_programs(store.path());
    build(&project, store.path(), "strict").ok().says("damaged").says("compile-v0/strict/");
}

fn stronger(path: &Path) -> PathBuf {
    path.to_str().unwrap().replace("/compile-v0/env/", "/compile-v0/strict/").into()
}

/// Go keeps what it knows of a directory by its name and by the names, sizes and times of what is in it.
#[test]
fn another_project_in_the_same_place_is_another_project() {
    const LINUX: &str = "//go:build linux\n\npackage lib\n\nconst Text = \"one\"\n";
    const PLAN9: &str = "//go:build plan9\n\npackage lib\n\nconst Text = \"two\"\n";
    let hour = SystemTime::now() - Duration::from_secs(3600);
    for level in LEVELS {
        let store = tempfile::tempdir().unwrap();
        let project = small("println(lib.Text)");
        fs::remove_file(project.path().join("lib/lib.go")).unwrap();
        let put = |x: &str, y: &str| {
            for (name, text) in [("lib/x.go", x), ("lib/y.go", y)] {
                // The same file, in every respect that a directory shows.
                project.write(name, text);
                fs::File::options()
                    .write(true)
                    .open(project.path().join(name))
                    .unwrap()
                    .set_modified(hour)
                    .unwrap();
            }
            fs::File::open(project.path().join("lib")).unwrap().set_modified(hour).unwrap();
        };
        let run = || {
            let outcome = build(&project, store.path(), level).run();
            if !sealed(&outcome, level) {
                return None;
            }
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            let program = project.path().join("dist/app_linux_amd64/app");
            let output = Command::new(program).output().unwrap();
            Some(String::from_utf8(output.stderr).unwrap())
        };
        put(LINUX, PLAN9);
        let Some(first) = run() else { continue };
        assert_eq!(first, "one\n");
        let inode = |name: &str| files(project.path(), name).into_values().next();
        let before = inode("lib/x.go");
        // Other contents, and with them another list of files that are built.
        put(&PLAN9.replace("two", "old"), &LINUX.replace("one", "new"));
        assert_eq!(inode("lib/x.go"), before);
        assert_eq!(run().unwrap(), "new\n", "{level}");
        put(LINUX, PLAN9);
        assert_eq!(run().unwrap(), "one\n", "{level}");
    }
}

/// The cache program itself, as Go calls it.
struct Conversation {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    dir: tempfile::TempDir,
}

impl Conversation {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["index", "blobs", "puts"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_xbuild"))
            .arg("__gocache")
            .args(["index", "blobs", "puts"].map(|name| dir.path().join(name)))
            .arg("env/tools")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut conversation = Conversation { child, input, output, dir };
        assert_eq!(conversation.answer()["KnownCommands"][0], "get");
        conversation
    }

    fn say(&mut self, text: &[u8]) {
        self.input.as_mut().unwrap().write_all(text).unwrap();
    }

    fn answer(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or(serde_json::Value::Null)
    }

    /// The end of its input; its exit code and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn a_body_of_any_size_takes_little_memory() {
    const SIZE: usize = 100 << 20;
    let piece: Vec<u8> = (0..3 << 16).map(|n: u32| (n % 251) as u8).collect();
    let mut hasher = sha2::Sha256::default();
    let mut left = SIZE;
    while left > 0 {
        let here = left.min(piece.len());
        sha2::Digest::update(&mut hasher, &piece[..here]);
        left -= here;
    }
    let output = STANDARD.encode(sha2::Digest::finalize(hasher));
    let mut go = Conversation::start();
    let action = STANDARD.encode([1; 32]);
    let head = format!(
        "{{\"ID\":1,\"Command\":\"put\",\"ActionID\":\"{action}\",\"OutputID\":\"{output}\",\"BodySize\":{SIZE}}}\n\n\""
    );
    go.say(head.as_bytes());
    let mut left = SIZE;
    while left > 0 {
        let here = left.min(piece.len());
        go.say(STANDARD.encode(&piece[..here]).as_bytes());
        left -= here;
    }
    go.say(b"\"\n");
    let answer = go.answer();
    let path = answer["DiskPath"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(fs::metadata(path).unwrap().len(), SIZE as u64);
    // Nothing at all, and the same once more from the step's own outputs.
    let empty = STANDARD.encode(<sha2::Sha256 as sha2::Digest>::digest(b""));
    go.say(
        format!("{{\"ID\":2,\"Command\":\"put\",\"ActionID\":\"{output}\",\"OutputID\":\"{empty}\"}}\n\n")
            .as_bytes(),
    );
    let answer = go.answer();
    assert_eq!(fs::metadata(answer["DiskPath"].as_str().unwrap()).unwrap().len(), 0);
    go.say(format!("{{\"ID\":3,\"Command\":\"get\",\"ActionID\":\"{action}\"}}\n\n").as_bytes());
    assert_eq!(go.answer()["Size"], SIZE);
    let status = fs::read_to_string(format!("/proc/{}/status", go.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 24 << 10, "{peak} KiB for a body of {SIZE} bytes");
    go.say(b"{\"ID\":4,\"Command\":\"close\"}\n\n");
    assert_eq!(go.answer()["ID"], 4);
    assert_eq!(go.end(), (Some(0), String::new()));
}

#[test]
fn what_is_no_message_ends_the_program_with_a_word() {
    for text in [
        &b"nonsense\n"[..],
        b"{\"ID\":1,\"Command\":\"get\"}\n",
        b"{\"ID\":1,\"Command\":\"put\",\"ActionID\":\"AAAA\",\"OutputID\":\"\",\"BodySize\":-1}\n",
        b"\xff\xfe\n",
        &[b'x'; 200_000],
    ] {
        let mut go = Conversation::start();
        let place = go.dir.path().to_owned();
        // It may be gone before it has read everything.
        let _ = go.input.as_mut().unwrap().write_all(text);
        let (code, said) = go.end();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with("xbuild cache: this is no message of go's: "), "{said}");
        assert!(!said.contains("panicked") && !place.exists());
    }
    let output = Command::new(env!("CARGO_BIN_EXE_xbuild")).arg("__gocache").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("__gocache is called by go"));
}
