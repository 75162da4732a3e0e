//! Whether vendor/modules.txt was made from this go.mod.
//!
//! The rules are those of `checkVendorConsistency` in Go's `cmd/go/internal/modload/vendor.go`; checking them
//! here names the fix before a dozen targets fail with the same message.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{GoMod, GoVersion, ModuleVersion, Replace};

/// What vendor/modules.txt says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModulesTxt {
    /// Modules with at least one package, and those marked explicit.
    pub modules: Vec<ModuleVersion>,
    /// Every vendored package and its module.
    pub packages: BTreeMap<String, ModuleVersion>,
    explicit: BTreeSet<ModuleVersion>,
    replaced: BTreeMap<(String, Option<String>), (String, Option<String>)>,
}

impl ModulesTxt {
    /// Reads a modules.txt; lines that it does not know carry nothing that matters here.
    pub fn parse(text: &str) -> Self {
        let mut list = ModulesTxt::default();
        let mut current: Option<ModuleVersion> = None;
        for line in text.lines() {
            if let Some(header) = line.strip_prefix("# ") {
                current = list.header(header);
            } else if let (Some(notes), Some(module)) = (line.strip_prefix("## "), &current)
                && notes.split(';').any(|note| note.trim() == "explicit")
            {
                list.explicit.insert(module.clone());
            } else if let (false, Some(module)) = (line.starts_with('#') || line.is_empty(), &current) {
                list.packages.insert(line.to_owned(), module.clone());
            }
        }
        list
    }

    /// What replaces a vendored module: a module's path and its version, or a directory.
    pub fn replacement(&self, module: &ModuleVersion) -> Option<&(String, Option<String>)> {
        self.replaced.get(&(module.path.clone(), Some(module.version.clone())))
    }

    fn header(&mut self, header: &str) -> Option<ModuleVersion> {
        let (module, replacement) = match header.split_once(" => ") {
            Some((module, replacement)) => (module, Some(replacement)),
            None => (header, None),
        };
        let mut words = module.split_whitespace();
        let (path, version) = (words.next()?.to_owned(), words.next().map(str::to_owned));
        if let Some(replacement) = replacement {
            let mut words = replacement.split_whitespace();
            let with = (words.next()?.to_owned(), words.next().map(str::to_owned));
            self.replaced.insert((path.clone(), version.clone()), with);
        }
        let module = ModuleVersion { path, version: version? };
        self.modules.push(module.clone());
        Some(module)
    }
}

/// The newest `go` line of the vendored modules, which binds the SDK as the project's own does.
pub fn newest_go(modules_txt: &str) -> Option<GoVersion> {
    let notes = modules_txt.lines().filter_map(|line| line.strip_prefix("## "));
    notes
        .flat_map(|notes| notes.split(';'))
        .filter_map(|note| GoVersion::parse(note.trim().strip_prefix("go ")?))
        .max()
}

/// Every point in which the two disagree, one line each; empty when they agree.
pub fn disagreements(go_mod: &GoMod, vendored: &ModulesTxt) -> Vec<String> {
    let mut lines = Vec::new();
    for module in &go_mod.requires {
        if vendored.explicit.contains(module) {
            continue;
        }
        let other = vendored.modules.iter().find(|other| other.path == module.path);
        lines.push(match other {
            Some(other) if other.version != module.version => {
                format!("{module} is required, and vendor/ holds {}", other.version)
            }
            _ => format!("{module} is required, and vendor/modules.txt does not list it as explicit"),
        });
    }
    for module in &vendored.explicit {
        if !go_mod.requires.contains(module) && !go_mod.requires.iter().any(|other| other.path == module.path)
        {
            lines.push(format!("{module} is in vendor/, and go.mod does not require it"));
        }
    }
    for replace in &go_mod.replaces {
        let listed = vendored
            .replaced
            .iter()
            .find(|((path, version), _)| *path == replace.path && same_version(replace, version.as_ref()));
        match listed {
            None => lines.push(format!(
                "{} is replaced by {}, and vendor/modules.txt does not say so",
                replace.path, replace.with
            )),
            Some((_, with)) if *with != (replace.with.clone(), replace.with_version.clone()) => {
                lines.push(format!(
                    "{} is replaced by {}, and vendor/ holds {}",
                    replace.path, replace.with, with.0
                ));
            }
            Some(_) => {}
        }
    }
    for (path, version) in vendored.replaced.keys() {
        if !go_mod
            .replaces
            .iter()
            .any(|replace| replace.path == *path && same_version(replace, version.as_ref()))
        {
            lines.push(format!("{path} is replaced in vendor/, and go.mod does not replace it"));
        }
    }
    lines
}

fn same_version(replace: &Replace, version: Option<&String>) -> bool {
    replace.version.is_none() || version.is_none() || replace.version.as_ref() == version
}

#[cfg(test)]
mod tests {
    use super::{ModulesTxt, disagreements};
    use crate::model::GoMod;

    const GO_MOD: &str = "module m\nrequire a.test/one v1.0.0\nrequire a.test/two v1.1.0 // indirect\nreplace a.test/two => ./two\n";
    const MODULES: &str = "# a.test/one v1.0.0\n## explicit; go 1.20\na.test/one\n# a.test/two v1.1.0 => ./two\n\
                           ## explicit\na.test/two/pkg\n# a.test/two => ./two\n";

    fn check(go_mod: &str, modules: &str) -> Vec<String> {
        disagreements(&GoMod::parse(go_mod).unwrap(), &ModulesTxt::parse(modules))
    }

    #[test]
    fn agreement() {
        assert_eq!(check(GO_MOD, MODULES), Vec::<String>::new());
        assert_eq!(check("module m\n", ""), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_disagreement() {
        let one = |go_mod: &str, modules: &str, expected: &str| {
            let lines = check(go_mod, modules);
            assert!(lines.iter().any(|line| line.contains(expected)), "{expected:?} in {lines:?}");
        };
        one(&GO_MOD.replace("one v1.0.0", "one v1.0.1"), MODULES, "vendor/ holds v1.0.0");
        one(&format!("{GO_MOD}require a.test/new v1.0.0\n"), MODULES, "does not list it");
        one(&GO_MOD.replace("require a.test/one v1.0.0\n", ""), MODULES, "go.mod does not require it");
        one(&GO_MOD.replace("./two", "./three"), MODULES, "vendor/ holds ./two");
        one(&GO_MOD.replace("replace a.test/two => ./two\n", ""), MODULES, "go.mod does not replace it");
        one(GO_MOD, &MODULES.replace(" => ./two", ""), "does not say so");
    }
}
