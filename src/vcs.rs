//! What git says of a directory. The git command, as Go itself uses it.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::process::{Ended, Process, find_program};

/// Asks for the filters that any configuration defines, as scope and name with a zero byte behind each.
const LIST_FILTERS: &[&str] = &[
    "config",
    "--show-scope",
    "--name-only",
    "-z",
    "--get-regexp",
    r"^filter\..*\.(clean|process|required)$",
];

/// A checkout's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A file that git tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Its path below the directory that was asked about.
    pub path: String,
    /// Whether it stands for another checkout, as a submodule does.
    pub is_checkout: bool,
}

/// The variables of the host that git is given.
pub const HOST_VARIABLES: [&str; 4] = ["PATH", "HOME", "XDG_CONFIG_HOME", "SUDO_UID"];

/// The git that is asked about the checkout that a directory is in.
///
/// The checkout's own configuration may name programs; those that reading could start are switched off, and git's
/// own check of who owns the checkout stays on.
pub struct Git<'g> {
    program: Utf8PathBuf,
    dir: &'g Utf8Path,
    env: BTreeMap<String, String>,
    cancel: &'g Cancel,
}

impl<'g> Git<'g> {
    /// The git on PATH.
    ///
    /// # Errors
    /// A sentence that says why it cannot be asked.
    pub fn of(
        dir: &'g Utf8Path,
        host_env: &BTreeMap<String, String>,
        cancel: &'g Cancel,
    ) -> Result<Self, String> {
        let path = host_env.get("PATH").map_or("", String::as_str);
        let program = find_program(path, "git").ok_or("there is no `git` on PATH")?;
        let mut env: BTreeMap<String, String> = HOST_VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), host_env.get(*name)?.clone())))
            .collect();
        for (name, value) in [("LC_ALL", "C"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0")] {
            env.insert(name.to_owned(), value.to_owned());
        }
        // A partial clone would fetch what it lacks, with a program that its configuration names.
        for (name, value) in [("GIT_NO_LAZY_FETCH", "1"), ("GIT_ALLOW_PROTOCOL", "none")] {
            env.insert(name.to_owned(), value.to_owned());
        }
        let mut git = Git { program, dir, env, cancel };
        let listed = git.run(LIST_FILTERS)?;
        git.env.extend(without_filters(&String::from_utf8_lossy(&listed.stdout)));
        Ok(git)
    }

    fn run(&self, args: &[&str]) -> Result<Ended, String> {
        let harmless = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager"];
        let process = Process {
            program: self.program.clone(),
            args: harmless.iter().chain(args).map(|arg| (*arg).to_owned()).collect(),
            env: self.env.clone(),
            dir: self.dir.to_owned(),
            input: None,
        };
        process.run(self.cancel).map_err(|error| error.to_string())
    }

    fn answer(&self, args: &[&str]) -> Result<Vec<u8>, String> {
        let ended = self.run(args)?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            let line = said.lines().next().unwrap_or("it does not say why").trim_start_matches("fatal: ");
            return Err(format!("git says: {line}"));
        }
        Ok(ended.stdout)
    }

    /// The checkout's version.
    ///
    /// # Errors
    /// A sentence that says why there is no answer.
    pub fn state(&self) -> Result<GitState, String> {
        let git =
            |args: &[&str]| self.answer(args).map(|said| String::from_utf8_lossy(&said).trim().to_owned());
        let head = git(&["log", "-1", "--no-show-signature", "--format=%H %ct"])?;
        let (commit, time) = head.split_once(' ').ok_or("git names no commit")?;
        let time = time.parse().map_err(|_| format!("git gives the time {time:?}"))?;
        let clean = git(&["describe", "--tags", "--always", "--abbrev=12"])?;
        // `git describe --dirty` says it too, and writes what it has looked at into the index.
        let dirty = !git(&["status", "--porcelain", "--untracked-files=no", "--no-renames"])?.is_empty();
        let tagged = !(commit.starts_with(&clean) && clean.len() >= 7);
        Ok(GitState { describe: tagged.then_some(clean), commit: commit.to_owned(), time, dirty })
    }

    /// Every file that is tracked below the directory. Names that are not UTF-8 are shown lossily.
    ///
    /// # Errors
    /// A sentence that says why there is no answer.
    pub fn tracked(&self) -> Result<Vec<Tracked>, String> {
        let said = self.answer(&["ls-files", "--stage", "-z"])?;
        let text = String::from_utf8_lossy(&said);
        let file = |line: &str| {
            let (fields, path) = line.split_once('\t')?;
            Some(Tracked { path: path.to_owned(), is_checkout: fields.starts_with("160000 ") })
        };
        Ok(text.split('\0').filter_map(file).collect())
    }
}

/// Variables that switch off the filters of the checkout's own configuration: git would run them on every file whose
/// times have changed. The user's own, such as those of Git LFS, stay.
fn without_filters(listed: &str) -> BTreeMap<String, String> {
    let parts: Vec<&str> = listed.split('\0').collect();
    let own = parts.chunks_exact(2).filter(|pair| matches!(pair[0], "local" | "worktree"));
    let mut env = BTreeMap::new();
    for (count, pair) in (0..).zip(own) {
        env.insert(format!("GIT_CONFIG_KEY_{count}"), pair[1].to_owned());
        let value = if pair[1].ends_with(".required") { "false" } else { "" };
        env.insert(format!("GIT_CONFIG_VALUE_{count}"), value.to_owned());
        env.insert("GIT_CONFIG_COUNT".to_owned(), (count + 1).to_string());
    }
    env
}

#[cfg(test)]
mod tests {
    use super::without_filters;

    #[test]
    fn only_the_checkouts_own_filters() {
        assert!(without_filters("").is_empty());
        let env = without_filters(
            "global\0filter.lfs.clean\0local\0filter.a=b.clean\0worktree\0filter.c.required\0",
        );
        let expected = [
            ("GIT_CONFIG_COUNT", "2"),
            ("GIT_CONFIG_KEY_0", "filter.a=b.clean"),
            ("GIT_CONFIG_KEY_1", "filter.c.required"),
            ("GIT_CONFIG_VALUE_0", ""),
            ("GIT_CONFIG_VALUE_1", "false"),
        ];
        let found: Vec<(&str, &str)> =
            env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected);
    }
}
