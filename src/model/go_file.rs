//! How much of a source file decides which packages there are and which files are in them.
//!
//! Of a Go file that is everything up to its last import (comments with build constraints, the package clause, the
//! imports with `#cgo` lines above them) and its `//go:embed` lines; of C and assembly the comments that it begins with
//! and what it includes. Whole are only the files that are about modules.
//! Source: `readGoInfo`, `matchFile` and `fileListForExt` in Go's `go/build`.

use super::Blake3;

/// What `go list` reads of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The hash of that part.
    pub hash: Blake3,
    /// Whether the file names others by `//go:embed`, so that their paths count as well.
    pub embeds: bool,
}

/// Extensions of the files that can be part of a package, besides Go's own.
const OTHERS: &[&str] = &[
    "c", "cc", "cpp", "cxx", "m", "h", "hh", "hpp", "hxx", "f", "F", "for", "f90", "s", "S", "sx", "swig",
    "swigcxx", "syso", "inc", "inl",
];

/// Taken by `go build` where it lies beside a main package; that it is there is what counts.
const PROFILE: &str = "default.pgo";

const ABOUT_MODULES: &[&str] = &["go.mod", "go.work", "modules.txt"];

impl Head {
    /// Whether a file of that name can have a head.
    pub fn may_have(path: &str) -> bool {
        let name = file_name(path);
        ABOUT_MODULES.contains(&name)
            || name == PROFILE
            || extension(name).is_some_and(|extension| extension == "go" || OTHERS.contains(&extension))
    }

    /// The head of a file; `None` for one that is part of no package.
    pub fn of(path: &str, text: &[u8]) -> Option<Self> {
        let name = file_name(path);
        if ABOUT_MODULES.contains(&name) {
            return Some(Head { hash: Blake3::of(text), embeds: false });
        }
        if name == PROFILE {
            return Some(Head { hash: Blake3::of(b""), embeds: false });
        }
        let mut hasher = blake3::Hasher::new();
        let embeds = match extension(name)? {
            "go" => {
                let head = header(text);
                hasher.update(head);
                let mut embeds = false;
                // Without that import the directive is a comment to Go.
                let rest = if contains(head, b"embed") { &text[head.len()..] } else { &[] };
                for line in embed_lines(rest) {
                    hasher.update(b"\n").update(line);
                    embeds = true;
                }
                embeds
            }
            "syso" => false,
            other if OTHERS.contains(&other) => {
                let comments = skip_space(text, 0).map_or(text, |end| &text[..end]);
                hasher.update(comments);
                let lines = text[comments.len()..].split(|byte| *byte == b'\n');
                for line in lines.filter(|line| line.trim_ascii_start().starts_with(b"#")) {
                    hasher.update(b"\n").update(line);
                }
                false
            }
            _ => return None,
        };
        Some(Head { hash: hasher.finalize().into(), embeds })
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// Every line that has the directive, also one inside of a string: a line too many costs a question, no mistake.
fn embed_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    const DIRECTIVE: &[u8] = b"//go:embed";
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = rest.windows(DIRECTIVE.len()).position(|window| window == DIRECTIVE)?;
        let line = &rest[at..];
        let end = line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
        rest = &line[end..];
        Some(&line[..end])
    })
}

/// The bytes from the start up to the end of the last import declaration: comments with build constraints, the
/// package clause, the imports. A file whose start cannot be read is its whole text, which is always safe.
pub fn header(text: &[u8]) -> &[u8] {
    scan(text).map_or(text, |end| &text[..end])
}

fn scan(text: &[u8]) -> Option<usize> {
    let mut at = skip_space(text, 0)?;
    at = keyword(text, at, b"package")?;
    at = skip_space(text, at)?;
    at += text[at..].iter().position(|byte| !is_word(*byte))?;
    loop {
        let end = at;
        let Some(next) = skip_space(text, at) else { return Some(end) };
        let Some(after) = keyword(text, next, b"import") else { return Some(end) };
        at = skip_space(text, after)?;
        if text.get(at) == Some(&b'(') {
            at = skip_space(text, at + 1)?;
            while text.get(at)? != &b')' {
                at = skip_space(text, import_spec(text, at)?)?;
            }
            at += 1;
        } else {
            at = import_spec(text, at)?;
        }
    }
}

