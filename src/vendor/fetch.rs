//! Runs `go mod vendor`, the one step that may fetch.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::error::VendorError;
use super::inputs::go_sum;
use super::online::{self, Fetching, Gather, Unfetched};
use super::source::{Configured, configured, holds, own_proxies};
use crate::cancel::Cancel;
use crate::model::{ModuleVersion, Sdk};
use crate::module_set::{ModuleSet, Replacement};
use crate::process::Process;
use crate::toolchain::{GoDirectories, environment};

/// What is to be vendored, and from where.
pub struct VendorRequest<'r> {
    /// The project's modules.
    pub modules: &'r ModuleSet,
    /// The store.
    pub cache_dir: &'r Utf8Path,
    /// Whether the configured GOPROXY may be asked.
    pub online: bool,
    /// Whether a vendor/ without a vendor.lock is refused.
    pub require_lock: bool,
    /// The user's environment: where the module cache is, which GOPROXY is configured and, online, how the user
    /// authenticates.
    pub host_env: &'r BTreeMap<String, String>,
    /// Hears of each file that is fetched, from any thread.
    pub fetching: &'r (dyn Fn(&Fetching<'_>) + Sync),
}

impl VendorRequest<'_> {
    /// The directory in which vendor/ and vendor.lock lie.
    pub fn dir(&self) -> &Utf8Path {
        &self.modules.root
    }
}

/// Where a tree came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// Fetches what go.sum names and this host does not hold; returns what did not come. Nothing of the project is
/// written.
///
/// # Errors
/// A GOPROXY that is none, files that are not what go.sum says, a store that cannot be written.
pub fn fetch_missing(
    request: &VendorRequest<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<Vec<Unfetched>, VendorError> {
    let configured = configured(sdk, request.host_env, cancel)?;
    let local = configured.local_proxies();
    fetch_besides(&[own_proxies(request.cache_dir), local].concat(), &configured, request, sdk, cancel)
}

/// The same where it is known what this host holds, as `file://` trees.
fn fetch_besides(
    local: &[String],
    configured: &Configured,
    request: &VendorRequest<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<Vec<Unfetched>, VendorError> {
    let gather = Gather {
        modules: request.modules,
        go_sum: &go_sum(request.modules)?,
        cache_dir: request.cache_dir,
        local,
        configured,
        host_env: request.host_env,
        tell: request.fetching,
    };
    online::gather(&gather, sdk, cancel)
}

/// Runs `go mod vendor`, or `go work vendor`, with a module cache of our own.
pub(super) fn vendor_into(
    tree: &Utf8Path,
    request: &VendorRequest<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<(), VendorError> {
    let configured = configured(sdk, request.host_env, cancel)?;
    let local = configured.local_proxies();
    let proxies = [own_proxies(request.cache_dir), local.clone()].concat();
    let unfetched = match request.online {
        true => fetch_besides(&proxies, &configured, request, sdk, cancel)?,
        false => Vec::new(),
    };
    let dirs = GoDirectories::in_store(sdk, request.cache_dir, request.modules.work_file());
    let process = Process {
        program: sdk.go(),
        args: [request.modules.go_command(), "vendor", "-o", tree.as_str()].map(str::to_owned).to_vec(),
        env: environment::reading(&dirs, &proxies),
        dir: request.dir().to_owned(),
        input: None,
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
    let required: Vec<ModuleVersion> = request
        .modules
        .requires()
        .into_iter()
        .filter(|(module, _)| !request.modules.has(&module.path))
        .filter_map(|(module, _)| match request.modules.replacement(module) {
            None => Some(module.clone()),
            Some(Replacement { replace, .. }) => {
                replace.with_version.map(|version| ModuleVersion { path: replace.with, version })
            }
        })
        .collect();
    // What nothing needs may be missing: Go names what it wants, and go.mod what it is bound to want next.
    let needed = |module: &ModuleVersion| required.contains(module) || message.contains(&module.path);
    let unfetched: Vec<Unfetched> = unfetched.into_iter().filter(|file| needed(&file.module)).collect();
    if !unfetched.is_empty() {
        return Err(VendorError::Unfetched { files: unfetched });
    }
    let missing: Vec<ModuleVersion> =
        required.into_iter().filter(|module| !holds(&proxies, module, "zip")).collect();
    if request.online || missing.is_empty() || message.contains("go.sum entry") {
        let (command, dir) = (request.modules.go_command(), request.dir().to_owned());
        return Err(VendorError::Failed { command, dir, message });
    }
    Err(VendorError::Missing { dir: request.dir().to_owned(), modules: missing, looked_in: local })
}

/// A `//go:embed` that matches nothing, in Go's words.
fn unmatched_embed(line: &str) -> Option<VendorError> {
    let (package, rest) = line.strip_prefix("go: resolving embeds in ")?.split_once(": pattern ")?;
    let pattern = rest.strip_suffix(": no matching files found")?;
    Some(VendorError::Embed { package: package.to_owned(), pattern: pattern.to_owned() })
}
