//! How much of a Go file decides what a vendor tree holds: everything up to its last import.

/// The bytes from the start up to the end of the last import declaration: comments with build constraints, the
/// package clause, the imports. A file whose start cannot be read is its whole text, which is always safe.
pub(super) fn header(text: &[u8]) -> &[u8] {
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
    use super::header;

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
}
