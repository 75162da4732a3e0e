//! Makes a tree and the lock that belongs to it.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::complete::{Completed, complete};
use super::consistency::ModulesTxt;
use super::contents::Contents;
use super::error::VendorError;
use super::fetch::{VendorRequest, vendor_into};
use super::inputs::go_sum;
use super::lock::{LOCK_NAME, LockedFile, LockedModule, VendorLock};
use super::owner::{Owners, relative};
use super::source::{find, own_downloads};
use super::verify::{Finding, Subject, below_vendor, vendored, verify};
use crate::cancel::Cancel;
use crate::fs;
use crate::model::{Digest, ModuleVersion, Sdk, hex};
use crate::stat_index::{Found, StatIndex};
use crate::toolchain::environment::MODULE_CACHE;

/// A tree that was made.
pub(super) struct Made {
    /// Whether there is one: without a required module `go mod vendor` writes nothing, `go work vendor` an empty list.
    pub(super) any: bool,
    /// What `go mod vendor` had left out.
    pub(super) completed: Vec<Completed>,
}

/// Makes `root/vendor` and `root/vendor.lock`. What comes back without an error has passed every check of a build.
pub(super) fn make(
    root: &Utf8Path,
    request: &VendorRequest<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<Made, VendorError> {
    let tree = root.join("vendor");
    vendor_into(&tree, request, sdk, cancel)?;
    let Some(modules_txt) = fs::read_text_if_present(&tree.join("modules.txt"))? else {
        return Ok(Made { any: false, completed: Vec::new() });
    };
    let listed = ModulesTxt::parse(&modules_txt);
    if listed.modules.is_empty() {
        return Ok(Made { any: false, completed: Vec::new() });
    }
    let downloads = [own_downloads(request.cache_dir)];
    let modules = contents(request.dir(), &listed, &downloads)?;
    let mut completed = Vec::new();
    let owners = Owners::of(&listed);
    for (module, contents) in &modules {
        completed.extend(complete(&tree, module, &owners.packages_of(module), contents)?);
    }
    write_lock(root, request, &modules_txt, &modules).map_err(|error| match error {
        // Go unpacks a zip once, and reads what it unpacked ever after without hashing it.
        VendorError::Changed { findings, .. } => {
            VendorError::Unpacked { dir: request.cache_dir.join(MODULE_CACHE), findings }
        }
        error => error,
    })?;
    Ok(Made { any: true, completed })
}

/// Where the files of each module with packages are.
pub(super) fn contents(
    dir: &Utf8Path,
    listed: &ModulesTxt,
    proxies: &[String],
) -> Result<BTreeMap<ModuleVersion, Contents>, VendorError> {
    let (mut contents, mut missing) = (BTreeMap::new(), Vec::new());
    for module in Owners::of(listed).modules() {
        let source = match listed.replacement(module) {
            Some((with, None)) => {
                contents.insert(module.clone(), Contents::Dir(dir.join(with)));
                continue;
            }
            Some((path, Some(version))) => ModuleVersion { path: path.clone(), version: version.clone() },
            None => module.clone(),
        };
        match find(proxies, &source, "zip") {
            Some(path) => drop(contents.insert(module.clone(), Contents::zip(path, &source))),
            None => missing.push(source),
        }
    }
    if missing.is_empty() {
        return Ok(contents);
    }
    Err(VendorError::Missing { dir: dir.to_owned(), modules: missing, looked_in: proxies.to_vec() })
}

/// Makes the lock of `root/vendor` from the modules' files, and writes it when everything agrees with go.sum.
pub(super) fn write_lock(
    root: &Utf8Path,
    request: &VendorRequest<'_>,
    modules_txt: &str,
    modules: &BTreeMap<ModuleVersion, Contents>,
) -> Result<(), VendorError> {
    let listed = ModulesTxt::parse(modules_txt);
    let mut locked: BTreeMap<ModuleVersion, LockedModule> = BTreeMap::new();
    for (module, contents) in modules {
        let mut one = LockedModule {
            module: module.clone(),
            replacement: listed.replacement(module).cloned(),
            sum: None,
            files: contents.hash()?,
        };
        one.sum = one.computed_sum();
        locked.insert(module.clone(), one);
    }
    let mut index = StatIndex::open(request.cache_dir, root);
    mark(root, &listed, &mut locked, &mut index)?;
    let lock = VendorLock {
        modules_txt: Digest::of_bytes(modules_txt.as_bytes()).sha256,
        modules: locked.into_values().collect(),
    };
    let text = lock.to_string();
    let go_sum = go_sum(request.modules)?;
    let subject = Subject { root, lock: text.as_bytes(), modules_txt, go_sum: &go_sum, locals: None };
    verify(&subject, &mut index)?;
    Ok(fs::write_atomic(&root.join(LOCK_NAME), text.as_bytes())?)
}

/// Marks what is in vendor/. A directory's list is made from what was copied from it.
fn mark(
    root: &Utf8Path,
    listed: &ModulesTxt,
    locked: &mut BTreeMap<ModuleVersion, LockedModule>,
    index: &mut StatIndex,
) -> Result<(), VendorError> {
    let owners = Owners::of(listed);
    let mut findings = Vec::new();
    let paths = vendored(root)?;
    for (whole, found) in paths.iter().zip(index.look_up(&paths)?) {
        let path = below_vendor(whole);
        let mut add = |cause: &str| {
            findings.push(Finding { path: whole.to_string(), cause: cause.to_owned() });
        };
        let Found::File(facts) = found else {
            add("it is no regular file");
            continue;
        };
        let sha256 = hex(&facts.sha256);
        let mut cause = "no module that is vendored has its directory";
        let placed = owners.of_file(path).into_iter().any(|owner| {
            let (Some(module), Some(path)) = (locked.get_mut(owner), relative(owner, path)) else {
                return false;
            };
            if module.source().is_none() {
                let file = LockedFile { vendored: true, sha256: sha256.clone(), path: path.to_owned() };
                module.files.push(file);
                return true;
            }
            let line = module.files.binary_search_by(|file| file.path.as_str().cmp(path));
            match line.ok().and_then(|line| module.files.get_mut(line)) {
                Some(file) if file.sha256 == sha256 => {
                    file.vendored = true;
                    true
                }
                Some(_) => {
                    cause = "its bytes are not those of the module's zip";
                    false
                }
                None => {
                    cause = "the module's zip has no such file";
                    false
                }
            }
        });
        if !placed {
            add(cause);
        }
    }
    if !findings.is_empty() {
        return Err(VendorError::Changed { dir: root.to_owned(), findings });
    }
    for module in locked.values_mut().filter(|module| module.sum.is_none()) {
        module.files.sort_by(|a, b| a.path.cmp(&b.path));
    }
    Ok(())
}
