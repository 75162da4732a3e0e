//! The project's programs for each target, from the store where what decides them has not changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::prepare::{Context, fetch_for_listing, listing_environment};
use crate::cache::{EncodedKey, Store};
use crate::config::Settings;
use crate::error::Error;
use crate::model::{Blake3, Sdk, Target};
use crate::module_set::ModuleSet;
use crate::plan::MainPackage;
use crate::seal::{SourceScan, Sources};
use crate::toolchain::{Query, SdkIdentity, main_packages};
use crate::vendor::VendorError;

/// What decides which programs there are.
pub(super) struct ProgramsQuestion<'q> {
    pub(super) patterns: &'q [String],
    pub(super) targets: &'q [Target],
    pub(super) sdk: &'q SdkIdentity,
    pub(super) source: &'q SourceScan,
    pub(super) fingerprint: Option<Blake3>,
    pub(super) modules: &'q ModuleSet,
}

/// The name under which an answer is remembered. `source` is what stands for the source in it.
#[derive(Serialize)]
struct Name<'n> {
    format: &'static str,
    patterns: &'n [String],
    targets: &'n [Target],
    workspace: bool,
    sdk: Blake3,
    place: &'n str,
    source: Blake3,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    mains: Vec<(String, Vec<MainPackage>)>,
}

/// The main packages per target. Asked of the store by what the file system says of the source, then by what Go reads
/// of it, and then of Go.
pub(super) fn programs(
    question: &ProgramsQuestion<'_>,
    sdk: &Sdk,
    store: &Store,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<BTreeMap<Target, Vec<MainPackage>>, Error> {
    let root = &question.modules.root;
    let name = |place: &str, source: Blake3| {
        EncodedKey::of(&Name {
            format: "programs 0",
            patterns: question.patterns,
            targets: question.targets,
            workspace: question.modules.work.is_some(),
            sdk: question.sdk.goroot_blake3,
            place,
            source,
        })
        .hash
    };
    let seen = question.fingerprint.map(|fingerprint| name(root.as_str(), fingerprint));
    if let Some(mains) = seen.and_then(|seen| recall(store, &seen, question.targets)) {
        return Ok(mains);
    }
    let sources = Sources::new(store.root(), root, question.source, None);
    let read = name("", sources.heads()?);
    sources.save();
    let mains = match recall(store, &read, question.targets) {
        Some(mains) => mains,
        None => {
            let mains = ask(question, sdk, settings, context)?;
            remember(store, &read, &mains);
            mains
        }
    };
    if let Some(seen) = seen.filter(|_| question.source.settled()) {
        remember(store, &seen, &mains);
    }
    Ok(mains)
}

fn recall(store: &Store, name: &Blake3, targets: &[Target]) -> Option<BTreeMap<Target, Vec<MainPackage>>> {
    let answer: Answer = store.recall(name)?;
    let pair = |(name, mains): (String, _)| Some((Target::parse(&name).ok()?, mains));
    let mains: BTreeMap<_, _> = answer.mains.into_iter().map(pair).collect::<Option<_>>()?;
    targets.iter().all(|target| mains.contains_key(target)).then_some(mains)
}

/// Without a memo the next run asks again, and that is all.
fn remember(store: &Store, name: &Blake3, mains: &BTreeMap<Target, Vec<MainPackage>>) {
    let mains = mains.iter().map(|(target, mains)| (target.to_string(), mains.clone())).collect();
    let _ = store.remember(name, &Answer { mains });
}

fn ask(
    question: &ProgramsQuestion<'_>,
    sdk: &Sdk,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<BTreeMap<Target, Vec<MainPackage>>, Error> {
    let modules = question.modules;
    let env = listing_environment(sdk, modules, settings, context)?;
    let query = Query {
        module_dir: &modules.root,
        patterns: question.patterns,
        targets: question.targets,
        env: &env,
    };
    let mut mains = main_packages(&query, sdk, context.cancel);
    // Before Go 1.17 go.mod did not name every module, and packages are not listed without the others' go.mod.
    if mains.is_err() && settings.online.value && !modules.root.join("vendor").is_dir() {
        let unfetched = fetch_for_listing(modules, sdk, settings, context)?;
        mains = main_packages(&query, sdk, context.cancel);
        if mains.is_err() && !unfetched.is_empty() {
            return Err(VendorError::Unfetched { files: unfetched }.into());
        }
    }
    mains.map_err(Error::List)
}
