//! Files of checksums: `sha256sum -c` and `b3sum -c` accept them, from inside dist/.

use crate::model::{Artifact, ArtifactKind};

/// The hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// SHA-256.
    Sha256,
    /// BLAKE3-256.
    Blake3,
}

/// The lines for what a release ships: every package, and each program that no package holds.
pub fn checksums(artifacts: &[Artifact], function: Function) -> String {
    let packaged = |program: &Artifact| {
        artifacts.iter().any(|package| {
            package.kind == ArtifactKind::Archive
                && package.target == program.target
                && program.binaries.iter().all(|name| package.binaries.contains(name))
        })
    };
    let mut lines: Vec<(&str, &str)> = artifacts
        .iter()
        .filter(|artifact| match artifact.kind {
            ArtifactKind::Archive => true,
            ArtifactKind::Binary => !packaged(artifact),
            ArtifactKind::Checksum => false,
        })
        .map(|artifact| {
            let sum = match function {
                Function::Sha256 => &artifact.digest.sha256,
                Function::Blake3 => &artifact.digest.blake3,
            };
            (artifact.path.as_str(), sum.as_str())
        })
        .collect();
    lines.sort_unstable();
    // Two spaces: the file is read as it is, byte for byte.
    lines.into_iter().map(|(path, sum)| format!("{sum}  {path}\n")).collect()
}
