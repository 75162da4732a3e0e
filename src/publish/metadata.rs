//! metadata.json: what the release is and how it was made.

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::fs::{self, FsError};
use crate::model::{Artifact, Blake3, ModuleVersion, Proof, SealLevel, Target};
use crate::plan::Plan;
use crate::toolchain::SdkIdentity;
use crate::vendor::{VendorOrigin, VendorTree};

/// The whole of metadata.json.
#[derive(Debug, Clone, Serialize)]
pub struct Metadata {
    project_name: String,
    tag: String,
    version: String,
    commit: String,
    date: String,
    dirty: bool,
    runtime: Runtime,
    xbuild: &'static str,
    sdk: SdkIdentity,
    seal: SealLevel,
    vendor: VendorMetadata,
    targets: Vec<Target>,
}

#[derive(Debug, Clone, Serialize)]
struct Runtime {
    goos: String,
    goarch: String,
}

/// Where the modules came from.
#[derive(Debug, Clone, Serialize)]
pub struct VendorMetadata {
    /// Which tree.
    pub origin: VendorOrigin,
    /// Whether every file was proven to be what go.sum says.
    pub proof: Proof,
    /// The modules in it.
    pub modules: Vec<ModuleVersion>,
}

/// What metadata is made from.
pub struct MetadataInputs<'m> {
    /// The plan.
    pub plan: &'m Plan,
    /// The SDK, by content.
    pub sdk: SdkIdentity,
    /// The vendor tree.
    pub vendor: &'m VendorTree,
    /// The seal that the executor kept.
    pub seal: SealLevel,
}

impl Metadata {
    /// Describes a run.
    pub fn of(inputs: MetadataInputs<'_>) -> Self {
        let MetadataInputs { plan, sdk, vendor, seal } = inputs;
        let version = &plan.project.version;
        Metadata {
            project_name: plan.project.name.clone(),
            tag: version.tag.clone(),
            version: version.version.clone(),
            commit: version.commit.clone(),
            date: version.date.clone(),
            dirty: version.dirty,
            runtime: Runtime { goos: plan.sdk.host_os.clone(), goarch: plan.sdk.host_arch.clone() },
            xbuild: env!("CARGO_PKG_VERSION"),
            sdk,
            seal,
            vendor: VendorMetadata {
                origin: vendor.origin,
                proof: vendor.proof,
                modules: vendor.modules.clone(),
            },
            targets: plan.targets.iter().map(|target| target.target.clone()).collect(),
        }
    }

    /// The same with artifacts of earlier runs: their targets, and their seal and proof where those were weaker.
    pub(super) fn with<'a>(&self, kept: impl IntoIterator<Item = &'a Artifact>) -> Self {
        let mut metadata = self.clone();
        for artifact in kept {
            metadata.seal = metadata.seal.min(artifact.seal.unwrap_or(SealLevel::Env));
            metadata.vendor.proof = metadata.vendor.proof.and(artifact.vendor.unwrap_or(Proof::Unverified));
            metadata.targets.extend(artifact.target.clone().filter(|target| !self.targets.contains(target)));
        }
        if metadata.targets.len() > self.targets.len() {
            metadata.targets.sort();
            metadata.targets.dedup();
        }
        metadata
    }
}

#[derive(Deserialize)]
struct Release {
    project_name: String,
    version: String,
    commit: String,
    date: String,
    #[serde(default)]
    dirty: bool,
    sdk: ReleaseSdk,
}

#[derive(Deserialize)]
struct ReleaseSdk {
    goroot_blake3: Blake3,
}

/// Whether an earlier metadata.json speaks of the same release: project, version, commit and date, made with the same
/// SDK. What another SDK made has no place beside a metadata.json that names this one.
pub(super) fn same_release(path: &Utf8Path, now: &Metadata) -> Result<bool, FsError> {
    let text = fs::read_text_if_present(path)?;
    let release = text.and_then(|text| serde_json::from_str::<Release>(&text).ok());
    Ok(release.is_some_and(|release| {
        release.project_name == now.project_name
            && release.version == now.version
            && release.commit == now.commit
            && release.date == now.date
            && release.dirty == now.dirty
            && release.sdk.goroot_blake3 == now.sdk.goroot_blake3
    }))
}
