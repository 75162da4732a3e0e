//! What a run publishes, in the words of artifacts.json.

use camino::Utf8PathBuf;
use serde::Serialize;

use super::{Digest, Proof, SealLevel, Target};

/// What an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ArtifactKind {
    /// A program, as `go build` wrote it.
    Binary,
    /// A package made by a recipe.
    Archive,
    /// A file of checksums.
    Checksum,
}

impl ArtifactKind {
    /// The word in artifacts.json.
    pub fn as_str(self) -> &'static str {
        match self {
            ArtifactKind::Binary => "Binary",
            ArtifactKind::Archive => "Archive",
            ArtifactKind::Checksum => "Checksum",
        }
    }
}

/// One file of dist/.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// What it is.
    pub kind: ArtifactKind,
    /// File name.
    pub name: String,
    /// Path below dist/.
    pub path: Utf8PathBuf,
    /// Where the bytes are staged until they are published; `None` when they are in dist/ already.
    pub staged: Option<Utf8PathBuf>,
    /// What it was built for; `None` for files about all targets.
    pub target: Option<Target>,
    /// The build's id, or the recipe's name for a package.
    pub id: String,
    /// Names of the programs inside.
    pub binaries: Vec<String>,
    /// `tar.gz`, `zip`; empty for a program.
    pub format: String,
    /// How strongly the step was shut in that made it, or the weakest of those inside; `None` for lists.
    pub seal: Option<SealLevel>,
    /// What was known of the vendored files that are inside; `None` for lists.
    pub vendor: Option<Proof>,
    /// Digest of the bytes.
    pub digest: Digest,
}
