//! dist/: staged beside, then renamed in, file by file.
//!
//! Takes the artifacts of a run; leaves a dist/ whose artifacts.json, metadata.json and checksum files speak of
//! exactly the files that are there. A file whose bytes did not change keeps its times. Files that xbuild did not
//! write are never touched.

mod dist;
mod metadata;
mod record;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

pub use dist::Dist;
pub use metadata::{Metadata, MetadataInputs, VendorMetadata};
pub use record::ArtifactRecord;

use crate::attest::{Function, checksums};
use crate::fs::{self, FsError};
use crate::model::{Artifact, ArtifactKind, Digest, Target};

/// What a run publishes.
pub struct Publication<'p> {
    /// The directory.
    pub dist: &'p Dist,
    /// Its name in artifacts.json: relative to the project where it lies inside.
    pub shown_as: &'p str,
    /// `{project}_{version}`, the start of the checksum files' names.
    pub stem: &'p str,
    /// New artifacts.
    pub artifacts: Vec<Artifact>,
    /// The programs of this run, by target and build id: what dist/ held of them and of their targets' packages is
    /// replaced, or gone where it failed.
    pub programs: &'p [(Target, String)],
    /// Whether the run covers the whole project; otherwise the artifacts of other programs stay when they are of the
    /// same version, commit, date and SDK and their bytes are what was recorded.
    pub complete: bool,
    /// metadata.json.
    pub metadata: &'p Metadata,
}

/// The list of everything that dist/ holds now.
#[derive(Debug)]
pub struct Published {
    /// In the order of artifacts.json.
    pub records: Vec<ArtifactRecord>,
}

/// Publishes.
pub fn publish(publication: Publication<'_>) -> Result<Published, FsError> {
    let dist = publication.dist.dir();
    // Another xbuild may publish other targets here: lists are read, merged and written by one at a time.
    fs::create_dir_all(dist)?;
    let _lock = fs::lock_dir(dist)?;
    let previous = read_records(&dist.join("artifacts.json"))?;
    let mut artifacts = publication.artifacts;
    if !publication.complete && metadata::same_release(&dist.join("metadata.json"), publication.metadata)? {
        let others = previous.iter().filter_map(|record| record.to_artifact(publication.shown_as));
        let others: Vec<Artifact> = others.filter(|old| !is_replaced(old, publication.programs)).collect();
        let there = publication.dist.have(&listed(&others))?;
        artifacts.extend(others.into_iter().zip(there).filter(|(_, there)| *there).map(|(old, _)| old));
    }
    let kept = artifacts.iter().filter(|artifact| artifact.staged.is_none());
    let metadata = publication.metadata.with(kept);
    artifacts.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    let mut sums = Vec::new();
    for (function, name) in [(Function::Sha256, "checksums.txt"), (Function::Blake3, "checksums_blake3.txt")]
    {
        let name = format!("{}_{name}", publication.stem);
        let text = checksums(&artifacts, function);
        sums.push((
            text.clone(),
            Artifact {
                kind: ArtifactKind::Checksum,
                path: Utf8PathBuf::from(&name),
                name,
                staged: None,
                target: None,
                id: String::new(),
                binaries: Vec::new(),
                format: String::new(),
                seal: None,
                vendor: None,
                digest: Digest::of_bytes(text.as_bytes()),
            },
        ));
    }
    let lists = sums.iter().map(|(_, artifact)| artifact);
    let records: Vec<ArtifactRecord> = artifacts
        .iter()
        .chain(lists)
        .map(|artifact| ArtifactRecord::of(artifact, publication.shown_as))
        .collect();
    // The order makes every moment honest: nothing stale is there beside newer lists, and no program is there before
    // the SDK that made it is on record.
    let kept: BTreeSet<&str> = records.iter().map(|record| record.path.as_str()).collect();
    for old in previous.iter().filter(|old| !kept.contains(old.path.as_str())) {
        if let Some(path) = old.path_below(publication.shown_as) {
            remove(dist, &path)?;
        }
    }
    fs::write_atomic(&dist.join("metadata.json"), json(&metadata).as_bytes())?;
    // A file that is there with the same bytes keeps its times.
    let there = publication.dist.have(&listed(&artifacts))?;
    let mut fresh = Vec::new();
    for (artifact, there) in artifacts.iter().zip(there) {
        match &artifact.staged {
            Some(staged) if !there => put(staged, &dist.join(&artifact.path))?,
            _ => continue,
        }
        fresh.push((artifact.path.clone(), &artifact.digest));
    }
    for (text, artifact) in &sums {
        fs::write_atomic(&dist.join(&artifact.path), text.as_bytes())?;
    }
    fs::write_atomic(&dist.join("artifacts.json"), json(&records).as_bytes())?;
    publication.dist.remember(&fresh);
    Ok(Published { records })
}

fn json(value: &impl serde::Serialize) -> String {
    // Strings and maps with string keys only: this cannot fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A list that cannot be read is no list: nothing of it is kept and nothing of it is removed.
fn read_records(path: &Utf8Path) -> Result<Vec<ArtifactRecord>, FsError> {
    let text = fs::read_text_if_present(path)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Whether the run has made, or failed to make, what an artifact of an earlier one was.
fn is_replaced(old: &Artifact, programs: &[(Target, String)]) -> bool {
    let Some(target) = &old.target else { return true };
    programs
        .iter()
        .any(|(built, id)| built.builds_like(target) && (old.kind != ArtifactKind::Binary || *id == old.id))
}

fn listed(artifacts: &[Artifact]) -> Vec<(Utf8PathBuf, &Digest)> {
    artifacts.iter().map(|artifact| (artifact.path.clone(), &artifact.digest)).collect()
}

/// Not synced: what a power cut tears, the checksums tell and the store brings back, and to wait for the disk would cost
/// more than everything else that a run without changes does.
fn put(staged: &Utf8Path, to: &Utf8Path) -> Result<(), FsError> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::rename(staged, to)
}

fn remove(dist: &Utf8Path, path: &Utf8Path) -> Result<(), FsError> {
    fs::remove_file(&dist.join(path))?;
    if let Some(parent) = path.parent().filter(|parent| !parent.as_str().is_empty()) {
        fs::remove_dir_if_empty(&dist.join(parent));
    }
    Ok(())
}
