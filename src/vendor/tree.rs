//! The tree that a build uses: the project's own, or one of the store, made where there is none.

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::complete::Completed;
use super::consistency::ModulesTxt;
use super::error::VendorError;
use super::fetch::{VendorOrigin, VendorRequest};
use super::inputs::{go_sum, own_modules, refuse_absolute, regular};
use super::install::{agree, verify_own, verify_tree};
use super::key::{LAYOUT, key};
use super::lock::LOCK_NAME;
use super::make::make;
use super::verify::{Subject, Verified};
use crate::cancel::Cancel;
use crate::fs;
use crate::model::{ModuleVersion, Proof, Sdk};

/// A vendor tree that agrees with go.mod, or go.work and the go.mod files of its modules.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    pub verified: Option<Verified>,
}

/// Finds or makes the tree, and verifies it as far as there is a lock.
pub fn prepare(request: &VendorRequest<'_>, sdk: &Sdk, cancel: &Cancel) -> Result<VendorTree, VendorError> {
    refuse_absolute(request.modules)?;
    match own_tree(request)? {
        Some(tree) => Ok(tree),
        None if request.modules.requires().is_empty() => Ok(VendorTree {
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

/// The project's own vendor/, if it has one.
fn own_tree(request: &VendorRequest<'_>) -> Result<Option<VendorTree>, VendorError> {
    let own = request.dir().join("vendor");
    let lock = regular(&request.dir().join(LOCK_NAME), LOCK_NAME)?;
    // Version control that leaves vendor/ out may keep the lock: the tree then comes from the store.
    let there = if lock.is_some() { fs::lstat(&own)?.is_some() } else { own.is_dir() };
    if !there
        || (request.modules.requires().is_empty() && lock.is_none() && fs::walk(&own, |_| false)?.is_empty())
    {
        return Ok(None);
    }
    let verified = lock.map(|lock| verify_own(request, &lock)).transpose()?;
    let listed = ModulesTxt::parse(&own_modules(request)?.unwrap_or_default());
    if verified.is_none() {
        agree(request, &listed)?;
        if request.require_lock {
            return Err(VendorError::NoLock { dir: request.dir().to_owned(), vendor: true });
        }
    }
    Ok(Some(VendorTree {
        origin: VendorOrigin::Project,
        proof: if verified.is_some() { Proof::Verified } else { Proof::Unverified },
        dir: None,
        modules: listed.selected(request.modules),
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
        modules: ModulesTxt::parse(modules_txt).selected(request.modules),
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
    let go_sum = go_sum(request.modules)?;
    // The key covers what is in the directories of local replaces.
    let subject =
        Subject { root: entry, lock: &lock, modules_txt: &modules_txt, go_sum: &go_sum, locals: None };
    let verified = verify_tree(request.cache_dir, &subject)?;
    Ok((modules_txt, verified))
}
