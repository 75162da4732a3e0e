//! Wrong targets.toml files and recipes, each with the exact message beside it.
//!
//! `SNAPSHOTS=overwrite cargo test --test it bad_targets` writes the messages anew; read them before they are kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use snapbox::{Assert, Data, IntoData};

use crate::support::Project;

#[test]
fn every_bad_targets_toml_is_explained() {
    check("tests/bad", 125, "targets.toml", |text| Project::hello().file("targets.toml", text));
}

#[test]
fn every_bad_recipe_is_explained() {
    check("tests/bad_recipes", 15, "recipes/x.toml", |text| {
        Project::hello()
            .file("targets.toml", "schema = 1\n\n[[package]]\nrecipe = \"x\"\n")
            .file("recipes/x.toml", text)
    });
}

/// Runs `xbuild plan` in the project of each file of a directory, and holds what it says against the file's
/// neighbour `.stderr`.
fn check(dir: &str, at_least: usize, subject: &str, project: impl Fn(&str) -> Project) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let files = files(&dir, "toml");
    assert!(files.len() >= at_least, "{} has lost files: {}", dir.display(), files.len());
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|action| action == "overwrite");
    if !overwrite {
        let messages = self::files(&dir, "stderr").into_iter().map(|path| path.with_extension("toml"));
        let messages: BTreeSet<PathBuf> = messages.collect();
        let files: BTreeSet<PathBuf> = files.iter().cloned().collect();
        let alone: Vec<_> = files.symmetric_difference(&messages).collect();
        assert!(alone.is_empty(), "without its neighbour: {alone:?}");
    }
    let mut wrong = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let project = project(&fs::read_to_string(&path).unwrap());
        let before = project.snapshot("");
        let outcome = project.xbuild(&["plan", "--color", "never"]).run();
        let mut complain = |what: &str| wrong.push(format!("{name}: {what}"));
        if outcome.code != 3 {
            complain(&format!("ended with {}, not 3", outcome.code));
        }
        if !outcome.stdout.is_empty() {
            complain(&format!("standard output holds {:?}", outcome.stdout));
        }
        if project.snapshot("") != before {
            complain("something was written into the project");
        }
        if outcome.stderr.contains(|c: char| c.is_control() && c != '\n') {
            complain("a control character reached the terminal");
        }
        if let Some(what) = miscounted(&outcome.stderr, subject) {
            complain(&what);
        }
        let expected = Data::read_from(&path.with_extension("stderr"), None).raw();
        let compared = Assert::new().action_env("SNAPSHOTS").try_eq(
            Some(&name),
            outcome.stderr.into_data().raw(),
            expected,
        );
        if let Err(difference) = compared {
            complain(&difference.to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each mistake has a title, a place and a help, they stand in the order of the file, and the last line counts them.
fn miscounted(stderr: &str, subject: &str) -> Option<String> {
    let places: Vec<(u32, u32)> = stderr
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--> ")?.strip_prefix(subject)?.strip_prefix(':'))
        .map(|place| {
            let (line, column) = place.split_once(':').unwrap();
            (line.parse().unwrap(), column.parse().unwrap())
        })
        .collect();
    let count = places.len();
    let starts = |start: &str| stderr.lines().filter(|line| line.trim_start().starts_with(start)).count();
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    let last = format!("error: {subject} has {count} {noun}; nothing was built\n");
    if count == 0 || starts("error: ") != count + 1 || starts("= help: ") != count {
        Some(format!("{count} places, {} titles, {} helps", starts("error: "), starts("= help: ")))
    } else if !places.is_sorted() {
        Some(format!("not in the order of the file: {places:?}"))
    } else if !stderr.ends_with(&last) {
        Some(format!("does not end with {last:?}"))
    } else {
        None
    }
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}