/// An optional name, then a string.
fn import_spec(text: &[u8], mut at: usize) -> Option<usize> {
    while is_word(*text.get(at)?) || text[at] == b'.' {
        at += 1;
    }
    at = skip_space(text, at)?;
    let quote = *text.get(at)?;
    if quote != b'"' && quote != b'`' {
        return None;
    }
    Some(at + 2 + text[at + 1..].iter().position(|byte| *byte == quote)?)
}

fn keyword(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(word)?;
    rest.first().is_none_or(|byte| !is_word(*byte)).then_some(at + word.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Past spaces, semicolons and comments; `None` in an open comment.
fn skip_space(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match text.get(at..)? {
            [b' ' | b'\t' | b'\r' | b'\n' | b';', ..] => at += 1,
            [b'/', b'/', rest @ ..] => {
                at += 2 + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
            }
            [b'/', b'*', rest @ ..] => at += 4 + rest.windows(2).position(|pair| pair == b"*/")?,
            // A byte-order mark.
            [0xEF, 0xBB, 0xBF, ..] if at == 0 => at = 3,
            _ => return Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, header};

    fn text(source: &str) -> &str {
        std::str::from_utf8(header(source.as_bytes())).unwrap()
    }

    #[test]
    fn ends_behind_the_last_import() {
        let head = "//go:build linux\n\n/* c */ package a // b\n\nimport \"x\"\nimport (\n\t// c\n\ty \"z\"; . `w`\n)";
        assert_eq!(text(&format!("{head}\nfunc f() {{ import1() }}\n")), head);
        assert_eq!(text("package a\nvar importx = 1\n"), "package a");
        assert_eq!(text("\u{feff}package a\n"), "\u{feff}package a");
    }

    #[test]
    fn what_cannot_be_read_counts_whole() {
        for source in ["", "import \"x\"", "package", "package a\nimport (", "package a\nimport x", "/* open"]
        {
            assert_eq!(text(source), source);
        }
    }

    #[test]
    fn only_what_go_list_reads_counts() {
        let of = |name: &str, text: &str| Head::of(name, text.as_bytes()).unwrap();
        let base = of("a/b.go", "package a\n\nimport \"x\"\n\nfunc f() {}\n");
        assert_eq!(base, of("b.go", "package a\n\nimport \"x\"\n\nfunc g() { f() }\n"));
        for other in [
            "package b\n\nimport \"x\"\n",
            "package a\n\nimport \"y\"\n",
            "// c\npackage a\n\nimport \"x\"\n",
        ] {
            assert_ne!(base, of("b.go", other), "{other}");
        }
        let embed =
            of("b.go", "package a\n\nimport _ \"embed\"\n\nvar x int\n//go:embed a.txt\nvar s string\n");
        assert!(embed.embeds);
        assert_ne!(
            embed,
            of("b.go", "package a\n\nimport _ \"embed\"\n\nvar x int\n//go:embed b.txt\nvar s string\n")
        );
        assert_eq!(
            embed,
            of("b.go", "package a\n\nimport _ \"embed\"\n\nvar y int\n//go:embed a.txt\nvar t string\n")
        );
        let asm = of("a_amd64.s", "// c\n#include \"textflag.h\"\nTEXT f(SB),0,$0\n");
        assert_eq!(asm, of("a_amd64.s", "// c\n#include \"textflag.h\"\nTEXT g(SB),0,$8\n"));
        assert_ne!(asm, of("a_amd64.s", "// c\n#include \"other.h\"\nTEXT f(SB),0,$0\n"));
        assert_ne!(of("go.mod", "module a\n"), of("go.mod", "module a\n\n"));
        assert_eq!(of("a.syso", "x"), of("a.syso", "y"));
        for name in ["README.md", "go", "a.gox", "x.txt"] {
            assert!(!Head::may_have(name) && Head::of(name, b"package a").is_none(), "{name}");
        }
    }
}
