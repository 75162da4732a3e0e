//! Runs `go mod vendor`, the one step that may fetch.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde::Serialize;

use super::error::VendorError;
use super::source::{configured, file_url, holds, local_proxies};
use crate::cancel::Cancel;
use crate::model::{GoMod, ModuleVersion, Sdk};
use crate::process::Process;
use crate::toolchain::environment;

/// What is to be vendored, and from where.
pub struct VendorRequest<'r> {
    /// The module's directory.
    pub dir: &'r Utf8Path,
    /// Its go.mod, read.
    pub go_mod: &'r GoMod,
    /// The store.
    pub cache_dir: &'r Utf8Path,
    /// Whether the configured GOPROXY may be asked.
    pub online: bool,
    /// Whether a vendor/ without a vendor.lock is refused.
    pub require_lock: bool,
    /// The user's environment: where the module cache is, which GOPROXY is configured and, online, how the user
    /// authenticates.
    pub host_env: &'r BTreeMap<String, String>,
}

/// Where a tree came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VendorOrigin {
    /// The project requires no module.
    NotNeeded,
    /// The project's own vendor/.
    Project,
    /// Made by an earlier run.
    Cache,
    /// Made now, from what is on this host.
    Local,
    /// Made now, with the configured GOPROXY.
    Online,
}

/// Runs `go mod vendor` with a module cache of our own.
pub(super) fn vendor_into(
    tree: &Utf8Path,
    request: &VendorRequest<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<(), VendorError> {
    let (module_cache, goproxy) = configured(sdk, request.host_env, cancel)?;
    let local = local_proxies(&module_cache, &goproxy);
    let mut proxies = vec![file_url(&request.cache_dir.join("gomodcache-v0/cache/download"))];
    proxies.extend(local.iter().cloned());
    proxies.push(if request.online { goproxy } else { "off".to_owned() });
    let mut env = environment::sealed(sdk, request.cache_dir);
    if request.online {
        // The user's own git, netrc and GOPRIVATE set-up decides how modules are reached; what decides which
        // bytes come out stays ours.
        let reach =
            ["GOENV", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOSUMDB", "GOVCS", "GOAUTH", "PATH", "GODEBUG"];
        env.retain(|name, _| !reach.contains(&name.as_str()));
        for (name, value) in request.host_env {
            env.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    env.insert("GOPROXY".to_owned(), proxies.join(","));
    env.insert("GOFLAGS".to_owned(), "-mod=readonly -modcacherw".to_owned());
    let process = Process {
        program: sdk.go(),
        args: ["mod", "vendor", "-o", tree.as_str()].map(str::to_owned).to_vec(),
        env,
        dir: request.dir.to_owned(),
    };
    let ended = process.run(cancel)?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let message: String =
        said.lines().filter(|line| !line.starts_with("go: downloading ")).collect::<Vec<_>>().join("\n");
    if let Some(error) = message.lines().find_map(unmatched_embed) {
        return Err(error);
    }
    let missing: Vec<ModuleVersion> = request
        .go_mod
        .requires
        .iter()
        .filter_map(|module| match request.go_mod.replacement(module) {
            None => Some(module.clone()),
            Some(replace) => replace
                .with_version
                .clone()
                .map(|version| ModuleVersion { path: replace.with.clone(), version }),
        })
        .filter(|module| !holds(&proxies, module))
        .collect();
    if request.online || missing.is_empty() || message.contains("go.sum entry") {
        return Err(VendorError::Failed { dir: request.dir.to_owned(), message });
    }
    Err(VendorError::Missing { dir: request.dir.to_owned(), modules: missing, looked_in: local })
}

/// A `//go:embed` that matches nothing, in Go's words.
fn unmatched_embed(line: &str) -> Option<VendorError> {
    let (package, rest) = line.strip_prefix("go: resolving embeds in ")?.split_once(": pattern ")?;
    let pattern = rest.strip_suffix(": no matching files found")?;
    Some(VendorError::Embed { package: package.to_owned(), pattern: pattern.to_owned() })
}
