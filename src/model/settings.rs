//! A setting's value together with the layer that set it.

use std::fmt;

use serde::{Serialize, Serializer};

/// The layer that a value came from, strongest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A command-line flag.
    Flag(&'static str),
    /// An `XBUILD_*` variable.
    Env(&'static str),
    /// targets.toml, with the line.
    ProjectFile(usize),
    /// The user's own settings file, with the line.
    UserFile(usize),
    /// Built in.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => f.write_str(flag),
            Origin::Env(name) => f.write_str(name),
            Origin::ProjectFile(line) => write!(f, "targets.toml:{line}"),
            Origin::UserFile(line) => write!(f, "config.toml:{line}"),
            Origin::Default => f.write_str("default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A resolved value and who set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting<T> {
    /// What the engine uses.
    pub value: T,
    /// The layer that it came from.
    pub origin: Origin,
}
