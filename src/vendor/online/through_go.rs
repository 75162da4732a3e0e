//! Modules that Go's own client fetches: private ones and those of `direct`, from their repositories, with the
//! user's own git, netrc and GOAUTH set-up. xbuild sees no credentials of theirs and hands none on.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::download::Stop;
use super::failure::{Cause, CauseKind, Fetching};
use super::http::without_urls;
use super::retry::{self, Policy};
use crate::cancel::Cancel;
use crate::fs;
use crate::model::{ModuleVersion, Sdk};
use crate::process::{Process, ProcessError};
use crate::toolchain::{GoDirectories, environment};
use crate::vendor::user_settings::reach_as_the_user;

/// Go's client, with a module cache that ends with the run.
pub(super) struct GoClient<'g> {
    pub(super) sdk: &'g Sdk,
    pub(super) host_env: &'g BTreeMap<String, String>,
    /// The store, for a compile cache: Go wants to know one.
    pub(super) store: &'g Utf8Path,
    /// A directory of the run, on the store's file system.
    pub(super) scratch: &'g Utf8Path,
    pub(super) policy: &'g Policy,
    pub(super) cancel: &'g Cancel,
    pub(super) tell: &'g (dyn Fn(&Fetching<'_>) + Sync),
}

/// The files of a module that came.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Got {
    #[serde(default)]
    path: String,
    #[serde(default)]
    version: String,
    error: Option<String>,
    /// Its go.mod.
    pub(super) go_mod: Option<Utf8PathBuf>,
    /// All of it.
    pub(super) zip: Option<Utf8PathBuf>,
}

/// Each module's files, or why there are none.
pub(super) type Downloaded = BTreeMap<ModuleVersion, Result<Got, Cause>>;

/// What `go` says of failures that may not last.
const TRANSIENT: &[&str] = &[
    "429 Too Many Requests",
    "502 Bad Gateway",
    "503 Service Unavailable",
    "504 Gateway Time",
    "returned error: 429",
    "returned error: 502",
    "returned error: 503",
    "returned error: 504",
    "i/o timeout",
    "timed out",
    "TLS handshake timeout",
    "connection reset",
    "Connection reset",
    "unexpected EOF",
    "early EOF",
    "unexpected disconnect",
    "hung up unexpectedly",
    "Temporary failure in name resolution",
];

/// What `go` and git say where credentials are missing or wrong. The first is all that Go says when git cannot list
/// a repository whose path names it (`host/repo.git`), and that is the usual reason.
const DENIED: &[&str] = &[
    "no secure protocol found for repository",
    "401 Unauthorized",
    "403 Forbidden",
    "could not read Username",
    "could not read Password",
    "terminal prompts disabled",
    "Authentication failed",
    "Permission denied (publickey",
    "returned error: 401",
    "returned error: 403",
];

