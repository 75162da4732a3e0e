//! Go's version numbers and their order.
//! Source: `internal/gover` of Go 1.26 (`1.26` is the language, before `1.26rc1`, before `1.26.0`).

use std::fmt;

use serde::{Serialize, Serializer};

/// `1.26.8`, `1.27rc1`, `1.24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoVersion {
    major: u32,
    minor: u32,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    Language,
    Beta(u32),
    Candidate(u32),
    Release(u32),
}

impl GoVersion {
    /// The oldest SDK that xbuild drives: `go build -json` and GOCACHEPROG came with it.
    pub const OLDEST: GoVersion = GoVersion { major: 1, minor: 24, stage: Stage::Language };

    /// Reads `go1.26.8`, `1.26`, `go1.26.8 X:jsonv2` or `1.26.8-vendor`; `None` for `devel` and the like.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("go").unwrap_or(text);
        let text = text.split([' ', '-', '+']).next()?;
        let (major, rest) = number(text)?;
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        let (stage, rest) = if rest.is_empty() {
            (Stage::Language, rest)
        } else if let Some(rest) = rest.strip_prefix('.') {
            let (patch, rest) = number(rest)?;
            (Stage::Release(patch), rest)
        } else if let Some(rest) = rest.strip_prefix("rc") {
            let (candidate, rest) = number(rest)?;
            (Stage::Candidate(candidate), rest)
        } else {
            let (beta, rest) = number(rest.strip_prefix("beta")?)?;
            (Stage::Beta(beta), rest)
        };
        rest.is_empty().then_some(GoVersion { major, minor, stage })
    }
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match self.stage {
            Stage::Language => Ok(()),
            Stage::Beta(n) => write!(f, "beta{n}"),
            Stage::Candidate(n) => write!(f, "rc{n}"),
            Stage::Release(n) => write!(f, ".{n}"),
        }
    }
}

impl Serialize for GoVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::GoVersion;

    #[test]
    fn order_is_go_s() {
        let order = ["1.9", "1.24", "1.26", "1.26beta1", "1.26rc1", "1.26rc2", "1.26.0", "1.26.8", "1.27"];
        let versions: Vec<_> = order.iter().map(|text| GoVersion::parse(text).unwrap()).collect();
        assert!(versions.is_sorted());
        assert_eq!(versions.iter().map(ToString::to_string).collect::<Vec<_>>(), order);
    }

    #[test]
    fn decorations_and_nonsense() {
        assert_eq!(GoVersion::parse("go1.26.8 X:jsonv2"), GoVersion::parse("1.26.8"));
        assert_eq!(GoVersion::parse("go1.26.8-vendored"), GoVersion::parse("1.26.8"));
        for text in ["", "go", "1", "1.", "devel go1.27-abc", "1.26.x", "1.26rc", "99999999999.1"] {
            assert_eq!(GoVersion::parse(text), None, "{text:?}");
        }
    }
}
