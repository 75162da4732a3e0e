//! Puts back what `go mod vendor` prunes too far.
//!
//! It copies the directories of imported packages and what they embed, and of the module nothing else: a header, a
//! library or an assembly include in a directory without Go files stays behind, and the build fails
//! (golang/go#26366). What embeds name is complete since Go 1.22, hidden files and directories named vendor included.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::cgo::Needs;
use super::contents::Contents;
use super::error::VendorError;
use crate::fs;
use crate::model::ModuleVersion;

/// A directory that `go mod vendor` had left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// The module.
    pub module: ModuleVersion,
    /// The package that needs it.
    pub package: String,
    /// The directory, relative to the module.
    pub directory: String,
}

/// Copies what the packages of a module need into the tree, and says what that was.
pub(super) fn complete(
    tree: &Utf8Path,
    module: &ModuleVersion,
    packages: &BTreeSet<&str>,
    contents: &Contents,
) -> Result<Vec<Completed>, VendorError> {
    let mut done = Vec::new();
    let mut directories: Option<Directories> = None;
    let root = tree.join(&module.path);
    for package in packages {
        let dir = root.join(package);
        let mut sources = Vec::new();
        for name in fs::list(&dir)? {
            let path = dir.join(&name);
            if Needs::may_arise(&name) && path.is_file() {
                let needs = Needs::of(&name, &fs::read(&path)?);
                if needs != Needs::default() {
                    sources.push(((*package).to_owned(), needs));
                }
            }
        }
        if sources.is_empty() {
            continue;
        }
        let directories = match &mut directories {
            Some(directories) => directories,
            none => none.insert(Directories::of(contents.paths()?)),
        };
        for directory in directories.needed(package, sources, contents)? {
            let files: Vec<String> =
                directories.files(&directory).filter(|path| !root.join(path).exists()).collect();
            if files.is_empty() || packages.contains(directory.as_str()) {
                continue;
            }
            let wanted: Vec<&str> = files.iter().map(String::as_str).collect();
            for (path, bytes) in contents.read(&wanted)? {
                let to = root.join(path);
                fs::create_dir_all(to.parent().unwrap_or(&root))?;
                fs::write_atomic(&to, &bytes)?;
            }
            let package =
                if package.is_empty() { module.path.clone() } else { format!("{}/{package}", module.path) };
            done.push(Completed { module: module.clone(), package, directory });
        }
    }
    Ok(done)
}

/// The files of a module by directory, both relative to the module.
struct Directories(BTreeMap<String, BTreeSet<String>>);

impl Directories {
    fn of(paths: Vec<String>) -> Self {
        let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for path in paths {
            let (dir, name) = path.rsplit_once('/').unwrap_or(("", &path));
            map.entry(dir.to_owned()).or_default().insert(name.to_owned());
        }
        Directories(map)
    }

    fn holds(&self, path: &str) -> bool {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.0.get(dir).is_some_and(|names| names.contains(name))
    }

    /// The files of a directory that are no Go files: those would be another package.
    fn files(&self, dir: &str) -> impl Iterator<Item = String> {
        let names = self.0.get(dir).into_iter().flatten();
        let names = names.filter(|name| !name.ends_with(".go") && *name != "go.mod" && *name != "go.sum");
        names.map(move |name| joined(dir, name).unwrap_or_else(|| name.clone()))
    }

    /// The directories besides the package's own that its sources lead to, and what is found there leads to.
    fn needed(
        &self,
        package: &str,
        mut sources: Vec<(String, Needs)>,
        contents: &Contents,
    ) -> Result<BTreeSet<String>, VendorError> {
        let flags = |pick: fn(&Needs) -> &Vec<String>| -> BTreeSet<String> {
            let all = sources.iter().flat_map(|(_, needs)| pick(needs));
            all.filter_map(|place| joined(package, place)).collect()
        };
        let include_dirs = flags(|needs| &needs.include_dirs);
        // A directory around the package is there for what is included from it, not for all that it holds.
        let around = |dir: &str| dir.is_empty() || package == dir || package.starts_with(&format!("{dir}/"));
        let mut wanted: Vec<String> = include_dirs
            .iter()
            .filter(|dir| !around(dir))
            .cloned()
            .chain(flags(|needs| &needs.library_dirs))
            .collect();
        let files = flags(|needs| &needs.files);
        wanted.extend(files.into_iter().filter(|file| self.holds(file)).map(|file| parent(&file)));

        let mut needed = BTreeSet::new();
        loop {
            for (dir, needs) in std::mem::take(&mut sources) {
                for include in &needs.includes {
                    let places =
                        std::iter::once(&dir).chain(&include_dirs).map(String::as_str).chain([package]);
                    let found =
                        places.filter_map(|place| joined(place, include)).find(|path| self.holds(path));
                    wanted.extend(found.map(|path| parent(&path)));
                }
            }
            let fresh: Vec<String> = std::mem::take(&mut wanted)
                .into_iter()
                .filter(|dir| dir != package && self.0.contains_key(dir))
                .filter(|dir| needed.insert(dir.clone()))
                .collect();
            if fresh.is_empty() {
                return Ok(needed);
            }
            for dir in fresh {
                let files: Vec<String> = self.files(&dir).filter(|path| Needs::may_arise(path)).collect();
                let files: Vec<&str> = files.iter().map(String::as_str).collect();
                sources.extend(
                    contents.read(&files)?.iter().map(|(path, bytes)| (dir.clone(), Needs::of(path, bytes))),
                );
            }
        }
    }
}

fn parent(path: &str) -> String {
    path.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned()
}

/// A path from a directory, without `.` and `..`; `None` when it leaves the module.
fn joined(dir: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in dir.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_stay_in_the_module() {
        assert_eq!(joined("a/b", "../c/./d.h").unwrap(), "a/c/d.h");
        assert_eq!(joined("", "x.h").unwrap(), "x.h");
        assert_eq!(joined("a", "../.."), None);
    }
}
