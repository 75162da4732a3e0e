//! Makes the tree, or finds the one made before.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde::Serialize;

use super::consistency::{ModulesTxt, disagreements};
use super::error::VendorError;
use super::go_source;
use super::online::{self, Fetching, Gather, Unfetched};
use super::source::{configured, holds, local_proxies, own_proxies};
use crate::cancel::Cancel;
use crate::fs::{self, EntryKind};
use crate::model::{GoMod, ModuleVersion, Sdk};
use crate::process::Process;
use crate::toolchain::{GoDirectories, environment};

/// Goes into every key, so that a change of the rules below makes new trees.
const LAYOUT: &str = "vendor-v0";

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
    /// The user's environment: where the module cache is, which GOPROXY is configured and, online, how the user
    /// authenticates.
    pub host_env: &'r BTreeMap<String, String>,
    /// Hears of each file that is fetched, from any thread.
    pub fetching: &'r (dyn Fn(&Fetching<'_>) + Sync),
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

/// A vendor tree that agrees with go.mod.
#[derive(Debug, Clone, Serialize)]
pub struct VendorTree {
    /// Where it came from.
    pub origin: VendorOrigin,
    /// The tree; `None` where the project has its own or needs none.
    pub dir: Option<Utf8PathBuf>,
    /// The modules in it.
    pub modules: Vec<ModuleVersion>,
}

/// Finds or makes the tree.
pub fn prepare(request: &VendorRequest<'_>, sdk: &Sdk, cancel: &Cancel) -> Result<VendorTree, VendorError> {
    // Go stamps the path into the program, also when vendor/ holds the module.
    let mut local = request.go_mod.replaces.iter().filter(|replace| replace.is_local());
    if let Some(replace) = local.find(|replace| Utf8Path::new(&replace.with).is_absolute()) {
        let (module, with) = (replace.path.clone(), replace.with.clone());
        return Err(VendorError::AbsoluteReplace { module, with });
    }
    let own = request.dir.join("vendor");
    let listed = fs::read_text_if_present(&own.join("modules.txt"))?;
    if listed.is_some() || own.is_dir() {
        let listed = ModulesTxt::parse(&listed.unwrap_or_default());
        let points = disagreements(request.go_mod, &listed);
        if !points.is_empty() {
            return Err(VendorError::Inconsistent { vendor: own, points });
        }
        return Ok(VendorTree { origin: VendorOrigin::Project, dir: None, modules: listed.modules });
    }
    if request.go_mod.requires.is_empty() {
        return Ok(VendorTree { origin: VendorOrigin::NotNeeded, dir: None, modules: Vec::new() });
    }
    let store = request.cache_dir.join(LAYOUT);
    let tree = store.join(key(request, sdk)?);
    let mut origin = VendorOrigin::Cache;
    if !tree.join("modules.txt").is_file() {
        origin = if request.online { VendorOrigin::Online } else { VendorOrigin::Local };
        let work = fs::temporary_dir(&store, "new-")?;
        let fresh = work.path().join("vendor");
        vendor_into(&fresh, request, sdk, cancel)?;
        // Another process may have made the same tree meanwhile: either is right.
        if let Err(error) = fs::rename(&fresh, &tree)
            && !tree.join("modules.txt").is_file()
        {
            return Err(error.into());
        }
    }
    let listed = ModulesTxt::parse(&fs::read_text(&tree.join("modules.txt"))?);
    Ok(VendorTree { origin, dir: Some(tree), modules: listed.modules })
}

