//! The reader of vendor.lock. It accepts exactly what the writer writes.

use std::iter::Peekable;

use super::{FIRST_LINE, LockedFile, LockedModule, VendorLock};
use crate::model::ModuleVersion;

/// A line that is not as a lock has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
pub struct LockError {
    /// Counted from one.
    pub line: usize,
    /// What is wrong.
    pub cause: String,
}

type Lines<'t> = Peekable<std::iter::Zip<std::ops::RangeFrom<usize>, std::str::Split<'t, char>>>;

fn fail<T>(line: usize, cause: impl Into<String>) -> Result<T, LockError> {
    Err(LockError { line, cause: cause.into() })
}

pub(super) fn parse(bytes: &[u8]) -> Result<VendorLock, LockError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            return fail(line, "it is not UTF-8");
        }
    };
    if let Some(line) = text.split('\n').position(|line| line.contains('\r')) {
        return fail(line + 1, "it holds a carriage return; a lock's lines end in a newline alone");
    }
    let Some(text) = text.strip_suffix('\n') else {
        return fail(text.split('\n').count(), "the file ends within a line");
    };
    let mut lines: Lines<'_> = (1..).zip(text.split('\n')).peekable();
    match lines.next() {
        Some((_, FIRST_LINE)) => {}
        Some((line, other)) if other.starts_with("xbuild vendor.lock ") => {
            return fail(
                line,
                format!("the layout is not known: {other:?}; this xbuild reads {FIRST_LINE:?}"),
            );
        }
        _ => return fail(1, format!("a lock begins with {FIRST_LINE:?}")),
    }
    let modules_txt = match lines.next() {
        Some((line, text)) => match text.strip_prefix("modules.txt ") {
            Some(digest) => sha256(line, digest)?,
            None => return fail(line, "`modules.txt` and its SHA-256 are missing"),
        },
        None => return fail(2, "`modules.txt` and its SHA-256 are missing"),
    };
    let mut modules: Vec<LockedModule> = Vec::new();
    while let Some((line, text)) = lines.next() {
        if !text.is_empty() {
            return fail(line, "an empty line stands before each module");
        }
        let module = module(line, &mut lines)?;
        if modules.last().is_some_and(|last| last.module >= module.module) {
            return fail(line + 1, format!("{} is not in its order, or there twice", module.module));
        }
        modules.push(module);
    }
    Ok(VendorLock { modules_txt, modules })
}

fn module(before: usize, lines: &mut Lines<'_>) -> Result<LockedModule, LockError> {
    let Some((line, head)) =
        lines.next().and_then(|(line, text)| Some((line, text.strip_prefix("module ")?)))
    else {
        return fail(before + 1, "`module` with a path and a version is missing");
    };
    let words: Vec<&str> = head.split(' ').collect();
    if words.iter().any(|word| word.is_empty() || word.contains(char::is_control)) {
        return fail(line, "a module has a path and a version, with one space between");
    }
    let (path, version, replacement) = match words[..] {
        [path, version] => (path, version, None),
        [path, version, "=>", with] => (path, version, Some((with.to_owned(), None))),
        [path, version, "=>", with, at] => (path, version, Some((with.to_owned(), Some(at.to_owned())))),
        _ => return fail(line, "a module has a path and a version, and perhaps => and what replaces it"),
    };
    plain(line, path)?;
    let mut module = LockedModule {
        module: ModuleVersion { path: path.to_owned(), version: version.to_owned() },
        replacement,
        sum: None,
        files: Vec::new(),
    };
    if module.source().is_some() {
        let sum = lines.next().and_then(|(_, text)| text.strip_prefix("sum "));
        match sum.filter(|sum| sum.starts_with("h1:") && !sum.contains(' ')) {
            Some(sum) => module.sum = Some(sum.to_owned()),
            None => return fail(line + 1, "`sum` and the h1 of go.sum are missing"),
        }
    }
    while let Some((line, text)) = lines.next_if(|(_, text)| !text.is_empty()) {
        let file = file(line, text)?;
        if module.files.last().is_some_and(|last| last.path >= file.path) {
            return fail(line, format!("{} is not in its order, or there twice", file.path));
        }
        if module.sum.is_none() && !file.vendored {
            return fail(line, "a directory's list holds only what is in vendor/");
        }
        module.files.push(file);
    }
    Ok(module)
}

