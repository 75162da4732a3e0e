//! The online side: modules that go.sum names and that are not on this host are fetched into the store.
//!
//! Takes a project's go.sum and the GOPROXY list; returns the files that did not come. What comes is in a tree of
//! the store in the layout of Go's proxy protocol, each file held against go.sum before it entered. Afterwards Go
//! reads `file://` trees and nothing else.

mod download;
mod failure;
mod goproxy;
mod http;
mod http_proxy;
mod netrc;
mod pattern;
mod pool;
mod retry;
mod sum;
mod through_go;
mod tree;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use camino::Utf8Path;

use super::error::VendorError;
use super::source::{Configured, holds};
use crate::cancel::Cancel;
use crate::fs;
use crate::model::{ModuleVersion, Sdk};
use crate::module_set::ModuleSet;
use crate::process::Process;
use crate::toolchain::{GoDirectories, environment};
use download::{Downloader, Job, clients};
use goproxy::Entry;
use http::Timeouts;
use netrc::Netrc;
use retry::Policy;
use through_go::GoClient;
use tree::Tree;
use wanted::{GoSum, Sums, build_list};

pub use failure::{Cause, CauseKind, Fetching, Mismatch, ModuleFile, Unfetched};
pub(super) use tree::LAYOUT;

/// What is to be fetched, and how.
pub(super) struct Gather<'g> {
    /// The project's modules.
    pub(super) modules: &'g ModuleSet,
    /// What their files with sums hold.
    pub(super) go_sum: &'g str,
    /// The store.
    pub(super) cache_dir: &'g Utf8Path,
    /// `file://` trees of this host: what they hold is not fetched.
    pub(super) local: &'g [String],
    /// What the user has configured.
    pub(super) configured: &'g Configured,
    /// The user's environment: HTTP proxies, netrc, git.
    pub(super) host_env: &'g BTreeMap<String, String>,
    /// Hears of each file.
    pub(super) tell: &'g (dyn Fn(&Fetching<'_>) + Sync),
}

/// Fetches what is missing. A file that did not come is no error here: nothing may need it.
///
/// # Errors
/// A GOPROXY that is none, a file that is not what go.sum says, a store that cannot be written, the end of the run.
pub(super) fn gather(gather: &Gather<'_>, sdk: &Sdk, cancel: &Cancel) -> Result<Vec<Unfetched>, VendorError> {
    let sums = GoSum::parse(gather.go_sum);
    let go_mods = missing(&sums.go_mods, ModuleFile::GoMod, gather.local);
    let broken = |cause| VendorError::Proxy { cause };
    let entries = goproxy::parse(&gather.configured.goproxy).map_err(broken)?;
    let nothing_missing = go_mods.is_empty() && missing(&sums.zips, ModuleFile::Zip, gather.local).is_empty();
    if nothing_missing || (entries.is_empty() && gather.configured.gonoproxy.is_empty()) {
        return Ok(Vec::new());
    }
    let downloader = downloader(gather, entries, cancel)?;
    let go = GoClient {
        sdk,
        host_env: gather.host_env,
        store: gather.cache_dir,
        scratch: downloader.scratch.path(),
        policy: &downloader.policy,
        cancel,
        tell: gather.tell,
    };
    let mut unfetched = pool::fetch(&go_mods, &sums.zips, &downloader, &go)?;
    let mut zips = missing(&sums.zips, ModuleFile::Zip, gather.local);
    // Who does not give the go.mod is not asked for the rest: Go could do nothing with it.
    zips.retain(|job| !unfetched.iter().any(|file| file.module == job.module));
    if !zips.is_empty()
        && let Some(wanted) = listed(gather, sdk, cancel)?
    {
        zips.retain(|job| wanted.contains(&job.module));
    }
    unfetched.extend(pool::fetch(&zips, &sums.zips, &downloader, &go)?);
    Ok(unfetched)
}

fn downloader<'d>(
    gather: &Gather<'d>,
    entries: Vec<Entry>,
    cancel: &'d Cancel,
) -> Result<Downloader<'d>, VendorError> {
    let broken = |cause| VendorError::Proxy { cause };
    let auth = gather.configured.goauth.as_str();
    let reads_netrc = auth.is_empty() || auth.split(';').any(|way| way.trim() == "netrc");
    Ok(Downloader {
        clients: clients(&entries, &Timeouts::default(), gather.host_env).map_err(broken)?,
        entries,
        private: gather.configured.gonoproxy.clone(),
        go_authenticates: !["", "off", "netrc"].contains(&auth),
        netrc: if reads_netrc { Netrc::read(gather.host_env)? } else { Netrc::default() },
        policy: Policy::default(),
        tree: Tree::new(gather.cache_dir),
        scratch: fs::temporary_dir(&gather.cache_dir.join("tmp"), "fetch-")?,
        cancel,
        tell: gather.tell,
        failing: Mutex::default(),
    })
}

fn missing(sums: &Sums, file: ModuleFile, local: &[String]) -> Vec<Job> {
    sums.iter()
        .filter(|(module, _)| !holds(local, module, file.extension()))
        .map(|(module, sums)| Job { module: module.clone(), file, sums: sums.clone() })
        .collect()
}

/// The build list, from the go.mod files that are on this host now; `None` where they do not suffice, and then
/// everything that go.sum names is wanted.
fn listed(
    gather: &Gather<'_>,
    sdk: &Sdk,
    cancel: &Cancel,
) -> Result<Option<BTreeSet<ModuleVersion>>, VendorError> {
    let dirs = GoDirectories::in_store(sdk, gather.cache_dir, gather.modules.work_file());
    let process = Process {
        program: sdk.go(),
        args: ["list", "-m", "-e", "-json=Path,Version,Replace", "all"].map(str::to_owned).to_vec(),
        env: environment::reading(&dirs, gather.local),
        dir: gather.modules.root.clone(),
        input: None,
    };
    let ended = process.run(cancel)?;
    if cancel.reason().is_some() {
        return Err(VendorError::Ended);
    }
    Ok(if ended.status.success() { build_list(&ended.stdout) } else { None })
}
