//! The modules of a project, and what Go makes of them together.

use std::collections::BTreeSet;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::model::{GoMod, GoVersion, GoWork, ModuleVersion, Replace};

/// The modules that are built together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleSet {
    /// The directory of go.work, or of the only go.mod. vendor/ and vendor.lock lie in it.
    pub root: Utf8PathBuf,
    /// go.work, where there is a workspace.
    pub work: Option<GoWork>,
    /// At least one, in the order of go.work.
    pub members: Vec<Member>,
}

/// A module whose source is the project's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its directory, relative to the root; empty for the root itself.
    pub dir: Utf8PathBuf,
    /// Its go.mod.
    pub go_mod: GoMod,
}

/// A `replace` that holds in the whole set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// What is replaced, and by what. A directory is relative to the root, written as vendor/modules.txt has it.
    pub replace: Replace,
    /// The file that says so, relative to the root.
    pub file: Utf8PathBuf,
}

impl Member {
    /// Its go.mod, relative to the root.
    pub fn file(&self) -> Utf8PathBuf {
        self.dir.join("go.mod")
    }
}

impl ModuleSet {
    /// The only module; `None` in a workspace.
    pub fn single(&self) -> Option<&GoMod> {
        match (&self.work, self.members.as_slice()) {
            (None, [only]) => Some(&only.go_mod),
            _ => None,
        }
    }

    /// go.work, where there is one.
    pub fn work_file(&self) -> Option<Utf8PathBuf> {
        self.work.as_ref().map(|_| self.root.join("go.work"))
    }

    /// The file that names the set: go.work or go.mod, relative to the root.
    pub fn file(&self) -> &'static str {
        if self.work.is_some() { "go.work" } else { "go.mod" }
    }

    /// The first word of Go's command that vendors: `go work vendor` or `go mod vendor`.
    pub fn go_command(&self) -> &'static str {
        if self.work.is_some() { "work" } else { "mod" }
    }

    /// Whether a path is that of one of the modules.
    pub fn has(&self, path: &str) -> bool {
        self.members.iter().any(|member| member.go_mod.module == path)
    }

    /// Every file that says what the set is and which sums its modules have, relative to the root. Files with sums may
    /// be missing.
    pub fn files(&self) -> Vec<Utf8PathBuf> {
        let work = self.work.iter().map(|_| Utf8PathBuf::from("go.work"));
        work.chain(self.members.iter().map(Member::file)).chain(self.sum_files()).collect()
    }

    /// The files with sums, relative to the root; those that are missing count as empty.
    pub fn sum_files(&self) -> Vec<Utf8PathBuf> {
        let work = self.work.iter().map(|_| Utf8PathBuf::from("go.work.sum"));
        work.chain(self.members.iter().map(|member| member.dir.join("go.sum"))).collect()
    }

    /// The `go` lines and the files that they stand in, relative to the root: each binds the SDK.
    pub fn go_lines(&self) -> Vec<(Utf8PathBuf, GoVersion)> {
        let work = self.work.iter().filter_map(|work| Some((Utf8PathBuf::from("go.work"), work.go?)));
        work.chain(self.members.iter().filter_map(|member| Some((member.file(), member.go_mod.go?))))
            .collect()
    }

    /// What the modules require, each with the first file that does, relative to the root.
    pub fn requires(&self) -> Vec<(&ModuleVersion, Utf8PathBuf)> {
        let mut seen = BTreeSet::new();
        let all = self
            .members
            .iter()
            .flat_map(|member| member.go_mod.requires.iter().map(move |module| (module, member.file())));
        all.filter(|(module, _)| seen.insert(*module)).collect()
    }

    /// What is replaced in the set, as Go settles it: go.work's `replace` stands in place of a module's, and a
    /// directory that a member names is taken relative to the root. The members themselves are never replaced.
    /// Source of the rules: `replacementFrom` and `canonicalizeReplacePath` in Go's `cmd/go/internal/modload`.
    pub fn replacements(&self) -> Vec<Replacement> {
        let work = self.work.iter().flat_map(|work| &work.replaces);
        let work: Vec<Replacement> =
            work.map(|replace| Replacement { replace: replace.clone(), file: "go.work".into() }).collect();
        let own = self.members.iter().flat_map(|member| {
            member.go_mod.replaces.iter().map(|replace| {
                let over = find(work.iter(), &replace.path, replace.version.as_deref());
                over.map_or_else(
                    || self.of_member(member, replace),
                    |over| Replacement {
                        replace: Replace {
                            path: replace.path.clone(),
                            version: replace.version.clone(),
                            ..over.replace.clone()
                        },
                        file: over.file.clone(),
                    },
                )
            })
        });
        let mut seen = BTreeSet::new();
        let all = work.iter().cloned().chain(own);
        all.filter(|one| one.replace.version.is_some() || !self.has(&one.replace.path))
            .filter(|one| seen.insert((one.replace.path.clone(), one.replace.version.clone())))
            .collect()
    }

    fn of_member(&self, member: &Member, replace: &Replace) -> Replacement {
        let mut replace = replace.clone();
        if self.work.is_some() && replace.is_local() && !Utf8Path::new(&replace.with).is_absolute() {
            replace.with = directory(&member.dir.join(&replace.with));
        }
        Replacement { replace, file: member.file() }
    }

    /// What replaces a module, if anything does.
    pub fn replacement(&self, module: &ModuleVersion) -> Option<Replacement> {
        let all = self.replacements();
        find(all.iter(), &module.path, Some(&module.version)).cloned()
    }

    /// The patterns of all packages at or below a directory of the root. Go takes none that is no member's.
    pub fn patterns(&self, below: &Utf8Path) -> Vec<String> {
        let all = |dir: &Utf8Path| match dir.as_str() {
            "" => "./...".to_owned(),
            dir => format!("./{dir}/..."),
        };
        let inside = self.members.iter().filter(|member| member.dir.starts_with(below));
        let mut patterns: Vec<String> = inside.map(|member| all(&member.dir)).collect();
        if self.members.iter().any(|member| below != member.dir && below.starts_with(&member.dir)) {
            patterns.push(all(below));
        }
        patterns
    }
}