fn file(line: usize, text: &str) -> Result<LockedFile, LockError> {
    let (vendored, rest) = if let Some(rest) = text.strip_prefix("+ ") {
        (true, rest)
    } else if let Some(rest) = text.strip_prefix(". ") {
        (false, rest)
    } else {
        return fail(line, "a file's line begins with `+ ` or `. `");
    };
    let Some((digest, path)) = rest.split_once("  ") else {
        return fail(line, "two spaces stand between a SHA-256 and its path");
    };
    plain(line, path)?;
    Ok(LockedFile { vendored, sha256: sha256(line, digest)?, path: path.to_owned() })
}

fn sha256(line: usize, text: &str) -> Result<String, LockError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if text.len() == 64 && digits {
        Ok(text.to_owned())
    } else {
        fail(line, "a SHA-256 has 64 digits, in small letters")
    }
}

/// A path that stays below where it starts, written in the one way there is.
fn plain(line: usize, path: &str) -> Result<(), LockError> {
    let odd = |part: &str| part.is_empty() || part == "." || part == "..";
    if path.split('/').any(odd) || path.contains(char::is_control) || path.contains('\\') {
        return fail(line, format!("{path:?} is no plain relative path"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::VendorLock;

    const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    fn sample() -> String {
        format!(
            "xbuild vendor.lock 1\nmodules.txt {ZERO}\n\nmodule a.test/one v1.0.0\nsum h1:AAA=\n. {ZERO}  go.mod\n\
             + {ZERO}  one two.go\n\nmodule a.test/three v1.0.0 => ./three\n+ {ZERO}  three.go\n\
             \nmodule a.test/two v1.0.0 => b.test/two v2.0.0\nsum h1:BBB=\n+ {ZERO}  x/two.go\n"
        )
    }

    #[test]
    fn what_is_read_is_written_again() {
        let lock = VendorLock::parse(sample().as_bytes()).unwrap();
        assert_eq!(lock.to_string(), sample());
        assert_eq!(lock.modules.len(), 3);
        assert!(lock.modules[0].file("one two.go").unwrap().vendored);
        assert_eq!(lock.modules[1].source(), None);
        assert_eq!(lock.modules[2].source().unwrap().to_string(), "b.test/two@v2.0.0");
    }

    #[test]
    fn mistakes_name_the_line() {
        let sample = sample();
        let one = |from: &str, to: &str, line: usize| {
            assert!(sample.contains(from), "{from:?}");
            let text = sample.replacen(from, to, 1);
            let error = VendorLock::parse(text.as_bytes()).expect_err(&text);
            assert_eq!(error.line, line, "{from:?} -> {to:?}: {error}");
        };
        one("lock 1", "lock 2", 1);
        one("xbuild", "Xbuild", 1);
        one("modules.txt 0", "modules.txt g", 2);
        one("\n\nmodule a.test/one", "\nmodule a.test/one", 3);
        one("\n\nmodule a.test/one", "\n\n\nmodule a.test/one", 4);
        one("a.test/one", "a.test/zone", 9);
        one("a.test/one", "../one", 4);
        one("a.test/one v1.0.0", "a.test/one  v1.0.0", 4);
        one("a.test/one v1.0.0", "a.test/one v1.0.0 ", 4);
        one("sum h1:AAA=\n", "", 5);
        one("sum h1:AAA=", "sum h2:AAA=", 5);
        one(". 0", "- 0", 6);
        one("  go.mod", " go.mod", 6);
        one("go.mod", "/go.mod", 6);
        one("go.mod", "a//go.mod", 6);
        one("go.mod", "../go.mod", 6);
        one("go.mod", "zzz.mod", 7);
        one("go.mod", "one two.go", 7);
        one("+ 0000", "+ 000", 7);
        one("+ 0", "+ A", 7);
        one("go.mod\n", "go.mod\r\n", 6);
        one("=> ./three\n+ ", "=> ./three\n. ", 10);
        one("x/two.go\n", "x/two.go", 14);
        one("x/two.go\n", "x/two.go\n\n", 16);
        assert_eq!(VendorLock::parse(b"").unwrap_err().line, 1);
        assert_eq!(VendorLock::parse(b"xbuild vendor.lock 1\n\xff\n").unwrap_err().line, 2);
    }
}
