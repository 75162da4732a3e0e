//! The same source gives the same bytes, whoever builds it, where, when, how wide, how cold and how strongly sealed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::support::{Call, Project, share_compiled, skipped, table};

/// A user of whom the host knows nothing but the number.
const STRANGER: u32 = 54321;

/// One run, by what is not as in the first.
#[derive(Clone, Copy)]
struct Run {
    name: &'static str,
    seal: &'static str,
    slots: &'static str,
    place: &'static str,
    zone: &'static str,
    mask: &'static str,
    cold: bool,
    stranger: bool,
}

const FIRST: Run = Run {
    name: "the first: strict, -p 1, warm",
    seal: "strict",
    slots: "2",
    place: "one",
    zone: "UTC",
    mask: "022",
    cold: false,
    stranger: false,
};

const RUNS: &[Run] = &[
    FIRST,
    Run { name: "-p 2", slots: "4", ..FIRST },
    Run { name: "cold", cold: true, ..FIRST },
    Run { name: "cold, -p 2", cold: true, slots: "4", ..FIRST },
    Run { name: "sealed by landlock", seal: "landlock", ..FIRST },
    Run { name: "sealed by env", seal: "env", ..FIRST },
    Run { name: "sealed by env, cold", seal: "env", cold: true, ..FIRST },
    Run { name: "another directory", place: "an other/näme with spaces", ..FIRST },
    Run { name: "another time zone", zone: "Asia/Kathmandu", ..FIRST },
    Run { name: "umask 077", mask: "077", ..FIRST },
    Run { name: "umask 000", mask: "000", ..FIRST },
    Run { name: "an ordinary user, cold", stranger: true, cold: true, ..FIRST },
    Run {
        name: "an ordinary user, env, cold, -p 2, elsewhere, zone, umask",
        seal: "env",
        slots: "4",
        place: "else/where",
        zone: "America/St_Johns",
        mask: "077",
        cold: true,
        stranger: true,
    },
];

/// A program with a file per kind that a compiler sees, and a package around it; small, so that a cold build is short.
fn write_project(dir: &Path) {
    for (path, text) in [
        ("go.mod", "module example.test/small\n\ngo 1.24\n"),
        (
            "main.go",
            "package main\n\nimport (\n\t_ \"embed\"\n\n\t\"example.test/small/inner\"\n)\n\n//go:embed text.txt\nvar text string\n\nfunc main() { println(text, inner.Add(1, 2)) }\n",
        ),
        ("inner/add.go", "package inner\n\n// Add adds.\nfunc Add(a, b int) int\n"),
        (
            "inner/add_amd64.s",
            "#include \"textflag.h\"\n\nTEXT ·Add(SB), NOSPLIT, $0-24\n\tMOVQ a+0(FP), AX\n\tADDQ b+8(FP), AX\n\tMOVQ AX, ret+16(FP)\n\tRET\n",
        ),
        ("text.txt", "embedded"),
        ("README.md", "Small.\n"),
        (
            "targets.toml",
            "schema = 1\ntargets = [\"linux/amd64\", \"windows/amd64\"]\n\n[project]\nversion = \"1.2.3\"\n",
        ),
    ] {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Programs, packages and their sums; not the lists that say how the run was made.
fn results(dist: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = walkdir::WalkDir::new(dist).into_iter().map(Result::unwrap);
    files
        .filter(|entry| {
            entry.file_type().is_file() && entry.path().extension().is_none_or(|end| end != "json")
        })
        .map(|entry| {
            let name = entry.path().strip_prefix(dist).unwrap().to_str().unwrap().to_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn give_all(dir: &Path, user: u32) {
    for entry in walkdir::WalkDir::new(dir) {
        chown(entry.unwrap().path(), Some(user), Some(user)).unwrap();
    }
}

/// What starts a process as that user.
fn as_stranger() -> [String; 3] {
    [format!("--reuid={STRANGER}"), format!("--regid={STRANGER}"), "--clear-groups".to_owned()]
}

/// Why nothing can be run as that user here: not for want of a right alone, but also in a user namespace without it.
fn why_no_stranger() -> Option<String> {
    let tried = std::process::Command::new("setpriv").args(as_stranger()).arg("true").output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("setpriv: {error}")),
    }
}

fn run(run: &Run, outer: &Project, xbuild: &Path) -> BTreeMap<String, Vec<u8>> {
    let stage = outer.path().join(run.name.replace(['/', ':'], "-"));
    let (dir, store) = (stage.join(run.place), stage.join("store"));
    fs::create_dir_all(&store).unwrap();
    write_project(&dir);
    let seal = format!("--seal={}", run.seal);
    let call = Call::with(xbuild, &dir, &["-j", run.slots, &seal]).env("TZ", run.zone).masked(run.mask);
    if !run.cold {
        share_compiled(&store);
    }
    let call = call.env("XBUILD_CACHE_DIR", &store);
    let call = call.env("SOURCE_DATE_EPOCH", "1700000000");
    let call = if run.stranger {
        give_all(&stage, STRANGER);
        let user = as_stranger();
        call.env("HOME", "/nowhere").wrapped("setpriv", &user.each_ref().map(String::as_str))
    } else {
        call
    };
    call.ok().says(&format!("seal    {}", run.seal));
    results(&dir.join("dist"))
}

#[test]
fn whoever_builds_wherever_however() {
    let outer = Project::empty();
    fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // Where the tests' own directory is, another user may have no way in.
    let xbuild: PathBuf = outer.path().join("xbuild");
    fs::copy(env!("CARGO_BIN_EXE_xbuild"), &xbuild).unwrap();
    let no_stranger = why_no_stranger();
    let mut text =
        String::from("reproducibility: programs, packages and checksums beside those of the first run\n");
    let mut first: Option<BTreeMap<String, Vec<u8>>> = None;
    let mut different = Vec::new();
    for each in RUNS {
        if let Some(why) = no_stranger.as_ref().filter(|_| each.stranger) {
            text.push_str(&format!("  {:<58} skipped: {why}\n", each.name));
            skipped(&format!("{}: {why}", each.name));
            continue;
        }
        let found = run(each, &outer, &xbuild);
        assert_eq!(found.len(), 6, "{:?}", found.keys());
        let expected = first.get_or_insert_with(|| found.clone());
        let same = found == *expected;
        if !same {
            different.push(each.name);
        }
        let verdict = if same { "identical" } else { "DIFFERENT" };
        text.push_str(&format!("  {:<58} {verdict}, {} files\n", each.name, found.len()));
    }
    table("reproducibility", &text);
    assert!(different.is_empty(), "{different:?}\n{text}");
}
