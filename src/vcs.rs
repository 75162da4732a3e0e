//! What git says of a directory. The git command, as Go itself uses it.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::cancel::Cancel;
use crate::process::{Process, find_program};

/// A checkout's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitState {
    /// `git describe --tags`, or `None` without a tag.
    pub describe: Option<String>,
    /// The full commit id.
    pub commit: String,
    /// The commit's time in seconds since 1970.
    pub time: i64,
    /// Whether a tracked file differs from the commit.
    pub dirty: bool,
}

/// Asks git about the checkout that `dir` is in.
///
/// The checkout's own configuration may name programs; those that reading could start are switched off, and git's
/// own check of who owns the checkout stays on.
///
/// # Errors
/// A sentence that says why there is no answer.
pub fn git_state(
    dir: &Utf8Path,
    host_env: &BTreeMap<String, String>,
    cancel: &Cancel,
) -> Result<GitState, String> {
    let path = host_env.get("PATH").map_or("", String::as_str);
    let program = find_program(path, "git").ok_or("there is no `git` on PATH")?;
    let mut env: BTreeMap<String, String> = ["PATH", "HOME", "XDG_CONFIG_HOME", "SUDO_UID"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), host_env.get(*name)?.clone())))
        .collect();
    for (name, value) in [("LC_ALL", "C"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0")] {
        env.insert(name.to_owned(), value.to_owned());
    }
    let git = |args: &[&str]| -> Result<String, String> {
        let harmless = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager"];
        let process = Process {
            program: program.clone(),
            args: harmless.iter().chain(args).map(|arg| (*arg).to_owned()).collect(),
            env: env.clone(),
            dir: dir.to_owned(),
            input: None,
        };
        let ended = process.run(cancel).map_err(|error| error.to_string())?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            let line = said.lines().next().unwrap_or("it does not say why").trim_start_matches("fatal: ");
            return Err(format!("git says: {line}"));
        }
        Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
    };
    let head = git(&["log", "-1", "--no-show-signature", "--format=%H %ct"])?;
    let (commit, time) = head.split_once(' ').ok_or("git names no commit")?;
    let time = time.parse().map_err(|_| format!("git gives the time {time:?}"))?;
    let describe = git(&["describe", "--tags", "--always", "--abbrev=12", "--dirty=-dirty"])?;
    let dirty = describe.ends_with("-dirty");
    let clean = describe.trim_end_matches("-dirty");
    let tagged = !(commit.starts_with(clean) && clean.len() >= 7);
    Ok(GitState { describe: tagged.then(|| clean.to_owned()), commit: commit.to_owned(), time, dirty })
}
