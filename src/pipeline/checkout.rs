//! What git says of the project, without asking it again while nothing that it would look at has changed.
//!
//! Whether a checkout is dirty git finds out by a look at every tracked file, as the scan has done already. Its answer is remembered under what
//! the file system says of the source, of git's own files, and of the settings that git reads; and only where these are
//! all that it would look at.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::prepare::Context;
use crate::cache::{EncodedKey, Store};
use crate::fs;
use crate::model::Blake3;
use crate::process::find_program;
use crate::seal::SourceScan;
use crate::stat_index::{Glance, Stamp, now};
use crate::vcs::{GitState, git_state, tracked};

/// The source of a project and the checkout that it may be.
pub(super) struct Checkout<'c> {
    /// The directory that git is asked in.
    pub(super) root: &'c Utf8Path,
    /// The directory that was scanned.
    pub(super) module_dir: &'c Utf8Path,
    pub(super) source: &'c SourceScan,
    pub(super) fingerprint: Option<Blake3>,
}

/// The name under which an answer is remembered.
#[derive(Serialize)]
struct Name<'n> {
    format: &'static str,
    root: &'n Utf8Path,
    source: Blake3,
    own: Blake3,
    settings: Blake3,
    env: BTreeMap<&'static str, Option<&'n str>>,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    describe: Option<String>,
    commit: String,
    time: i64,
    dirty: bool,
}

/// What git says.
///
/// # Errors
/// A sentence that says why there is no answer.
pub(super) fn state(
    checkout: &Checkout<'_>,
    store: &Store,
    context: &Context<'_>,
) -> Result<GitState, String> {
    let seen = seen(checkout, context);
    if let Some((name, _)) = &seen
        && let Some(Answer { describe, commit, time, dirty }) = store.recall(name)
    {
        return Ok(GitState { describe, commit, time, dirty });
    }
    let state = git_state(checkout.root, context.env, context.cancel)?;
    if let Some((name, true)) = seen
        && nothing_else_counts(checkout, context)
    {
        let GitState { describe, commit, time, dirty } = state.clone();
        // Without the memo the next run asks again, and that is all.
        let _ = store.remember(&name, &Answer { describe, commit, time, dirty });
    }
    Ok(state)
}

/// The name of the answer, and whether every later change would give it another; `None` where git looks at more than is
/// seen here.
fn seen(checkout: &Checkout<'_>, context: &Context<'_>) -> Option<(Blake3, bool)> {
    let git = checkout.root.join(".git");
    let whole = checkout.root == checkout.module_dir
        && fs::lstat(&git).ok()??.is_dir()
        && fs::lstat(&checkout.root.join(".gitmodules")).ok()?.is_none();
    if !whole {
        return None;
    }
    let began = now();
    // Objects never change; the others decide nothing.
    let skip = |path: &Utf8Path| matches!(path.as_str(), "objects" | "logs" | "hooks" | "lfs");
    let own = fs::survey(&git, &skip).ok()?;
    let own = own.into_iter().map(|(path, metadata)| (path, Stamp::of(&metadata))).collect();
    let own = Glance { files: own, began };
    let settings = settings(context, &git)?;
    let settings = Glance { files: settings, began };
    let named = ["PATH", "HOME", "XDG_CONFIG_HOME", "SUDO_UID"];
    let name = Name {
        format: "git 0",
        root: checkout.root,
        source: checkout.fingerprint?,
        own: own.fingerprint()?,
        settings: settings.fingerprint()?,
        env: named.into_iter().map(|name| (name, context.env.get(name).map(String::as_str))).collect(),
    };
    let settled = checkout.source.settled() && own.settled() && settings.settled();
    Some((EncodedKey::of(&name).hash, settled))
}

/// The git that is run and the files of settings that it reads, those that are there; `None` where one of them leads
/// git elsewhere. Source: FILES in git-config(1), and gitattributes(5).
fn settings(context: &Context<'_>, git: &Utf8Path) -> Option<Vec<(Utf8PathBuf, Option<Stamp>)>> {
    /// Parts of the names of settings that bring in other files: `include.path`, `core.worktree` and
    /// `core.attributesFile`, in small letters. More than these is no harm: git is asked then.
    const ELSEWHERE: &[&str] = &["include", "worktree", "attributesfile"];
    let text = |name: &str| context.env.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let program = find_program(text("PATH").unwrap_or_default(), "git")?;
    let home = text("HOME").map(Utf8PathBuf::from);
    let xdg = text("XDG_CONFIG_HOME").map(Utf8PathBuf::from).or_else(|| Some(home.as_ref()?.join(".config")));
    let mut configs = vec![git.join("config"), git.join("config.worktree"), "/etc/gitconfig".into()];
    configs.extend(home.iter().map(|home| home.join(".gitconfig")));
    configs.extend(xdg.iter().map(|xdg| xdg.join("git/config")));
    for config in &configs {
        let text = fs::read_if_present(config).ok()?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).to_lowercase();
        if ELSEWHERE.iter().any(|name| text.contains(name)) {
            return None;
        }
    }
    let mut files = configs;
    files.extend([fs::canonical(&program).ok()?, "/etc/gitattributes".into()]);
    files.extend(xdg.iter().map(|xdg| xdg.join("git/attributes")));
    let mut stamps = Vec::new();
    for path in files {
        if let Some(found) = fs::lstat(&path).ok()? {
            // What a link leads to can change without it.
            if found.is_symlink() {
                return None;
            }
            stamps.push((path, Stamp::of(&found)));
        }
    }
    Some(stamps)
}

/// Whether git tracks nothing but what was scanned: no other checkout within, and no file of a directory that is no
/// input.
fn nothing_else_counts(checkout: &Checkout<'_>, context: &Context<'_>) -> bool {
    let Ok(tracked) = tracked(checkout.root, context.env, context.cancel) else { return false };
    tracked.iter().all(|file| {
        let path = Utf8Path::new(&file.path);
        !file.is_checkout && !checkout.source.hidden.iter().any(|hidden| path.starts_with(hidden))
    })
}
