//! What C and assembly sources say they need: included files and the directories of `#cgo` flags.
//!
//! Nothing is preprocessed: an `#include` behind a condition counts, which brings a file too many at worst. One whose
//! name is a macro is not seen.

use crate::model::go_file;

/// What one file asks for; every path as it is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Names behind `#include`.
    pub(super) includes: Vec<String>,
    /// Directories behind -I and its like.
    pub(super) include_dirs: Vec<String>,
    /// Directories behind -L.
    pub(super) library_dirs: Vec<String>,
    /// Objects and archives that flags name.
    pub(super) files: Vec<String>,
}

/// Extensions of what a C compiler or Go's assembler reads.
/// Source: `goodOSArchFile` and `matchFile` in Go's `go/build`.
const SOURCES: &[&str] = &[
    "c", "cc", "cpp", "cxx", "m", "h", "hh", "hpp", "hxx", "inc", "inl", "s", "S", "sx", "f", "F", "for",
    "f90",
];

impl Needs {
    /// Whether a file of that name is read at all.
    pub(super) fn may_arise(name: &str) -> bool {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|extension| extension == "go" || SOURCES.contains(&extension))
    }

    /// What a file needs; nothing for one that is neither Go with `import "C"` nor C or assembly.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Self {
        let mut needs = Needs::default();
        match name.rsplit_once('.') {
            Some((_, "go")) => {
                let head = String::from_utf8_lossy(go_file::header(bytes));
                if imports_c(&head) {
                    head.lines()
                        .for_each(|line| needs.line(line.trim().trim_start_matches("//").trim_start()));
                }
            }
            Some((_, extension)) if SOURCES.contains(&extension) => {
                String::from_utf8_lossy(bytes).lines().for_each(|line| needs.line(line.trim()));
            }
            _ => {}
        }
        needs
    }

    fn line(&mut self, line: &str) {
        let Some(directive) = line.strip_prefix('#').map(str::trim_start) else { return };
        if let Some(rest) = directive.strip_prefix("include").or_else(|| directive.strip_prefix("import")) {
            let rest = rest.trim_start();
            let close = match rest.chars().next() {
                Some('"') => '"',
                Some('<') => '>',
                _ => return,
            };
            if let Some((name, _)) = rest[1..].split_once(close) {
                self.includes.push(name.to_owned());
            }
        } else if let Some((_, flags)) = directive.strip_prefix("cgo ").and_then(|rest| rest.split_once(':'))
        {
            self.flags(flags);
        }
    }

    fn flags(&mut self, flags: &str) {
        let mut words = flags.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        while let Some(word) = words.next() {
            let flag = ["-isystem", "-iquote", "-idirafter", "-I", "-L", "-F"]
                .into_iter()
                .find_map(|flag| Some((flag, word.strip_prefix(flag)?)));
            let place = match flag {
                Some((_, "")) => words.next().unwrap_or_default(),
                Some((_, attached)) => attached,
                None => word,
            };
            let place = place.replace("${SRCDIR}", ".").trim_matches(['"', '\'']).to_owned();
            if place.is_empty() || place.starts_with(['/', '$']) {
                continue;
            }
            match flag {
                Some(("-L" | "-F", _)) => self.library_dirs.push(place),
                Some(_) => self.include_dirs.push(place),
                None if !place.starts_with('-') && place.contains('/') => self.files.push(place),
                None => {}
            }
        }
    }
}

/// Whether a Go file's head has `import "C"`, alone or in a block.
fn imports_c(head: &str) -> bool {
    head.lines().map(str::trim).any(|line| {
        let spec =
            line.strip_prefix("import").map_or(line, str::trim_start).trim_start_matches('(').trim_start();
        spec.starts_with("\"C\"") || spec.starts_with("`C`")
    })
}

#[cfg(test)]
mod tests {
    use super::Needs;

    #[test]
    fn preambles_and_sources() {
        let go = "package a\n\n/*\n#cgo linux,!arm CFLAGS: -O2 -I${SRCDIR}/inc -isystem \"${SRCDIR}/sys\" -I /usr/include\n\
                  #cgo LDFLAGS: -L${SRCDIR}/lib -lz ${SRCDIR}/lib/libx.a\n#include \"sub/x.h\"\n  # include <y.h>\n*/\n\
                  // #include \"line.h\"\nimport \"C\"\n\nvar s = `\n#include \"no.h\"`\n";
        let needs = Needs::of("a.go", go.as_bytes());
        assert_eq!(needs.includes, ["sub/x.h", "y.h", "line.h"]);
        assert_eq!(needs.include_dirs, ["./inc", "./sys"]);
        assert_eq!(needs.library_dirs, ["./lib"]);
        assert_eq!(needs.files, ["./lib/libx.a"]);
        assert_eq!(
            Needs::of("a.go", go.replace("import \"C\"", "import \"D\"").as_bytes()),
            Needs::default()
        );
        assert_eq!(Needs::of("a_amd64.s", b"#include \"textflag.h\"\n").includes, ["textflag.h"]);
        assert_eq!(Needs::of("a.txt", b"#include \"x.h\"\n"), Needs::default());
        for text in ["#include", "#include \"", "#cgo CFLAGS: -I", "#cgo", "#", "# include <"] {
            assert_eq!(Needs::of("a.c", text.as_bytes()), Needs::default(), "{text}");
        }
    }
}
