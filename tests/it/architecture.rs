//! The house rules that the compiler does not know: which room may use which.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Rooms from the ground up. A room may use those before it, never one behind it.
const ORDER: &[&str] = &[
    "exit_code",
    "fs",
    "cancel",
    "process",
    "vcs",
    "model",
    "sandbox",
    "stat_index",
    "config",
    "module_set",
    "locate",
    "plan",
    "toolchain",
    "vendor",
    "seal",
    "cache",
    "exec",
    "inspect",
    "package",
    "attest",
    "publish",
    "error",
    "event",
    "pipeline",
    "report",
    "cli",
];

/// Stages meet only in the pipeline: none of these may use another of them. What they share is in `model`.
const APART: &[&str] = &["cache", "exec", "inspect", "package"];

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (room, uses) in uses() {
        let Some(level) = ORDER.iter().position(|name| *name == room) else {
            panic!("src/{room} is new: give it its place in ORDER and in ARCHITECTURE.md");
        };
        for used in uses {
            let below = ORDER.iter().position(|name| *name == used).is_some_and(|other| other < level);
            let apart = APART.contains(&room.as_str()) && APART.contains(&used.as_str());
            if used != room && (!below || apart) {
                wrong.push(format!("src/{room} uses crate::{used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_named_rooms_touch_the_world() {
    for (word, rooms) in [
        ("duct::", &["process"][..]),
        ("indicatif", &["report"]),
        ("std::fs::File::open", &["fs"]),
        ("std::env::vars", &["cli"]),
    ] {
        for (room, text) in sources() {
            let code = text.split("#[cfg(test)]").next().unwrap();
            let found = code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(!found || rooms.contains(&room.as_str()), "src/{room} uses {word}; only {rooms:?} may");
        }
    }
}

fn uses() -> BTreeMap<String, Vec<String>> {
    let mut rooms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (room, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let names = lines
            .flat_map(|line| line.split("crate::").skip(1))
            .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>());
        rooms.entry(room).or_default().extend(names.filter(|name| !name.is_empty()));
    }
    rooms
}

fn sources() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    walkdir::WalkDir::new(&src)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(&src).unwrap();
            let room =
                path.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
            let text = fs::read_to_string(entry.path()).unwrap();
            (!["lib", "main"].contains(&room)).then(|| (room.to_owned(), text))
        })
        .collect()
}
