//! Differences between plan and artifact.

use std::fmt;

use serde::Serialize;

/// One difference between plan and artifact. Displays as one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// What differs.
    pub what: String,
    /// What was planned.
    pub expected: String,
    /// What the artifact says.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}: expected {}, found {}", self.what, self.expected, self.found);
        // The artifact chose some of these words.
        text.chars().try_for_each(|c| {
            if c.is_control() { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") }
        })
    }
}

/// Collects mismatches.
#[derive(Default)]
pub(super) struct Report(pub(super) Vec<Mismatch>);

impl Report {
    /// Notes a mismatch unless both sides agree.
    pub(super) fn require(
        &mut self,
        agrees: bool,
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        if !agrees {
            let (what, expected, found) = (what.into(), expected.into(), found.into());
            self.0.push(Mismatch { what, expected, found });
        }
    }

    /// The same for two texts.
    pub(super) fn equal(&mut self, what: impl Into<String>, expected: &str, found: &str) {
        self.require(expected == found, what, expected, found);
    }
}
