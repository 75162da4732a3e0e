//! The list of variables is complete: nothing that this SDK reads is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::variables;
use crate::support::go;

/// Where the SDK's source asks for variables while it builds.
const SOURCES: &[&str] = &[
    "cmd/asm",
    "cmd/compile",
    "cmd/go",
    "cmd/internal",
    "cmd/link",
    "cmd/vendor/golang.org/x/telemetry",
    "internal/buildcfg",
    "internal/cfg",
    "internal/godebug",
    "os",
    "runtime",
    "time",
];

/// How it asks.
const CALLS: &[&str] = &["Getenv(\"", "LookupEnv(\"", "envOr(\"", "EnvOrAndChanged(\"", "gogetenv(\""];

/// Names that need no hostile value of their own.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("PATH", "every call has canaries first on its PATH"),
    ("CGO_", "the first part of a name; each whole name is in the list"),
];

#[test]
fn every_variable_that_go_reads_is_tried() {
    let mut read: BTreeSet<String> = BTreeSet::new();
    let root = go(Path::new("/"), &["env", "GOROOT"], &[]);
    let answer: serde_json::Value =
        serde_json::from_str(&go(Path::new("/"), &["env", "-json"], &[])).unwrap();
    read.extend(answer.as_object().unwrap().keys().cloned());
    let source = Path::new(root.trim()).join("src");
    let known = fs::read_to_string(source.join("internal/cfg/cfg.go")).unwrap();
    let known: Vec<&str> = known.lines().filter_map(|line| line.strip_prefix('\t')).collect();
    assert!(known.len() > 40, "KnownEnv has moved: {known:?}");
    read.extend(known.into_iter().map(str::to_owned));
    let named = read.len();
    for dir in SOURCES {
        read.extend(literals(&source.join(dir)));
    }
    assert!(read.len() > named + 30, "the source is read in another way: {read:?}");

    let tried: BTreeSet<&str> = variables::all().map(|(name, _)| name).collect();
    assert_eq!(tried.len(), variables::all().count(), "a name stands twice");
    assert!(tried.len() >= 90);
    let excepted = |name: &str| EXCEPTIONS.iter().any(|(other, _)| *other == name);
    let missing: Vec<&String> =
        read.iter().filter(|name| !tried.contains(name.as_str()) && !excepted(name)).collect();
    assert!(missing.is_empty(), "this SDK reads what no test tries: {missing:?}");
}

/// The names between quotes behind one of the calls, in every Go file that is not a test.
fn literals(dir: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let unseen = |name: &str| name == "testdata" || name.ends_with("_test.go");
    let files = walkdir::WalkDir::new(dir).into_iter();
    for file in files.filter_entry(|entry| !unseen(entry.file_name().to_str().unwrap())).map(Result::unwrap) {
        if file.path().extension().is_none_or(|extension| extension != "go") {
            continue;
        }
        let text = fs::read_to_string(file.path()).unwrap();
        for call in CALLS {
            let found = text.split(call).skip(1).filter_map(|rest| rest.split_once('"'));
            names.extend(found.map(|(name, _)| name.to_owned()).filter(|name| is_name(name)));
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
