//! The globs of GOPRIVATE and GONOPROXY.
//! Source of the rules: <https://go.dev/ref/mod#private-modules> and Go's `path.Match`.

/// Whether a glob of a comma-separated list matches a prefix of the module path that ends at a slash or at its end.
/// A glob that is not well formed matches nothing.
pub(super) fn matches_prefix(globs: &str, module: &str) -> bool {
    globs.split(',').map(|glob| glob.strip_suffix('/').unwrap_or(glob)).filter(|glob| !glob.is_empty()).any(
        |glob| {
            let wanted = glob.matches('/').count() + 1;
            let parts: Vec<&str> = module.split('/').collect();
            let glob: Vec<char> = glob.chars().collect();
            parts.len() >= wanted
                && matches(&glob, &parts[..wanted].join("/").chars().collect::<Vec<_>>()) == Some(true)
        },
    )
}

/// `None` for a glob that is not well formed, as far as it was read.
fn matches(glob: &[char], text: &[char]) -> Option<bool> {
    match glob {
        [] => Some(text.is_empty()),
        ['*', rest @ ..] => {
            let limit = text.iter().position(|c| *c == '/').unwrap_or(text.len());
            for skipped in 0..=limit {
                if matches(rest, &text[skipped..])? {
                    return Some(true);
                }
            }
            Some(false)
        }
        ['[', rest @ ..] => {
            let (class, rest) = class(rest)?;
            match text {
                [c, text @ ..] if class.holds(*c) && *c != '/' => matches(rest, text),
                _ => Some(false),
            }
        }
        ['?', rest @ ..] => match text {
            [c, text @ ..] if *c != '/' => matches(rest, text),
            _ => Some(false),
        },
        ['\\'] => None,
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => match text {
            [c, text @ ..] if c == literal => matches(rest, text),
            _ => Some(false),
        },
    }
}

struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    fn holds(&self, c: char) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != self.negated
    }
}

/// Reads a class behind its `[`.
fn class(mut glob: &[char]) -> Option<(Class, &[char])> {
    let negated = glob.first() == Some(&'^');
    if negated {
        glob = &glob[1..];
    }
    let mut ranges = Vec::new();
    loop {
        match glob {
            [']', rest @ ..] if !ranges.is_empty() => return Some((Class { negated, ranges }, rest)),
            _ => {
                let (low, rest) = character(glob)?;
                let (high, rest) = match rest {
                    ['-', rest @ ..] => character(rest)?,
                    _ => (low, rest),
                };
                ranges.push((low, high));
                glob = rest;
            }
        }
    }
}

fn character(glob: &[char]) -> Option<(char, &[char])> {
    match glob {
        [] | ['-' | ']', ..] | ['\\'] => None,
        ['\\', c, rest @ ..] | [c, rest @ ..] => Some((*c, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::matches_prefix;

    #[test]
    fn prefixes_as_go_matches_them() {
        for (globs, module, expected) in [
            ("", "a.test/x", false),
            ("*", "a.test/x", true),
            ("none", "a.test/x", false),
            ("a.test", "a.test/x/y", true),
            ("a.test/", "a.test/x/y", true),
            ("a.test/x", "a.test/xy", false),
            ("a.test/*", "a.test", false),
            ("a.test/*", "a.test/x/y", true),
            ("*.corp.test,b.test", "git.corp.test/x", true),
            ("*.corp.test,b.test", "b.test", true),
            ("*.corp.test", "git.x.corp.test/y", true),
            ("a.test/[a-c]*", "a.test/bee", true),
            ("a.test/[^a-c]*", "a.test/bee", false),
            ("a.test/?", "a.test/b/c", true),
            ("a.test/\\*", "a.test/b", false),
            ("a.test/[", "a.test/b", false),
            ("a.test/[]a]", "a.test/a", false),
            ("a.test/b\\", "a.test/b", false),
            (",,a.test", "a.test", true),
        ] {
            assert_eq!(matches_prefix(globs, module), expected, "{globs:?} {module:?}");
        }
    }
}
