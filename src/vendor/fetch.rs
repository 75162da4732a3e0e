//! Makes the tree, or finds the one made before.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde::Serialize;

use super::complete::Completed;
use super::consistency::{ModulesTxt, disagreements};
use super::error::VendorError;
use super::go_source;
use super::install::{verify_own, verify_tree};
use super::lock::LOCK_NAME;
use super::make::make;
use super::verify::{Finding, Subject, Verified};
use super::source::{configured, file_url, holds, local_proxies};
use crate::cancel::Cancel;
use crate::fs::{self, EntryKind};
use crate::model::{GoMod, ModuleVersion, Sdk};
use crate::process::Process;
use crate::toolchain::environment;

/// Goes into every key, so that a change of the rules below makes new trees.
const LAYOUT: &str = "vendor-v1";

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

/// What is known of the files of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// There are none.
    NotNeeded,
    /// Each is what go.sum says.
    Verified,
    /// There is no vendor.lock to prove it with.
    Unverified,
}

/// A vendor tree that agrees with go.mod.
#[derive(Debug, Clone, Serialize)]
pub struct VendorTree {
    /// Where it came from.
    pub origin: VendorOrigin,
    /// What is known of its files.
    pub proof: Proof,
    /// The tree; `None` where the project has its own or needs none.
    pub dir: Option<Utf8PathBuf>,
    /// The modules in it.
    pub modules: Vec<ModuleVersion>,
    /// What `go mod vendor` had left out, where the tree was made now.
    pub completed: Vec<Completed>,
    /// What was verified, and what that took.
    #[serde(skip)]
    pub verified: Option<Verified>,
}

/// Finds or makes the tree, and verifies it as far as there is a lock.
pub fn prepare(request: &VendorRequest<'_>, sdk: &Sdk, cancel: &Cancel) -> Result<VendorTree, VendorError> {
    refuse_absolute(request.go_mod)?;
    match own_tree(request)? {
        Some(tree) => Ok(tree),
        None if request.go_mod.requires.is_empty() => Ok(VendorTree {
            origin: VendorOrigin::NotNeeded,
            proof: Proof::NotNeeded,
            dir: None,
            modules: Vec::new(),
            completed: Vec::new(),
            verified: None,
        }),
        None => stored_tree(request, sdk, cancel),
    }
}

/// Go stamps the path into the program, also when vendor/ holds the module.
pub(super) fn refuse_absolute(go_mod: &GoMod) -> Result<(), VendorError> {
    let mut local = go_mod.replaces.iter().filter(|replace| replace.is_local());
    match local.find(|replace| Utf8Path::new(&replace.with).is_absolute()) {
        Some(replace) => {
            let (module, with) = (replace.path.clone(), replace.with.clone());
            Err(VendorError::AbsoluteReplace { module, with })
        }
        None => Ok(()),
    }
}

/// The bytes of a file of the project that must be a regular one; `None` where there is nothing.
pub(super) fn regular(path: &Utf8Path, name: &str) -> Result<Option<Vec<u8>>, VendorError> {
    match fs::lstat(path)? {
        None => Ok(None),
        Some(metadata) if metadata.is_file() => Ok(Some(fs::read(path)?)),
        Some(_) => {
            let finding = Finding { path: name.to_owned(), cause: "it is no regular file".to_owned() };
            let dir = path.as_str().strip_suffix(name).unwrap_or_default().trim_end_matches('/');
            Err(VendorError::Changed { dir: dir.into(), findings: vec![finding] })
        }
    }
}

/// The project's vendor/modules.txt.
pub(super) fn own_modules(request: &VendorRequest<'_>) -> Result<Option<String>, VendorError> {
    const NAME: &str = "vendor/modules.txt";
    let Some(bytes) = regular(&request.dir.join(NAME), NAME)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| {
        let finding = Finding { path: NAME.to_owned(), cause: "it is not UTF-8".to_owned() };
        VendorError::Changed { dir: request.dir.to_owned(), findings: vec![finding] }
    })
}