/// Everything that decides what `go mod vendor` writes: the SDK, go.mod, go.sum, the head of every Go file of the
/// module, and whole the directories that a local `replace` brings in.
fn key(request: &VendorRequest<'_>, sdk: &Sdk) -> Result<String, VendorError> {
    let mut hasher = blake3::Hasher::new();
    let mut feed = |name: &str, bytes: &[u8]| {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    feed("layout", LAYOUT.as_bytes());
    feed("sdk", sdk.version_text.as_bytes());
    feed("go.mod", &fs::read(&request.dir.join("go.mod"))?);
    feed("go.sum", fs::read_text_if_present(&request.dir.join("go.sum"))?.unwrap_or_default().as_bytes());
    for (path, digest) in digests(request.dir, Extent::Headers)? {
        feed(path.as_str(), digest.as_bytes());
    }
    for replace in request.go_mod.replaces.iter().filter(|replace| replace.is_local()) {
        let dir = request.dir.join(&replace.with);
        if !dir.is_dir() {
            return Err(VendorError::NoReplacement {
                module: replace.path.clone(),
                with: replace.with.clone(),
            });
        }
        feed("replace", replace.with.as_bytes());
        for (path, digest) in digests(&dir, Extent::Whole)? {
            feed(path.as_str(), digest.as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

#[derive(Clone, Copy, PartialEq)]
enum Extent {
    Headers,
    Whole,
}

fn digests(dir: &Utf8Path, extent: Extent) -> fs::Result<Vec<(Utf8PathBuf, blake3::Hash)>> {
    let skip = |path: &Utf8Path| {
        let name = path.file_name().unwrap_or_default();
        name.starts_with(['.', '_']) || name == "testdata" || path.join("go.mod").is_file()
    };
    let found = fs::walk(dir, |path| extent == Extent::Headers && skip(path))?;
    let wanted: Vec<Utf8PathBuf> = found
        .into_iter()
        .filter(|(path, kind)| {
            *kind != EntryKind::Special && (extent == Extent::Whole || path.extension() == Some("go"))
        })
        .map(|(path, _)| path)
        .filter(|path| dir.join(path).is_file())
        .collect();
    wanted
        .into_par_iter()
        .map(|path| {
            let bytes = fs::read(&dir.join(&path))?;
            let bytes = if extent == Extent::Headers { go_source::header(&bytes) } else { &bytes };
            Ok((path, blake3::hash(bytes)))
        })
        .collect()
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
    let local = local_proxies(&configured.gomodcache, &configured.goproxy);
    let gather = Gather {
        dir: request.dir,
        cache_dir: request.cache_dir,
        local: &[own_proxies(request.cache_dir), local].concat(),
        configured: &configured,
        host_env: request.host_env,
        tell: request.fetching,
    };
    online::gather(&gather, sdk, cancel)
}

/// Runs `go mod vendor` with a module cache of our own.
fn vendor_into(
    tree: &Utf8Path,
    request: &VendorRequest<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<(), VendorError> {
    let configured = configured(sdk, request.host_env, cancel)?;
    let local = local_proxies(&configured.gomodcache, &configured.goproxy);
    let unfetched = if request.online { fetch_missing(request, sdk, cancel)? } else { Vec::new() };
    let mut proxies = [own_proxies(request.cache_dir), local.clone()].concat();
    proxies.push("off".to_owned());
    let mut env = environment::sealed(&GoDirectories::in_store(sdk, request.cache_dir));
    env.insert("GOPROXY".to_owned(), proxies.join(","));
    env.insert("GOFLAGS".to_owned(), "-mod=readonly -modcacherw".to_owned());
    let process = Process {
        program: sdk.go(),
        args: ["mod", "vendor", "-o", tree.as_str()].map(str::to_owned).to_vec(),
        env,
        dir: request.dir.to_owned(),
        input: None,
    };
    let ended = process.run(cancel)?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let message: String =
        said.lines().filter(|line| !line.starts_with("go: downloading ")).collect::<Vec<_>>().join("\n");
    let required: Vec<ModuleVersion> = request
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
        return Err(VendorError::Failed { dir: request.dir.to_owned(), message });
    }
    Err(VendorError::Missing { dir: request.dir.to_owned(), modules: missing, looked_in: local })
}
