//! artifacts.json: one object per file, in the words that readers of Go releases know.

use std::collections::BTreeMap;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Artifact, ArtifactKind, Digest, Proof, SealLevel, Target};

/// One object of artifacts.json.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// File name.
    pub name: String,
    /// Path with dist/'s own name in front.
    pub path: String,
    /// GOOS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goos: Option<String>,
    /// GOARCH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goarch: Option<String>,
    /// The variant that the target names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// `linux_amd64_v3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// `Binary`, `Archive`, `Checksum`.
    #[serde(rename = "type")]
    pub kind: String,
    /// ID, Binary or Binaries, Format, Checksum, BLAKE3, Size, Ext.
    #[serde(default)]
    pub extra: BTreeMap<String, Value>,
}

impl ArtifactRecord {
    /// The record of an artifact; `dist` is the name that dist/ has in paths.
    pub fn of(artifact: &Artifact, dist: &str) -> Self {
        let mut extra = BTreeMap::from([
            ("Checksum".to_owned(), format!("sha256:{}", artifact.digest.sha256).into()),
            ("BLAKE3".to_owned(), artifact.digest.blake3.clone().into()),
            ("Size".to_owned(), artifact.digest.size.into()),
        ]);
        if !artifact.id.is_empty() {
            extra.insert("ID".to_owned(), artifact.id.clone().into());
        }
        match artifact.kind {
            ArtifactKind::Binary => {
                extra.insert("Binary".to_owned(), artifact.binaries.concat().into());
                extra.insert(
                    "Ext".to_owned(),
                    artifact.target.as_ref().map_or("", Target::executable_suffix).into(),
                );
                extra.insert("Format".to_owned(), "binary".into());
            }
            ArtifactKind::Archive => {
                extra.insert("Binaries".to_owned(), artifact.binaries.clone().into());
                extra.insert("Format".to_owned(), artifact.format.clone().into());
            }
            ArtifactKind::Checksum => {}
        }
        if let Some(seal) = artifact.seal {
            extra.insert("Seal".to_owned(), seal.as_str().into());
        }
        if let Some(vendor) = artifact.vendor {
            extra.insert("Vendor".to_owned(), vendor.as_str().into());
        }
        let target = artifact.target.as_ref();
        ArtifactRecord {
            name: artifact.name.clone(),
            path: format!("{dist}/{}", artifact.path),
            goos: target.map(|target| target.os.clone()),
            goarch: target.map(|target| target.arch.clone()),
            variant: target.and_then(|target| target.variant.clone()),
            target: target.map(Target::file_stem),
            kind: artifact.kind.as_str().to_owned(),
            extra,
        }
    }

    /// The path below dist/; `None` when the record points anywhere else.
    pub(super) fn path_below(&self, dist: &str) -> Option<Utf8PathBuf> {
        let path = Utf8Path::new(self.path.strip_prefix(dist)?.strip_prefix('/')?);
        let plain = path.components().all(|part| matches!(part, Utf8Component::Normal(_)));
        (plain && !path.as_str().is_empty()).then(|| path.to_owned())
    }

    /// The artifact that a record of an earlier run speaks of; `None` for checksum files, which are made anew, and
    /// for records that say too little.
    pub(super) fn to_artifact(&self, dist: &str) -> Option<Artifact> {
        let kind = [ArtifactKind::Binary, ArtifactKind::Archive]
            .into_iter()
            .find(|kind| kind.as_str() == self.kind)?;
        let text = |key: &str| self.extra.get(key).and_then(Value::as_str);
        let binaries = match self.extra.get("Binaries").and_then(Value::as_array) {
            Some(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => vec![text("Binary")?.to_owned()],
        };
        let pair = Target::new(self.goos.clone()?, self.goarch.clone()?);
        let target = match &self.variant {
            Some(variant) => pair.with_variant(variant).ok()?,
            None => pair,
        };
        let format = match kind {
            ArtifactKind::Archive => text("Format")?.to_owned(),
            ArtifactKind::Binary | ArtifactKind::Checksum => String::new(),
        };
        Some(Artifact {
            kind,
            name: self.name.clone(),
            path: self.path_below(dist)?,
            staged: None,
            target: Some(target),
            id: text("ID")?.to_owned(),
            binaries,
            format,
            // One that does not say is taken for the weakest.
            seal: Some(text("Seal").and_then(SealLevel::parse).unwrap_or(SealLevel::Env)),
            vendor: Some(text("Vendor").and_then(Proof::parse).unwrap_or(Proof::Unverified)),
            digest: Digest {
                blake3: text("BLAKE3")?.to_owned(),
                sha256: text("Checksum")?.strip_prefix("sha256:")?.to_owned(),
                size: self.extra.get("Size").and_then(Value::as_u64)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact() -> Artifact {
        Artifact {
            kind: ArtifactKind::Archive,
            name: "a_1_linux_armv7.tar.gz".to_owned(),
            path: "a_1_linux_armv7.tar.gz".into(),
            staged: None,
            target: Some(Target::parse("linux/arm/7").unwrap()),
            id: "archive".to_owned(),
            binaries: vec!["a".to_owned(), "b".to_owned()],
            format: "tar.gz".to_owned(),
            seal: Some(SealLevel::Landlock),
            vendor: None,
            digest: Digest::of_bytes(b"x"),
        }
    }

    #[test]
    fn a_record_and_back() {
        let artifact = artifact();
        let record = ArtifactRecord::of(&artifact, "dist");
        let text = serde_json::to_string(&record).unwrap();
        let back: ArtifactRecord = serde_json::from_str(&text).unwrap();
        let back = back.to_artifact("dist").unwrap();
        assert_eq!(back.seal, artifact.seal);
        assert_eq!((back.path, back.target, back.digest), (artifact.path, artifact.target, artifact.digest));
        assert_eq!((back.binaries, back.format, back.id), (artifact.binaries, artifact.format, artifact.id));
    }

    #[test]
    fn records_never_point_outside() {
        let mut record = ArtifactRecord::of(&artifact(), "dist");
        for path in
            ["dist/../x", "dist//etc/passwd", "/etc/passwd", "dist/", "dist", "distx/y", "dist/a/../../b"]
        {
            record.path = path.to_owned();
            assert_eq!(record.path_below("dist"), None, "{path}");
        }
    }
}
