//! What a step sees of the host, as data.

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

/// What a step may do with a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Know the names in it.
    List,
    /// Read it.
    Read,
    /// Read it and run what is in it.
    Execute,
    /// Read and write it.
    Write,
}

/// One thing in a step's view. In a sandbox of the strongest kind there is nothing else; in weaker ones `at` is the
/// place on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mount {
    /// A file or directory of the host.
    Bind {
        /// Where it is on the host.
        host: Utf8PathBuf,
        /// Where the step finds it.
        at: Utf8PathBuf,
        /// What the step may do with it.
        access: Access,
    },
    /// Something below another mount that is no input: an empty directory or file stands in its place.
    Hide {
        /// Where the step would find it.
        at: Utf8PathBuf,
    },
    /// A symbolic link.
    Link {
        /// Where it is.
        at: Utf8PathBuf,
        /// What it says.
        to: Utf8PathBuf,
    },
}

impl Mount {
    /// A file or directory of the host at another place.
    pub fn bind(host: &Utf8Path, at: impl Into<Utf8PathBuf>, access: Access) -> Self {
        Mount::Bind { host: host.to_owned(), at: at.into(), access }
    }
}