/// The `replace` that a version is under: one of this version before one of every version.
fn find<'r>(
    all: impl Iterator<Item = &'r Replacement> + Clone,
    path: &str,
    version: Option<&str>,
) -> Option<&'r Replacement> {
    let mut same = all.filter(|one| one.replace.path == path);
    let exact = same.clone().find(|one| one.replace.version.as_deref() == version);
    exact.or_else(|| same.find(|one| one.replace.version.is_none()))
}

/// A directory without `.` and, as far as it has parents to go up to, `..`, as Go writes it: `./a`, `../a`.
fn directory(path: &Utf8Path) -> String {
    let clean = clean(path);
    if clean.starts_with("..") || clean.as_str().is_empty() {
        return if clean.as_str().is_empty() { ".".to_owned() } else { clean.into_string() };
    }
    format!("./{clean}")
}

/// A relative path without `.`; with `..` at its beginning only.
pub(super) fn clean(path: &Utf8Path) -> Utf8PathBuf {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part.as_str()),
        }
    }
    parts.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(work: Option<&str>, members: &[(&str, &str)]) -> ModuleSet {
        let member =
            |(dir, text): &(&str, &str)| Member { dir: (*dir).into(), go_mod: GoMod::parse(text).unwrap() };
        ModuleSet {
            root: "/root".into(),
            work: work.map(|text| GoWork::parse(text).unwrap()),
            members: members.iter().map(member).collect(),
        }
    }

    fn replaced(set: &ModuleSet) -> Vec<String> {
        let one = |one: &Replacement| {
            let version = one.replace.version.clone().unwrap_or_default();
            format!("{}@{version} => {} ({})", one.replace.path, one.replace.with, one.file)
        };
        set.replacements().iter().map(one).collect()
    }

    #[test]
    fn the_workspaces_replace_comes_first() {
        let a = "module m/a\nreplace x => ../x\nreplace y v1.0.0 => ./y\nreplace m/b => ../b\n";
        let b = "module m/b\nreplace z => ../../z\n";
        let whole = set(Some("use ./a\nuse ./b\nreplace y => ./why\n"), &[("a", a), ("b", b)]);
        assert_eq!(
            replaced(&whole),
            [
                "y@ => ./why (go.work)",
                "x@ => ./x (a/go.mod)",
                "y@v1.0.0 => ./why (go.work)",
                "z@ => ../z (b/go.mod)",
            ]
        );
        let alone = set(None, &[("", "module m/a\nreplace x => ../x\n")]);
        assert_eq!(replaced(&alone), ["x@ => ../x (go.mod)"]);
        let version = ModuleVersion { path: "y".into(), version: "v9.0.0".into() };
        assert_eq!(whole.replacement(&version).unwrap().replace.with, "./why");
    }

    #[test]
    fn patterns_name_members() {
        let go_mod = "module m\n";
        let whole = set(Some("use ./a\n"), &[("a", go_mod), ("g/b", go_mod), ("g/c", go_mod)]);
        assert_eq!(whole.patterns("".into()), ["./a/...", "./g/b/...", "./g/c/..."]);
        assert_eq!(whole.patterns("g".into()), ["./g/b/...", "./g/c/..."]);
        assert_eq!(whole.patterns("a/cmd".into()), ["./a/cmd/..."]);
        assert_eq!(whole.patterns("docs".into()), [""; 0]);
        let alone = set(None, &[("", go_mod)]);
        assert_eq!(alone.patterns("".into()), ["./..."]);
        assert_eq!(alone.patterns("cmd".into()), ["./cmd/..."]);
    }

    #[test]
    fn files_by_their_place() {
        let whole =
            set(Some("go 1.25\nuse ./a\nuse .\n"), &[("a", "module m/a\ngo 1.24\n"), ("", "module m\n")]);
        assert_eq!(whole.sum_files(), ["go.work.sum", "a/go.sum", "go.sum"]);
        assert_eq!(whole.files()[..3], ["go.work", "a/go.mod", "go.mod"]);
        assert_eq!(whole.go_lines().len(), 2);
        assert!(whole.single().is_none() && whole.has("m/a"));
    }
}
