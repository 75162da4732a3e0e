//! How strongly a step is shut in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What keeps a step from everything but its inputs, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SealLevel {
    /// Its environment alone: nothing is within `go`'s reach by a variable, a file of settings or a default.
    Env,
    /// Besides, Landlock and a filter of system calls: no socket, and no file outside the step's own.
    Landlock,
    /// Besides, namespaces of its own: there is no network, no other process and no other file to be reached.
    Strict,
}

impl SealLevel {
    /// The word for it, on the command line and in the files of dist/.
    pub fn as_str(self) -> &'static str {
        match self {
            SealLevel::Env => "env",
            SealLevel::Landlock => "landlock",
            SealLevel::Strict => "strict",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [SealLevel::Env, SealLevel::Landlock, SealLevel::Strict]
            .into_iter()
            .find(|level| level.as_str() == text)
    }

    /// What it means, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            SealLevel::Env => "environment only",
            SealLevel::Landlock => "Landlock and seccomp, without namespaces",
            SealLevel::Strict => "namespaces, Landlock and seccomp",
        }
    }
}

impl fmt::Display for SealLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealChoice {
    /// The strongest that this host allows.
    Auto,
    /// This one or nothing.
    Only(SealLevel),
}

impl SealChoice {
    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(SealChoice::Auto),
            level => SealLevel::parse(level).map(SealChoice::Only),
        }
    }
}

impl fmt::Display for SealChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SealChoice::Auto => f.write_str("auto"),
            SealChoice::Only(level) => level.fmt(f),
        }
    }
}

impl Serialize for SealChoice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
