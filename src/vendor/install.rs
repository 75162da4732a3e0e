//! `xbuild vendor`: vendor/ and vendor.lock in the project.

use std::collections::BTreeMap;
use std::time::Instant;

use camino::Utf8Path;

use super::complete::Completed;
use super::consistency::{ModulesTxt, disagreements};
use super::error::VendorError;
use super::fetch::VendorRequest;
use super::inputs::{go_sum, own_modules, refuse_absolute, regular};
use super::lock::LOCK_NAME;
use super::make::{contents, make, write_lock};
use super::source::local_modules;
use super::verify::{Finding, Subject, Verified, verify};
use crate::cancel::Cancel;
use crate::fs;
use crate::model::{ModuleVersion, Sdk};
use crate::stat_index::StatIndex;

/// What `xbuild vendor` did.
#[derive(Debug)]
pub struct Installed {
    /// The modules; none where none is required.
    pub modules: Vec<ModuleVersion>,
    /// Whether vendor/ or vendor.lock is another than before.
    pub changed: bool,
    /// What `go mod vendor` had left out.
    pub completed: Vec<Completed>,
}

/// Makes vendor/ and vendor.lock beside go.mod or go.work. Both are made aside and put into place when they are whole
/// and verified; where they would be what they are already, they are left alone.
pub fn install(request: &VendorRequest<'_>, sdk: &Sdk, cancel: &Cancel) -> Result<Installed, VendorError> {
    refuse_absolute(request.modules)?;
    let (vendor, lock) = (request.dir().join("vendor"), request.dir().join(LOCK_NAME));
    // A name with a dot in front is none that Go's patterns pass through.
    let staging = fs::temporary_dir(request.dir(), ".xbuild-vendor-")?;
    let made = make(staging.path(), request, sdk, cancel)?;
    if !made.any {
        // A directory of that name which Go did not make is none of ours.
        let stale = vendor.join("modules.txt").is_file();
        if stale {
            fs::rename(&vendor, &staging.path().join("old"))?;
        }
        let locked = fs::lstat(&lock)?.is_some();
        fs::remove_file(&lock)?;
        return Ok(Installed { modules: Vec::new(), changed: stale || locked, completed: Vec::new() });
    }
    let fresh = staging.path().join("vendor");
    let fresh_lock = staging.path().join(LOCK_NAME);
    let listed = ModulesTxt::parse(&fs::read_text(&fresh.join("modules.txt"))?);
    let modules = listed.selected(request.modules);
    let same = regular(&lock, LOCK_NAME).is_ok_and(|old| old == fs::read(&fresh_lock).ok())
        && matches!(check(request), Ok(Some(_)));
    if !same && cancel.reason().is_none() {
        fs::replace_dir(&fresh, &vendor, &staging.path().join("old"))?;
        fs::rename(&fresh_lock, &lock)?;
    }
    staging.close()?;
    Ok(Installed { modules, changed: !same, completed: made.completed })
}

/// Verifies the project's vendor/. `None` where no module is required and there is none.
///
/// # Errors
/// Whatever does not match, and a missing lock.
pub fn check(request: &VendorRequest<'_>) -> Result<Option<Verified>, VendorError> {
    refuse_absolute(request.modules)?;
    let vendor = request.dir().join("vendor");
    let lock = regular(&request.dir().join(LOCK_NAME), LOCK_NAME)?;
    let there = fs::lstat(&vendor)?;
    let Some(lock) = lock else {
        if request.modules.requires().is_empty() && there.is_none() {
            return Ok(None);
        }
        return Err(VendorError::NoLock { dir: request.dir().to_owned(), vendor: there.is_some() });
    };
    verify_own(request, &lock).map(Some)
}

/// Holds the project's vendor/ against its lock.
pub(super) fn verify_own(request: &VendorRequest<'_>, lock: &[u8]) -> Result<Verified, VendorError> {
    let one = |cause: &str| {
        let finding = Finding { path: "vendor".to_owned(), cause: cause.to_owned() };
        VendorError::Changed { dir: request.dir().to_owned(), findings: vec![finding] }
    };
    match fs::lstat(&request.dir().join("vendor"))? {
        None => return Err(one("it is missing, and vendor.lock is there")),
        Some(metadata) if metadata.is_symlink() => return Err(one("it is a symbolic link")),
        Some(metadata) if !metadata.is_dir() => return Err(one("it is no directory")),
        Some(_) => {}
    }
    let modules_txt = own_modules(request)?.unwrap_or_default();
    let go_sum = go_sum(request.modules)?;
    let (root, locals) = (request.dir(), Some(request.dir()));
    let verified = verify_tree(
        request.cache_dir,
        &Subject { root, lock, modules_txt: &modules_txt, go_sum: &go_sum, locals },
    )?;
    agree(request, &ModulesTxt::parse(&modules_txt))?;
    Ok(verified)
}

/// Whether vendor/ was made from these modules.
pub(super) fn agree(request: &VendorRequest<'_>, listed: &ModulesTxt) -> Result<(), VendorError> {
    match disagreements(request.modules, listed) {
        points if points.is_empty() => Ok(()),
        points => Err(VendorError::Inconsistent {
            vendor: request.dir().join("vendor"),
            file: request.modules.file(),
            command: request.modules.go_command(),
            points,
        }),
    }
}

/// Verifies with the store's index of the root, and keeps what was learned.
pub(super) fn verify_tree(cache_dir: &Utf8Path, subject: &Subject<'_>) -> Result<Verified, VendorError> {
    let started = Instant::now();
    let mut index = StatIndex::open(cache_dir, subject.root);
    let verified = verify(subject, &mut index);
    // Without an index the next run reads every file again, and that is all.
    let _ = index.save(|path| fs::lstat(&subject.root.join(path)).is_ok_and(|found| found.is_some()));
    verified.map(|verified| Verified { elapsed: started.elapsed(), ..verified })
}

/// Makes vendor.lock for a vendor/ that is there already, from zips that are on this host.
pub fn lock_only(request: &VendorRequest<'_>, sdk: &Sdk, cancel: &Cancel) -> Result<Installed, VendorError> {
    refuse_absolute(request.modules)?;
    let lock = request.dir().join(LOCK_NAME);
    let Some(modules_txt) = own_modules(request)? else {
        return Err(VendorError::NoTree { dir: request.dir().to_owned() });
    };
    let listed = ModulesTxt::parse(&modules_txt);
    let proxies = local_modules(sdk, request.cache_dir, request.host_env, cancel)?;
    let modules: BTreeMap<_, _> = contents(request.dir(), &listed, &proxies)?;
    let before = regular(&lock, LOCK_NAME).ok().flatten();
    write_lock(request.dir(), request, &modules_txt, &modules)?;
    let changed = before != Some(fs::read(&lock)?);
    Ok(Installed { modules: listed.selected(request.modules), changed, completed: Vec::new() })
}
