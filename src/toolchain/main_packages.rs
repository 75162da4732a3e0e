//! Which programs a module has, by `go list`.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use crate::cancel::Cancel;
use crate::fs;
use crate::model::{Sdk, Target};
use crate::plan::MainPackage;
use crate::process::{Process, ProcessError};

/// What is asked.
pub struct Query<'q> {
    /// The module's directory.
    pub module_dir: &'q Utf8Path,
    /// Package patterns, relative to it.
    pub patterns: &'q [String],
    /// The targets to ask for.
    pub targets: &'q [Target],
    /// The environment, without GOOS and GOARCH.
    pub env: &'q BTreeMap<String, String>,
}

/// The main packages per target.
///
/// One `go list` answers for all targets unless a file is left out for the host: then the targets may differ,
/// and each is asked. A wildcard passes over directories of which no file is for the host; they are named one by
/// one to the other targets.
pub fn main_packages(
    query: &Query<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<BTreeMap<Target, Vec<MainPackage>>, ProcessError> {
    let host = list(query, &sdk.host(), query.patterns, sdk, cancel)?;
    let (partial, whole): (Vec<&Package>, Vec<&Package>) =
        host.iter().partition(|package| package.may_differ());
    let mut partial: Vec<String> = partial.iter().map(|package| package.pattern(query)).collect();
    partial.extend(passed_over(query, &host));
    let whole: Vec<MainPackage> = whole.iter().filter_map(|package| package.main(query)).collect();
    let mut answer = BTreeMap::new();
    for target in query.targets {
        let mut mains = whole.clone();
        if !partial.is_empty() {
            let listed = list(query, target, &partial, sdk, cancel)?;
            mains.extend(listed.iter().filter_map(|package| package.main(query)));
            mains.sort();
        }
        answer.insert(target.clone(), mains);
    }
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    #[serde(default)]
    dir: Utf8PathBuf,
    import_path: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    go_files: Vec<String>,
    #[serde(default)]
    ignored_go_files: Vec<String>,
}

impl Package {
    fn pattern(&self, query: &Query<'_>) -> String {
        below(query, &self.dir).unwrap_or_else(|| self.import_path.clone())
    }

    /// Whether another target may see a program here where the host sees none, or the reverse. A package that has
    /// another name on the host has it everywhere.
    fn may_differ(&self) -> bool {
        !self.ignored_go_files.is_empty() && (self.name.is_empty() || self.name == "main")
    }

    fn main(&self, query: &Query<'_>) -> Option<MainPackage> {
        let main = self.name == "main" && !self.go_files.is_empty();
        main.then(|| MainPackage { dir: self.pattern(query), import_path: self.import_path.clone() })
    }
}

/// Directories with Go files that a wildcard of the query covers and the host's answer does not name.
fn passed_over(query: &Query<'_>, host: &[Package]) -> Vec<String> {
    let listed: BTreeSet<&Utf8Path> = host.iter().map(|package| package.dir.as_path()).collect();
    let skip = |dir: &Utf8Path| {
        let name = dir.file_name().unwrap_or_default();
        name.starts_with(['.', '_']) || matches!(name, "testdata" | "vendor") || dir.join("go.mod").is_file()
    };
    let mut found = BTreeSet::new();
    for base in query.patterns.iter().filter_map(|pattern| pattern.strip_suffix("...")) {
        let base = query.module_dir.join(base.trim_start_matches("./"));
        // What cannot be walked `go list` has already spoken of.
        for (path, _) in fs::walk(&base, skip).unwrap_or_default() {
            let name = path.file_name().unwrap_or_default();
            let dir = base.join(path.parent().unwrap_or(Utf8Path::new("")));
            let dir = Utf8PathBuf::from(dir.as_str().trim_end_matches('/'));
            if name.ends_with(".go") && !name.ends_with("_test.go") && !listed.contains(dir.as_path()) {
                found.extend(below(query, &dir));
            }
        }
    }
    found.into_iter().collect()
}

/// A directory of the module as a package pattern.
fn below(query: &Query<'_>, dir: &Utf8Path) -> Option<String> {
    match dir.strip_prefix(query.module_dir).ok()? {
        dir if dir.as_str().is_empty() => Some(".".to_owned()),
        dir => Some(format!("./{}", dir.as_str().replace('\\', "/"))),
    }
}

fn list(
    query: &Query<'_>,
    target: &Target,
    patterns: &[String],
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<Vec<Package>, ProcessError> {
    let mut env = query.env.clone();
    env.insert("GOOS".to_owned(), target.os.clone());
    env.insert("GOARCH".to_owned(), target.arch.clone());
    let mut args = ["list", "-e", "-find", "-json=Dir,ImportPath,Name,GoFiles,IgnoredGoFiles", "--"]
        .map(str::to_owned)
        .to_vec();
    args.extend(patterns.iter().cloned());
    let process = Process { program: sdk.go(), args, env, dir: query.module_dir.to_owned() };
    let text = process.read(cancel)?;
    serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().map_err(|error| {
        ProcessError::Start {
            program: process.program.clone(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
        }
    })
}
