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
/// and each is asked. `./...` leaves out directories with nothing for the host at all; those are asked by name.
pub fn main_packages(
    query: &Query<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<BTreeMap<Target, Vec<MainPackage>>, ProcessError> {
    let host = list(query, &sdk.host(), query.patterns, sdk, cancel)?;
    let (partial, whole): (Vec<&Package>, Vec<&Package>) =
        host.iter().partition(|package| package.may_differ());
    let mut partial: Vec<String> = partial.iter().map(|package| package.pattern(query)).collect();
    let unlisted = unlisted(query, &host);
    if !unlisted.is_empty() {
        // One that has files for the host was passed over for another reason, such as go.mod's `ignore`.
        let named = list(query, &sdk.host(), &unlisted, sdk, cancel)?;
        let without = named.iter().filter(|package| package.go_files.is_empty());
        partial.extend(without.map(|package| package.pattern(query)));
    }
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
        match self.dir.strip_prefix(query.module_dir) {
            Ok(dir) if dir.as_str().is_empty() => ".".to_owned(),
            Ok(dir) => format!("./{}", dir.as_str().replace('\\', "/")),
            Err(_) => self.import_path.clone(),
        }
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

/// Directories below a `...` pattern that hold Go files, none of them for the host. One that cannot be read is
/// none: `go build` says so of those that matter.
fn unlisted(query: &Query<'_>, host: &[Package]) -> Vec<String> {
    let listed: BTreeSet<String> = host.iter().map(|package| package.pattern(query)).collect();
    let mut dirs = BTreeSet::new();
    for start in query.patterns.iter().filter_map(|pattern| pattern.strip_suffix("/...")) {
        let start = query.module_dir.join(start.trim_start_matches("./").trim_start_matches('.'));
        let skip = |path: &Utf8Path| {
            path.is_dir() && (path.file_name().is_some_and(hidden) || path.join("go.mod").is_file())
        };
        for (file, _) in fs::walk(&start, skip).unwrap_or_default() {
            let name = file.file_name().unwrap_or_default();
            let source =
                name.ends_with(".go") && !name.ends_with("_test.go") && !name.starts_with(['_', '.']);
            let path = start.join(&file);
            if let Some(dir) =
                path.parent().and_then(|dir| dir.strip_prefix(query.module_dir).ok()).filter(|_| source)
            {
                dirs.insert(if dir.as_str().is_empty() {
                    ".".to_owned()
                } else {
                    format!("./{}", dir.as_str().replace('\\', "/"))
                });
            }
        }
    }
    dirs.difference(&listed).cloned().collect()
}

/// Names of directories that `...` passes over.
fn hidden(name: &str) -> bool {
    name.starts_with(['.', '_']) || name == "testdata" || name == "vendor"
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
    let process = Process { program: sdk.go(), args, env, dir: query.module_dir.to_owned(), input: None };
    let text = process.read(cancel)?;
    serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().map_err(|error| {
        ProcessError::Start {
            program: process.program.clone(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
        }
    })
}
