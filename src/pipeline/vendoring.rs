//! The vendor tree of a run. One that was verified, and of which no file has changed since by the file system's word, is
//! not verified again: that is the word that the stat index takes for each file.

use std::time::Instant;

use camino::{Utf8Component, Utf8Path};
use serde::{Deserialize, Serialize};

use super::prepare::{Context, Prepared};
use crate::cache::EncodedKey;
use crate::error::Error;
use crate::event::Event;
use crate::model::Blake3;
use crate::stat_index::{Glance, now};
use crate::vendor::{Completed, VendorOrigin, VendorRequest, VendorTree, Verified};

/// The name under which a verified tree is remembered.
#[derive(Serialize)]
struct Name<'n> {
    format: &'static str,
    root: &'n Utf8Path,
    store: &'n Utf8Path,
    source: Blake3,
    sdk: &'n str,
    workspace: bool,
    require_lock: bool,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    tree: VendorTree,
    /// What the file system said of a tree of the store.
    stored: Option<Blake3>,
}

/// A run's vendor tree, and what stands for it where nothing of it is read.
pub(super) struct Vendored {
    pub(super) tree: VendorTree,
    /// What the file system says of a tree of the store; `None` for the project's own, or where it does not tell enough.
    pub(super) stored: Option<Blake3>,
}

/// Vendors what the project needs, and says where it came from.
pub(super) fn vendor(prepared: &Prepared, context: &Context<'_>) -> Result<Vendored, Error> {
    let settings = &prepared.plan.settings;
    let name = name(prepared);
    let started = Instant::now();
    if let Some(known) = name.as_ref().and_then(|name| recall(prepared, name)) {
        let tree = &known.tree;
        let verified = tree.verified.map(|verified| Verified { elapsed: started.elapsed(), ..verified });
        told(tree, verified, context);
        return Ok(known);
    }
    context.listener.event(&Event::Vendoring { online: settings.online.value });
    let request = VendorRequest {
        modules: &prepared.modules,
        cache_dir: &settings.cache_dir.value,
        online: settings.online.value,
        require_lock: settings.require_lock.value,
        host_env: context.env,
        fetching: &|fetching| context.listener.event(&Event::Fetching(fetching)),
    };
    let began = now();
    let tree = crate::vendor::prepare(&request, &prepared.plan.sdk, context.cancel)?;
    completed(&tree.completed, context);
    told(&tree, tree.verified, context);
    // A tree of the store has been verified if none of its files is younger than that.
    let glance = tree.dir.as_deref().and_then(|dir| Glance::at(dir).ok());
    let glance = glance.map(|glance| Glance { began, ..glance });
    let stored = glance.as_ref().and_then(Glance::fingerprint);
    let settled = prepared.source.settled() && glance.as_ref().is_none_or(Glance::settled);
    if let Some(name) = name.filter(|_| settled && stored.is_some() == tree.dir.is_some()) {
        let origin = if tree.dir.is_some() { VendorOrigin::Cache } else { tree.origin };
        let tree = VendorTree { origin, completed: Vec::new(), ..tree.clone() };
        // Without the memo the next run verifies again, and that is all.
        let _ = prepared.store.remember(&name, &Remembered { tree, stored });
    }
    Ok(Vendored { tree, stored })
}

/// `None` where not everything that decides about the tree is in the fingerprint of the source.
fn name(prepared: &Prepared) -> Option<Blake3> {
    let outside = |with: &str| Utf8Path::new(with).components().any(|part| part == Utf8Component::ParentDir);
    let local = prepared.modules.replacements();
    if local.iter().any(|one| one.replace.is_local() && outside(&one.replace.with)) {
        return None;
    }
    let settings = &prepared.plan.settings;
    let name = Name {
        format: "vendor 0",
        root: &prepared.modules.root,
        store: &settings.cache_dir.value,
        source: prepared.fingerprint?,
        sdk: &prepared.identity.version,
        workspace: prepared.modules.work.is_some(),
        require_lock: settings.require_lock.value,
    };
    Some(EncodedKey::of(&name).hash)
}

fn recall(prepared: &Prepared, name: &Blake3) -> Option<Vendored> {
    let Remembered { tree, stored } = prepared.store.recall(name)?;
    if let Some(dir) = &tree.dir
        && (stored.is_none() || Glance::at(dir).ok()?.fingerprint() != stored)
    {
        return None;
    }
    Some(Vendored { tree, stored })
}

/// Says what tree it is, and notes that it is still of use.
fn told(tree: &VendorTree, verified: Option<Verified>, context: &Context<'_>) {
    context.listener.event(&Event::Vendored {
        origin: tree.origin,
        modules: tree.modules.len(),
        proof: tree.proof,
        verified,
    });
}

/// Says what `go mod vendor` had left out.
pub(super) fn completed(list: &[Completed], context: &Context<'_>) {
    for Completed { module, package, directory } in list {
        let directory = if directory.is_empty() { "its top directory" } else { directory };
        context.listener.event(&Event::Note(format!(
            "{package} needs {directory} of {module}, which `go mod vendor` leaves out; it was added"
        )));
    }
}
