//! A reader of go.work. Source of the format: <https://go.dev/ref/mod#go-work-file>.

use super::GoVersion;
use super::go_mod::{Directive, GoModError, Replace, directives};

/// What xbuild needs of a go.work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoWork {
    /// The `go` line.
    pub go: Option<GoVersion>,
    /// The directories of `use`.
    pub uses: Vec<UseDirectory>,
    /// `replace`, which has precedence over those of the modules.
    pub replaces: Vec<Replace>,
}

/// A directory of `use`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseDirectory {
    /// The line, counted from one.
    pub line: usize,
    /// As written.
    pub dir: String,
}

impl GoWork {
    /// Reads a go.work. Directives that have no say here (`toolchain`, `godebug`) are passed over.
    pub fn parse(text: &str) -> Result<Self, GoModError> {
        let mut work = GoWork::default();
        for Directive { line, name, words } in directives(text)? {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let fail = |cause: &str| GoModError { line, cause: cause.to_owned() };
            match (name.as_str(), words.as_slice()) {
                ("go", [version]) => {
                    let version = GoVersion::parse(version);
                    work.go = Some(version.ok_or_else(|| fail("the `go` line is no version"))?);
                }
                ("use", [dir]) => work.uses.push(UseDirectory { line, dir: (*dir).to_owned() }),
                ("use", _) => return Err(fail("`use` takes one directory")),
                ("replace", words) => work.replaces.push(Replace::read(words).map_err(fail)?),
                _ => {}
            }
        }
        Ok(work)
    }
}

#[cfg(test)]
mod tests {
    use super::GoWork;

    #[test]
    fn reads_what_matters() {
        let text =
            "go 1.24\n\nuse ./a // the program\nuse (\n\t./b\n\t\"./c d\"\n)\nreplace x.test/y => ./y\n";
        let work = GoWork::parse(text).unwrap();
        let uses: Vec<_> = work.uses.iter().map(|used| (used.line, used.dir.as_str())).collect();
        assert_eq!(uses, [(3, "./a"), (5, "./b"), (6, "./c d")]);
        assert_eq!(work.go.unwrap().to_string(), "1.24");
        assert!(work.replaces[0].is_local());
        for (text, line) in [("use a b\n", 1), ("go 1.24\nreplace x\n", 2), ("use \"a\n", 1)] {
            assert_eq!(GoWork::parse(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
