//! What git says of the project, without asking it again while nothing that it would look at has changed.
//!
//! Whether a checkout is dirty git finds out by a look at every tracked file, as the scan has done already. Its answer is
//! remembered under what the file system says of the source, of git's own files, and of the settings that git reads; and
//! only where these are all that it would look at.

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
use crate::vcs::{Git, GitState, HOST_VARIABLES};

/// A project's directory, and what git said of it last.
pub(super) struct Checkout<'c> {
    root: &'c Utf8Path,
    store: &'c Store,
    context: &'c Context<'c>,
    /// When git's own files were looked at, in nanoseconds since 1970.
    began: u128,
    /// The name of the answer, and whether every later change of git's own files gives another; `None` where git looks
    /// at more than is seen here.
    name: Option<(Blake3, bool)>,
    known: Option<Answer>,
}

/// The name under which an answer is remembered.
#[derive(Serialize)]
struct Name<'n> {
    format: &'static str,
    root: &'n Utf8Path,
    own: Blake3,
    settings: Blake3,
    env: BTreeMap<&'static str, Option<&'n str>>,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    /// The fingerprint of the source that it is about.
    source: Blake3,
    #[serde(flatten)]
    state: GitState,
}

impl<'c> Checkout<'c> {
    /// Looks at git's own files, and for what it said when they were the same.
    pub(super) fn look(root: &'c Utf8Path, store: &'c Store, context: &'c Context<'c>) -> Self {
        let began = now();
        let name = name(root, began, context);
        let known = name.as_ref().and_then(|(name, _)| store.recall(name));
        Checkout { root, store, context, began, name, known }
    }

    /// Whether git has to be asked, whatever the source is.
    pub(super) fn is_new(&self) -> bool {
        self.known.is_none()
    }

    /// What git has said of a source with this fingerprint.
    pub(super) fn known(&self, source: Option<Blake3>) -> Option<GitState> {
        let known = self.known.as_ref().filter(|known| Some(known.source) == source)?;
        Some(known.state.clone())
    }

    /// Asks git, which may be asked more.
    ///
    /// # Errors
    /// A sentence that says why there is no answer.
    pub(super) fn ask(&self) -> Result<(GitState, Git<'c>), String> {
        let git = Git::of(self.root, self.context.env, self.context.cancel)?;
        Ok((git.state()?, git))
    }

    /// Remembers what git has said since the look, if it can depend on nothing but what was seen: git's own files and
    /// the source in `module_dir`, all of which were there before.
    pub(super) fn remember(
        &self,
        state: &GitState,
        git: &Git<'_>,
        module_dir: &Utf8Path,
        source: &SourceScan,
    ) {
        let Some((name, true)) = self.name else { return };
        let whole = self.root == module_dir && source.settled_at(self.began);
        if !whole || !tracks_only(git, source) {
            return;
        }
        let Some(source) = source.fingerprint(module_dir) else { return };
        // Without the memo the next run asks again, and that is all.
        let _ = self.store.remember(&name, &Answer { source, state: state.clone() });
    }
}

/// Whether git tracks nothing but what was scanned: no other checkout within, and no file of a directory that is no
/// input.
fn tracks_only(git: &Git<'_>, source: &SourceScan) -> bool {
    let Ok(tracked) = git.tracked() else { return false };
    tracked.iter().all(|file| {
        let path = Utf8Path::new(&file.path);
        !file.is_checkout && !source.hidden.iter().any(|hidden| path.starts_with(hidden))
    })
}

fn name(root: &Utf8Path, began: u128, context: &Context<'_>) -> Option<(Blake3, bool)> {
    let git = root.join(".git");
    let whole = fs::lstat(&git).ok()??.is_dir() && fs::lstat(&root.join(".gitmodules")).ok()?.is_none();
    if !whole {
        return None;
    }
    // Objects never change; the others decide nothing.
    let skip = |path: &Utf8Path| matches!(path.as_str(), "objects" | "logs" | "hooks" | "lfs");
    let own = fs::survey(&git, &skip).ok()?;
    let own = own.into_iter().map(|(path, metadata)| (path, Stamp::of(&metadata))).collect();
    let own = Glance { files: own, began };
    let settings = Glance { files: settings(context, &git)?, began };
    let name = Name {
        format: "git 0",
        root,
        own: own.fingerprint()?,
        settings: settings.fingerprint()?,
        env: HOST_VARIABLES.map(|name| (name, context.env.get(name).map(String::as_str))).into(),
    };
    Some((EncodedKey::of(&name).hash, own.settled() && settings.settled()))
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
