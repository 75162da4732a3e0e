//! Whether vendor/modules.txt was made from this go.mod, or this go.work and the go.mod files of its modules.
//!
//! The rules are those of `checkVendorConsistency` in Go's `cmd/go/internal/modload/vendor.go`; checking them
//! here names the fix before a dozen targets fail with the same message.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{GoVersion, ModuleVersion, Replace};
use crate::module_set::{ModuleSet, Replacement};

/// What vendor/modules.txt says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModulesTxt {
    /// Modules with at least one package, and those marked explicit.
    pub modules: Vec<ModuleVersion>,
    /// Every vendored package and its module.
    pub packages: BTreeMap<String, ModuleVersion>,
    workspace: bool,
    explicit: BTreeSet<ModuleVersion>,
    replaced: BTreeMap<(String, Option<String>), (String, Option<String>)>,
}

impl ModulesTxt {
    /// Reads a modules.txt; lines that it does not know carry nothing that matters here.
    pub fn parse(text: &str) -> Self {
        let mut list = ModulesTxt::default();
        let mut current: Option<ModuleVersion> = None;
        for line in text.lines() {
            if line == "## workspace" {
                list.workspace = true;
            } else if let Some(header) = line.strip_prefix("# ") {
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

    /// The modules that are part of programs of the set: in a workspace the list also has the members as they require
    /// each other, and the versions that lost to newer ones.
    pub fn selected(&self, set: &ModuleSet) -> Vec<ModuleVersion> {
        let used: BTreeSet<&ModuleVersion> = self.packages.values().collect();
        let lost = |module: &ModuleVersion| {
            !used.contains(module) && used.iter().any(|other| other.path == module.path)
        };
        let own = |module: &ModuleVersion| set.has(&module.path);
        self.modules.iter().filter(|module| !own(module) && !lost(module)).cloned().collect()
    }

    /// Whether the list says nothing at all, as it does where there is no file.
    fn is_empty(&self) -> bool {
        !self.workspace && self.modules.is_empty() && self.replaced.is_empty()
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
pub fn disagreements(set: &ModuleSet, vendored: &ModulesTxt) -> Vec<String> {
    if !vendored.is_empty() && vendored.workspace != set.work.is_some() {
        return vec![match set.single() {
            Some(go_mod) => format!(
                "vendor/ was made by `go work vendor` for a workspace, and {} is built as a single module",
                go_mod.module
            ),
            None => {
                let beside = set.members.iter().any(|member| member.dir.as_str().is_empty());
                let alone = " (`workspace = false` in [project] builds the module beside it alone)";
                format!(
                    "vendor/ was made by `go mod vendor` for a single module, and go.work makes this a workspace{}",
                    if beside { alone } else { "" }
                )
            }
        }];
    }
    let requires = set.requires();
    let by = |file: &str| if set.work.is_some() { format!(" by {file}") } else { String::new() };
    let mut lines = Vec::new();
    for (module, file) in &requires {
        if vendored.explicit.contains(*module) {
            continue;
        }
        let by = by(file.as_str());
        let other = vendored.modules.iter().find(|other| other.path == module.path);
        lines.push(match other {
            Some(other) if other.version != module.version => {
                format!("{module} is required{by}, and vendor/ holds {}", other.version)
            }
            _ => format!("{module} is required{by}, and vendor/modules.txt does not list it as explicit"),
        });
    }
    for module in &vendored.explicit {
        let required = requires.iter().any(|(other, _)| *other == module);
        // A version that is required instead was named above.
        let instead = |other: &ModuleVersion| other.path == module.path && !vendored.explicit.contains(other);
        if !required && !requires.iter().any(|(other, _)| instead(other)) {
            let nobody =
                if set.work.is_some() { "no go.mod requires it" } else { "go.mod does not require it" };
            lines.push(format!("{module} is in vendor/, and {nobody}"));
        }
    }
    lines.extend(replacements(set, vendored));
    lines
}

fn replacements(set: &ModuleSet, vendored: &ModulesTxt) -> Vec<String> {
    let mut lines = Vec::new();
    let replacements = set.replacements();
    for Replacement { replace, file } in &replacements {
        let by = if set.work.is_some() { format!(" in {file}") } else { String::new() };
        let listed = vendored
            .replaced
            .iter()
            .find(|((path, version), _)| *path == replace.path && same_version(replace, version.as_ref()));
        match listed {
            None => lines.push(format!(
                "{} is replaced by {}{by}, and vendor/modules.txt does not say so",
                replace.path, replace.with
            )),
            Some((_, with)) if *with != (replace.with.clone(), replace.with_version.clone()) => {
                lines.push(format!(
                    "{} is replaced by {}{by}, and vendor/ holds {}",
                    replace.path, replace.with, with.0
                ));
            }
            Some(_) => {}
        }
    }
    for (path, version) in vendored.replaced.keys().filter(|(path, _)| !set.has(path)) {
        let known = |replace: &Replace| replace.path == *path && same_version(replace, version.as_ref());
        if !replacements.iter().any(|one| known(&one.replace)) {
            lines.push(format!("{path} is replaced in vendor/, and {} does not replace it", set.file()));
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
    use crate::model::{GoMod, GoWork};
    use crate::module_set::{Member, ModuleSet};

    const GO_MOD: &str = "module m\nrequire a.test/one v1.0.0\nrequire a.test/two v1.1.0 // indirect\nreplace a.test/two => ./two\n";
    const MODULES: &str = "# a.test/one v1.0.0\n## explicit; go 1.20\na.test/one\n# a.test/two v1.1.0 => ./two\n\
                           ## explicit\na.test/two/pkg\n# a.test/two => ./two\n";

    fn check(go_mod: &str, modules: &str) -> Vec<String> {
        disagreements(&set(None, &[("", go_mod)]), &ModulesTxt::parse(modules))
    }

    fn set(work: Option<&str>, members: &[(&str, &str)]) -> ModuleSet {
        let member =
            |(dir, text): &(&str, &str)| Member { dir: (*dir).into(), go_mod: GoMod::parse(text).unwrap() };
        ModuleSet {
            root: "/root".into(),
            work: work.map(|text| GoWork::parse(text).unwrap()),
            members: members.iter().map(member).collect(),
        }
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

    #[test]
    fn a_workspace_lists_what_each_member_requires() {
        const A: &str = "module m/a\nrequire x v1.0.0\nrequire m/b v0.0.0\nreplace y => ../y\n";
        const B: &str = "module m/b\nrequire x v1.1.0\n";
        const LIST: &str = "## workspace\n# m/b v0.0.0\n## explicit\n# x v1.0.0\n## explicit\n# x v1.1.0\n## explicit\nx\n\
                            # y => ./y\n# z => ./z\n";
        let check = |b: &str, list: &str| {
            let whole = set(Some("use ./a\nuse ./b\nreplace z => ./z\n"), &[("a", A), ("b", b)]);
            disagreements(&whole, &ModulesTxt::parse(list))
        };
        assert_eq!(check(B, LIST), [""; 0]);
        assert_eq!(
            check(&B.replace("1.1.0", "1.2.0"), LIST)[0],
            "x@v1.2.0 is required by b/go.mod, and vendor/ holds v1.0.0"
        );
        assert_eq!(
            check("module m/b\nrequire x v1.0.0\n", LIST),
            ["x@v1.1.0 is in vendor/, and no go.mod requires it"]
        );
        assert_eq!(
            check(B, &LIST.replace("# y => ./y\n", "# y => ../y\n")),
            ["y is replaced by ./y in a/go.mod, and vendor/ holds ../y"]
        );
        assert!(check(B, &LIST.replace("## workspace\n", ""))[0].contains("for a single module"));
        let alone = set(None, &[("", B)]);
        assert!(
            disagreements(&alone, &ModulesTxt::parse(LIST))[0].contains("m/b is built as a single module")
        );
        let whole = set(Some("use ./a\nuse ./b\n"), &[("a", A), ("b", B)]);
        let selected = ModulesTxt::parse(LIST).selected(&whole);
        assert_eq!(selected.iter().map(ToString::to_string).collect::<Vec<_>>(), ["x@v1.1.0"]);
    }
}
