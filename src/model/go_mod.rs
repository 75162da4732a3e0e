//! A reader of go.mod. Source of the format: <https://go.dev/ref/mod#go-mod-file>.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::GoVersion;

/// What xbuild needs of a go.mod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoMod {
    /// The module's path.
    pub module: String,
    /// The `go` line.
    pub go: Option<GoVersion>,
    /// The `toolchain` line, which a sealed build cannot follow.
    pub toolchain: Option<String>,
    /// `require`, direct and indirect.
    pub requires: Vec<ModuleVersion>,
    /// `replace`.
    pub replaces: Vec<Replace>,
}

/// A module at a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModuleVersion {
    /// Module path.
    pub path: String,
    /// Version, `v1.2.3`.
    pub version: String,
}

impl fmt::Display for ModuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.path, self.version)
    }
}

/// One `replace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replace {
    /// The replaced module's path.
    pub path: String,
    /// The replaced version; all where `None`.
    pub version: Option<String>,
    /// The replacement: a module's path, or a directory.
    pub with: String,
    /// The replacement's version; `None` for a directory.
    pub with_version: Option<String>,
}

impl Replace {
    /// Reads what follows the word `replace`.
    pub(super) fn read(words: &[&str]) -> Result<Self, &'static str> {
        let arrow = words.iter().position(|word| *word == "=>").ok_or("`replace` without =>")?;
        let (from, to) = (&words[..arrow], &words[arrow + 1..]);
        let (path, version) = match from {
            [path] => (path, None),
            [path, version] => (path, Some((*version).to_owned())),
            _ => return Err("`replace` takes a path and perhaps a version before =>"),
        };
        let (with, with_version) = match to {
            [with] => (with, None),
            [with, version] => (with, Some((*version).to_owned())),
            _ => return Err("`replace` takes a path and perhaps a version behind =>"),
        };
        Ok(Replace { path: (*path).to_owned(), version, with: (*with).to_owned(), with_version })
    }

    /// Whether the replacement is a directory of this host.
    pub fn is_local(&self) -> bool {
        self.with_version.is_none()
    }
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
pub struct GoModError {
    /// Counted from one.
    pub line: usize,
    /// What is wrong.
    pub cause: String,
}

impl GoMod {
    /// Reads a go.mod. Directives that have no say here (`exclude`, `retract`, `tool`, …) are passed over.
    pub fn parse(text: &str) -> Result<Self, GoModError> {
        let mut module = GoMod::default();
        for Directive { line, name, words } in directives(text)? {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let fail = |cause: &str| GoModError { line, cause: cause.to_owned() };
            module.apply(&name, &words).map_err(fail)?;
        }
        if module.module.is_empty() {
            return Err(GoModError { line: 1, cause: "no `module` line".to_owned() });
        }
        Ok(module)
    }

    fn apply(&mut self, directive: &str, words: &[&str]) -> Result<(), &'static str> {
        match (directive, words) {
            ("module", [path]) => self.module = (*path).to_owned(),
            ("module", _) => return Err("`module` takes one path"),
            ("go", [version]) => {
                self.go = Some(GoVersion::parse(version).ok_or("the `go` line is no version")?);
            }
            ("go", _) => return Err("`go` takes one version"),
            ("toolchain", [name]) => self.toolchain = Some((*name).to_owned()),
            ("require", [path, version]) => {
                self.requires
                    .push(ModuleVersion { path: (*path).to_owned(), version: (*version).to_owned() });
            }
            ("require", _) => return Err("`require` takes a path and a version"),
            ("replace", _) => {
                self.replaces.push(Replace::read(words)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The replacement of a module, if there is one.
    pub fn replacement(&self, module: &ModuleVersion) -> Option<&Replace> {
        let mut matching = self.replaces.iter().filter(|replace| replace.path == module.path);
        let exact = matching.clone().find(|replace| replace.version.as_ref() == Some(&module.version));
        exact.or_else(|| matching.find(|replace| replace.version.is_none()))
    }

    /// The last part of the module's path that is no major version: `task` of `example.com/task/v3`.
    pub fn short_name(&self) -> &str {
        short_name(&self.module)
    }
}

/// The last part of an import path that is no major version.
pub fn short_name(path: &str) -> &str {
    let major = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    path.rsplit('/').find(|part| !major(part)).unwrap_or(path)
}

/// A line of go.mod or go.work.
pub(super) struct Directive {
    /// Counted from one.
    pub(super) line: usize,
    /// `require`, `use`, …
    pub(super) name: String,
    /// What follows it.
    pub(super) words: Vec<String>,
}

/// The directives of a file, those of blocks one by one.
pub(super) fn directives(text: &str) -> Result<Vec<Directive>, GoModError> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let mut words = words(line)
            .ok_or_else(|| GoModError { line: line_number, cause: "a string without its end".to_owned() })?;
        if words.is_empty() {
            continue;
        }
        if block.is_some() && words == [")"] {
            block = None;
            continue;
        }
        let name = match &block {
            Some(name) => name.clone(),
            None => words.remove(0),
        };
        if block.is_none() && words == ["("] {
            block = Some(name);
            continue;
        }
        found.push(Directive { line: line_number, name, words });
    }
    Ok(found)
}

/// The words of a line without its comment; `None` for a string without its end. The parentheses of a block
/// stand alone as Go's own formatter writes them, and behind a directive without a space as well.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with("//") {
        if let Some(quote @ ('"' | '`')) = rest.chars().next() {
            let end = rest[1..].find(quote)? + 1;
            words.push(rest[1..end].to_owned());
            rest = rest[end + 1..].trim_start();
            continue;
        }
        if let Some(parenthesis @ ('(' | ')')) = rest.chars().next() {
            words.push(parenthesis.to_string());
            rest = rest[1..].trim_start();
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')').unwrap_or(rest.len());
        let end = rest[..end].find("//").map_or(end, |comment| comment.max(1));
        words.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::{GoMod, ModuleVersion};

    const SAMPLE: &str = r#"// Deprecated: no
module example.com/app/v3 // the app

go 1.24.0
toolchain go1.26.8

require example.com/one v1.0.0
require (
	"example.com/two" v2.1.0+incompatible // indirect
	example.com/three v0.0.0-20210101000000-abcdefabcdef
)
replace(
	example.com/one => ./one
	example.com/two v2.1.0+incompatible => example.com/fork v2.2.0
)
exclude example.com/one v0.9.0
tool example.com/two/cmd
retract [v1.0.0, v1.1.0] // bad
"#;

    #[test]
    fn reads_what_matters() {
        let module = GoMod::parse(SAMPLE).unwrap();
        assert_eq!(module.module, "example.com/app/v3");
        assert_eq!(module.short_name(), "app");
        assert_eq!(module.go.unwrap().to_string(), "1.24.0");
        assert_eq!(module.toolchain.as_deref(), Some("go1.26.8"));
        assert_eq!(module.requires.len(), 3);
        assert_eq!(module.requires[1].to_string(), "example.com/two@v2.1.0+incompatible");
        let version =
            |path: &str, version: &str| ModuleVersion { path: path.into(), version: version.into() };
        assert!(module.replacement(&version("example.com/one", "v1.0.0")).unwrap().is_local());
        assert!(module.replacement(&version("example.com/two", "v2.0.0")).is_none());
    }

    #[test]
    fn mistakes_name_the_line() {
        for (text, line) in [
            ("module a\nrequire b\n", 2),
            ("module a\nreplace b ./c\n", 2),
            ("module \"a\n", 1),
            ("go 1.24\n", 1),
            ("module a\ngo next\n", 2),
        ] {
            assert_eq!(GoMod::parse(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
