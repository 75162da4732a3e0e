//! Go string literals, as `strconv.Quote` writes them and `strconv.Unquote` reads them.
//! Source: `strconv/quote.go` of Go 1.26; single quotes do not occur in build information.

use std::str::Chars;

/// The literal that `text` starts with.
pub(super) fn quoted_prefix(text: &str) -> Option<&str> {
    let quote = text.bytes().next()?;
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        if escaped {
            escaped = false;
        } else if byte == quote {
            return Some(&text[..=index]);
        } else {
            escaped = byte == b'\\' && quote == b'"';
        }
    }
    None
}

/// What a literal stands for; `None` for anything else, or if that is not UTF-8.
pub(super) fn unquote(literal: &str) -> Option<String> {
    if quoted_prefix(literal)? != literal {
        return None;
    }
    let quote = literal.chars().next()?;
    let inner = literal.get(1..literal.len() - 1)?;
    if inner.contains('\n') {
        return None;
    }
    match quote {
        '`' => return Some(inner.replace('\r', "")),
        '"' => {}
        _ => return None,
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            match escape(&mut chars)? {
                Escape::Byte(byte) => bytes.push(byte),
                Escape::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        } else {
            bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    String::from_utf8(bytes).ok()
}

enum Escape {
    Byte(u8),
    Char(char),
}

/// What follows a backslash.
fn escape(chars: &mut Chars<'_>) -> Option<Escape> {
    let byte = match chars.next()? {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '"' => b'"',
        'x' => u8::try_from(digits(chars, 0, 2, 16)?).ok()?,
        'u' => return char::from_u32(digits(chars, 0, 4, 16)?).map(Escape::Char),
        'U' => return char::from_u32(digits(chars, 0, 8, 16)?).map(Escape::Char),
        first => u8::try_from(digits(chars, first.to_digit(8)?, 2, 8)?).ok()?,
    };
    Some(Escape::Byte(byte))
}

/// `count` more digits behind `value`.
fn digits(chars: &mut Chars<'_>, value: u32, count: usize, radix: u32) -> Option<u32> {
    (0..count)
        .try_fold(value, |value, _| value.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?))
}

#[cfg(test)]
mod tests {
    use super::{quoted_prefix, unquote};

    #[test]
    fn literals() {
        for (literal, text) in [
            (r#""""#, ""),
            (r#""a \"b\" \\ \t\x41\101\u00e9\U0001f600""#, "a \"b\" \\ \tAA\u{e9}\u{1f600}"),
            ("`a\\b`", "a\\b"),
            (r#""\xc3\xa9""#, "\u{e9}"),
        ] {
            assert_eq!(unquote(literal).as_deref(), Some(text), "{literal}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "\"",
            "`",
            "x",
            "'a'",
            "\"a\"b",
            r#""\""#,
            r#""\q""#,
            r#""\xff""#,
            r#""\400""#,
            r#""\ud800""#,
        ] {
            assert_eq!(unquote(text), None, "{text}");
        }
        assert_eq!(quoted_prefix(r#""a\"b"=c"#), Some(r#""a\"b""#));
    }
}
