//! What can be wrong with a source.

use camino::Utf8PathBuf;

use crate::fs::FsError;

/// Why there is no view.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A link that leads out of the project.
    #[error("{path} is a link that leaves the project: it leads to {to}")]
    LeavingLink {
        /// The link.
        path: Utf8PathBuf,
        /// What it leads to.
        to: Utf8PathBuf,
    },
    /// A link that names a place of this host.
    #[error("{path} is a link with an absolute path, {to}, which leaves the project wherever else it is")]
    AbsoluteLink {
        /// The link.
        path: Utf8PathBuf,
        /// What it leads to.
        to: Utf8PathBuf,
    },
    /// A FIFO, socket or device.
    #[error("{path} is a FIFO, socket or device, which no build can read")]
    Special {
        /// The path.
        path: Utf8PathBuf,
    },
    /// A name that is not UTF-8.
    #[error("the name of {path} is not UTF-8")]
    Name {
        /// The path, escaped.
        path: Utf8PathBuf,
    },
    /// The user asked for a seal that cannot be had.
    #[error("this host cannot seal a build as {wanted} ({meaning}): {cause}")]
    NoSeal {
        /// Which.
        wanted: crate::model::SealLevel,
        /// What it means.
        meaning: &'static str,
        /// Why not.
        cause: String,
    },
    /// A file cannot be read or linked.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl SealError {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            SealError::LeavingLink { .. } => "put the file itself into the project".to_owned(),
            SealError::AbsoluteLink { .. } => {
                "write the link relative to where it is, if it leads to a file of the project".to_owned()
            }
            SealError::Special { .. } => "take it out of the project".to_owned(),
            SealError::Name { .. } => "rename it".to_owned(),
            SealError::NoSeal { .. } => {
                "`xbuild doctor` says what this host allows; --seal=auto takes the strongest that works"
                    .to_owned()
            }
            SealError::Fs(error) => error.next_step(),
        }
    }
}