impl GoClient<'_> {
    /// Downloads modules; each has its files or a cause.
    pub(super) fn download(
        &self,
        goproxy: &str,
        modules: &BTreeSet<ModuleVersion>,
    ) -> Result<Downloaded, Stop> {
        let mut ended = Downloaded::new();
        let mut open: Vec<ModuleVersion> = modules.iter().cloned().collect();
        for attempt in 1..=self.policy.attempts {
            let mut again = Vec::new();
            // A command line has a longest length, and a pause between chunks lets a signal in.
            for chunk in open.chunks(50) {
                let mut results = self.once(goproxy, chunk)?;
                if self.cancel.reason().is_some() {
                    return Err(Stop::Ended);
                }
                for module in chunk {
                    let result =
                        results.remove(module).unwrap_or_else(|| Err("Go says nothing of it".to_owned()));
                    match result {
                        Ok(got) => drop(ended.insert(module.clone(), Ok(got))),
                        Err(text) if attempt < self.policy.attempts && is_any(&text, TRANSIENT) => {
                            again.push((module.clone(), text));
                        }
                        Err(text) => drop(ended.insert(module.clone(), Err(cause(&text)))),
                    }
                }
            }
            let Some((module, text)) = again.first() else { break };
            let pause = self.policy.pause(attempt, None);
            let (cause, attempts) = (cause(text).text, self.policy.attempts);
            (self.tell)(&Fetching::Retry { module, cause: &cause, pause, attempt: attempt + 1, attempts });
            if !retry::wait(pause, self.cancel) {
                return Err(Stop::Ended);
            }
            open = again.into_iter().map(|(module, _)| module).collect();
        }
        Ok(ended)
    }

    fn once(
        &self,
        goproxy: &str,
        modules: &[ModuleVersion],
    ) -> Result<BTreeMap<ModuleVersion, Result<Got, String>>, Stop> {
        // Go notes sums beside the go.mod that it finds above its directory; here it finds one that ends with the run.
        fs::write_atomic(&self.scratch.join("go.mod"), b"module fetch\n")?;
        let mut args = ["mod", "download", "-json"].map(str::to_owned).to_vec();
        args.extend(modules.iter().map(ToString::to_string));
        let process = Process {
            program: self.sdk.go(),
            args,
            env: self.environment(goproxy).map_err(Stop::Process)?,
            dir: self.scratch.to_owned(),
            input: None,
        };
        let answered = process.run(self.cancel).map_err(Stop::Process)?;
        let said = String::from_utf8_lossy(&answered.stderr).into_owned();
        let mut results = BTreeMap::new();
        let answers = serde_json::Deserializer::from_slice(&answered.stdout).into_iter::<Got>();
        for got in answers.map_while(Result::ok) {
            let module = ModuleVersion { path: got.path.clone(), version: got.version.clone() };
            let result = match &got.error {
                Some(error) => Err(error.clone()),
                None => Ok(got),
            };
            results.insert(module, result);
        }
        for module in modules {
            let silent = || if said.trim().is_empty() { answered.status.to_string() } else { said.clone() };
            results.entry(module.clone()).or_insert_with(|| Err(silent()));
        }
        Ok(results)
    }

    /// The user's own settings decide how a repository is reached; what decides which bytes come out, and where they
    /// go, is ours. Sums are checked by xbuild against go.sum, so no database is asked.
    fn environment(&self, goproxy: &str) -> Result<BTreeMap<String, String>, ProcessError> {
        let dirs = GoDirectories {
            path: self.scratch.join("gopath"),
            modules: self.scratch.join("gomodcache"),
            ..GoDirectories::in_store(self.sdk, self.store, None)
        };
        let mut env = environment::sealed(&dirs);
        reach_as_the_user(&mut env, self.sdk, self.host_env, self.cancel)?;
        for (name, value) in [("GOPROXY", goproxy), ("GOFLAGS", "-modcacherw"), ("GOSUMDB", "off")] {
            env.insert(name.to_owned(), value.to_owned());
        }
        if goproxy != "direct" {
            env.insert("GONOPROXY".to_owned(), "none".to_owned());
        }
        Ok(env)
    }
}

fn is_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// What Go says, on a few lines and without what URLs may hold.
fn cause(text: &str) -> Cause {
    let kind = if is_any(text, DENIED) { CauseKind::Denied } else { CauseKind::Broken };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let shown = lines.iter().take(6).map(|line| without_urls(line)).collect::<Vec<_>>().join("; ");
    Cause { kind, text: format!("by way of go: {shown}") }
}

#[cfg(test)]
mod tests {
    use super::cause;
    use crate::vendor::online::failure::CauseKind;

    #[test]
    fn no_url_keeps_what_may_be_a_secret() {
        let cause = cause(
            "git ls-remote -q origin in /x: exit status 128:\n\
             \tfatal: unable to access 'https://user:hidden@a.test/x?token=hidden': The requested URL returned error: 403\n",
        );
        assert!(!cause.text.contains("hidden"), "{}", cause.text);
        assert!(cause.text.contains("https://a.test"), "{}", cause.text);
        assert_eq!(cause.kind, CauseKind::Denied);
    }
}
