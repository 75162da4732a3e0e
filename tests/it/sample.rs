//! The sample, from the repository's own targets.toml, with and without a network.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::Call;

fn build(dist: &Path, offline: bool) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let args = ["--dist", dist.to_str().unwrap(), "--json"];
    let call = if offline { Call::without_network(root, &args) } else { Call::new(root, &args) };
    let outcome = call.ok();
    let artifacts: Vec<serde_json::Value> = serde_json::from_str(&outcome.stdout).unwrap();
    let sum = |artifact: &serde_json::Value| artifact["extra"]["Checksum"].as_str().unwrap().to_owned();
    artifacts
        .iter()
        .map(|artifact| (artifact["name"].to_string() + &artifact["path"].to_string(), sum(artifact)))
        .collect()
}

#[test]
fn twelve_targets_and_the_same_bytes_without_a_network() {
    let dir = tempfile::tempdir().unwrap();
    let dist = dir.path().join("dist");
    let first = build(&dist, false);
    let programs = first
        .keys()
        .filter(|name| !name.contains("tar.gz") && !name.contains("zip") && !name.contains("checksums"));
    assert!(programs.count() >= 12, "{first:#?}");
    std::fs::remove_dir_all(&dist).unwrap();
    assert_eq!(build(&dist, true), first);
}
