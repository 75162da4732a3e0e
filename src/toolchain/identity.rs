//! Which SDK it was, by content.

use rayon::prelude::*;
use serde::Serialize;

use crate::fs::{self, EntryKind};
use crate::model::Sdk;

/// An SDK's version and the digest of what it runs.
#[derive(Debug, Clone, Serialize)]
pub struct SdkIdentity {
    /// As the SDK writes it.
    pub version: String,
    /// GOHOSTOS/GOHOSTARCH.
    pub host: String,
    /// BLAKE3 over the sorted lines `blake3  path` of VERSION, go.env, bin/ and pkg/tool/, hexadecimal.
    pub tools_blake3: String,
}

/// Reads and hashes the SDK's tools, in parallel. The paths are relative, so the digest does not depend on
/// where the SDK lies.
pub fn identify(sdk: &Sdk) -> fs::Result<SdkIdentity> {
    let root = &sdk.goroot;
    let mut paths = vec!["VERSION".into(), "go.env".into()];
    for dir in ["bin", "pkg/tool"] {
        let found = fs::walk(&root.join(dir), |_| false)?;
        let files = found.into_iter().filter(|(_, kind)| *kind != EntryKind::Special);
        paths.extend(files.map(|(path, _)| camino::Utf8Path::new(dir).join(path)));
    }
    paths.retain(|path: &camino::Utf8PathBuf| root.join(path).is_file());
    paths.sort();
    let lines: Vec<String> = paths
        .par_iter()
        .map(|path| {
            let full = root.join(path);
            let mut hasher = blake3::Hasher::new();
            fs::context(hasher.update_reader(fs::open(&full)?), "read", &full)?;
            Ok(format!("{}  {}\n", hasher.finalize().to_hex(), path.as_str().replace('\\', "/")))
        })
        .collect::<fs::Result<_>>()?;
    Ok(SdkIdentity {
        version: sdk.version_text.clone(),
        host: sdk.host().to_string(),
        tools_blake3: blake3::hash(lines.concat().as_bytes()).to_hex().to_string(),
    })
}
