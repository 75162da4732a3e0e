//! Which seal a run has, and what it is put around.

use camino::{Utf8Path, Utf8PathBuf};

use super::prepare::Context;
use crate::config::Settings;
use crate::error::Error;
use crate::fs;
use crate::model::{SealChoice, SealLevel};
use crate::sandbox::{attempt, strongest};
use crate::seal::{SealError, SourceScan, scan};

/// The seal of a run.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// How strongly each step is shut in.
    pub level: SealLevel,
    /// Why it is not the strongest there is; `None` when it is, and when the user chose it.
    pub why_weaker: Option<String>,
}

/// The directory of the store on which steps' file systems are put together. It stays empty: each step mounts on it
/// where nobody else sees it.
pub(super) const ROOT: &str = "empty-v0";

/// Settles on a level by trying what the host allows.
pub(super) fn settle(settings: &Settings, context: &Context<'_>) -> Result<Sealing, Error> {
    let choice = settings.seal.value;
    if choice == SealChoice::Only(SealLevel::Env) {
        return Ok(Sealing { level: SealLevel::Env, why_weaker: None });
    }
    let root = settings.cache_dir.value.join(ROOT);
    fs::create_dir_all(&root)?;
    match choice {
        SealChoice::Auto => {
            let (level, why_weaker) = strongest(&root, context.cancel);
            Ok(Sealing { level, why_weaker })
        }
        SealChoice::Only(wanted) => match attempt(wanted, &root, context.cancel) {
            Ok(()) => Ok(Sealing { level: wanted, why_weaker: None }),
            Err(cause) => Err(SealError::NoSeal { wanted, meaning: wanted.meaning(), cause }.into()),
        },
    }
}

/// Looks at what is input, before anything reads it.
pub(super) fn inputs(dir: &Utf8Path, settings: &Settings) -> Result<SourceScan, Error> {
    // A project that names a directory that is not there is told so in better words.
    if !dir.is_dir() {
        return Ok(SourceScan::default());
    }
    let no_input = no_input(&[&settings.dist.value, &settings.cache_dir.value]);
    Ok(scan(dir, &no_input.iter().map(Utf8PathBuf::as_path).collect::<Vec<_>>())?)
}

/// Directories that are ours, by the names that they are given and by those that they have in a project which is itself
/// named without links.
pub(super) fn no_input(named: &[&Utf8Path]) -> Vec<Utf8PathBuf> {
    named.iter().flat_map(|dir| [Some((*dir).to_owned()), fs::canonical(dir).ok()]).flatten().collect()
}