/// The project's go.sum; nothing where there is none.
pub(super) fn go_sum(request: &VendorRequest<'_>) -> Result<String, VendorError> {
    let bytes = regular(&request.dir.join("go.sum"), "go.sum")?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The project's own vendor/, if it has one.
fn own_tree(request: &VendorRequest<'_>) -> Result<Option<VendorTree>, VendorError> {
    let own = request.dir.join("vendor");
    let lock = regular(&request.dir.join(LOCK_NAME), LOCK_NAME)?;
    let modules_txt = own_modules(request)?;
    // Version control that leaves vendor/ out may keep the lock: the tree then comes from the store.
    let there = if lock.is_some() { fs::lstat(&own)?.is_some() } else { own.is_dir() };
    if !there || (request.go_mod.requires.is_empty() && lock.is_none() && fs::walk(&own, |_| false)?.is_empty()) {
        return Ok(None);
    }
    let listed = ModulesTxt::parse(&modules_txt.unwrap_or_default());
    let points = disagreements(request.go_mod, &listed);
    if !points.is_empty() {
        return Err(VendorError::Inconsistent { vendor: own, points });
    }
    let verified = match lock {
        Some(lock) => Some(verify_own(request, &lock)?),
        None if request.require_lock => {
            return Err(VendorError::NoLock { dir: request.dir.to_owned(), vendor: true });
        }
        None => None,
    };
    Ok(Some(VendorTree {
        origin: VendorOrigin::Project,
        proof: if verified.is_some() { Proof::Verified } else { Proof::Unverified },
        dir: None,
        modules: listed.modules,
        completed: Vec::new(),
        verified,
    }))
}

/// The tree of the store, made now where there is none that is as it was made.
fn stored_tree(request: &VendorRequest<'_>, sdk: &Sdk, cancel: &Cancel) -> Result<VendorTree, VendorError> {
    let store = request.cache_dir.join(LAYOUT);
    let entry = store.join(key(request, sdk)?);
    let tree = |origin, completed, modules_txt: &str, verified| VendorTree {
        origin,
        proof: Proof::Verified,
        dir: Some(entry.join("vendor")),
        modules: ModulesTxt::parse(modules_txt).modules,
        completed,
        verified: Some(verified),
    };
    if let Ok((modules_txt, verified)) = verify_stored(&entry, request) {
        return Ok(tree(VendorOrigin::Cache, Vec::new(), &modules_txt, verified));
    }
    let origin = if request.online { VendorOrigin::Online } else { VendorOrigin::Local };
    let work = fs::temporary_dir(&store, "new-")?;
    let fresh = work.path().join("entry");
    fs::create_dir_all(&fresh)?;
    let made = make(&fresh, request, sdk, cancel)?;
    // Another process may have made the same tree meanwhile, and be building from it.
    let (modules_txt, verified) = match verify_stored(&entry, request) {
        Ok(theirs) => theirs,
        Err(_) => {
            fs::replace_dir(&fresh, &entry, &work.path().join("old"))?;
            verify_stored(&entry, request)?
        }
    };
    Ok(tree(origin, made.completed, &modules_txt, verified))
}

/// Holds a tree of the store against its lock and the project's go.sum.
fn verify_stored(entry: &Utf8Path, request: &VendorRequest<'_>) -> Result<(String, Verified), VendorError> {
    let lock = fs::read(&entry.join(LOCK_NAME))?;
    let modules_txt = fs::read_text(&entry.join("vendor/modules.txt"))?;
    let go_sum = go_sum(request)?;
    // The key covers what is in the directories of local replaces.
    let subject = Subject { root: entry, lock: &lock, modules_txt: &modules_txt, go_sum: &go_sum, locals: None };
    let verified = verify_tree(request.cache_dir, &subject)?;
    Ok((modules_txt, verified))
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
