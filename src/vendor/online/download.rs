//! One file over the entries of GOPROXY, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::failure::{Cause, Fetching, Mismatch, ModuleFile};
use super::goproxy::{Entry, ProxyUrl};
use super::http::{Client, Fault, Timeouts};
use super::netrc::Netrc;
use super::pattern::matches_prefix;
use super::retry::{self, Policy};
use super::sum::MAX_GO_MOD;
use super::tree::Tree;
use crate::cancel::Cancel;
use crate::fs::{self, FsError, TemporaryDir};
use crate::model::ModuleVersion;
use crate::process::ProcessError;
use crate::vendor::contents::MAX_ZIP;
use crate::vendor::source;

/// A file that is wanted.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) module: ModuleVersion,
    pub(super) file: ModuleFile,
    /// Any of these may be its sum.
    pub(super) sums: BTreeSet<String>,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is in the tree; its length.
    Kept(u64),
    /// Go's own client is to fetch it, with this GOPROXY, and what other entries said before.
    ThroughGo(String, Vec<Cause>),
    /// No entry gave it.
    Failed(Vec<Cause>),
    /// An entry gave something else.
    Mismatch(Mismatch),
}

/// Why nothing more is fetched at all.
#[derive(Debug)]
pub(super) enum Stop {
    /// The run has ended.
    Ended,
    /// The store cannot be written.
    Fs(FsError),
    /// Go did not run.
    Process(ProcessError),
}

impl From<FsError> for Stop {
    fn from(error: FsError) -> Self {
        Stop::Fs(error)
    }
}

/// Everything that a download needs; shared by all threads.
pub(super) struct Downloader<'d> {
    pub(super) entries: Vec<Entry>,
    /// GONOPROXY: what is never asked of a proxy.
    pub(super) private: String,
    /// Whether GOAUTH names more than netrc files: then Go's client is asked where ours is turned away.
    pub(super) go_authenticates: bool,
    pub(super) netrc: Netrc,
    /// By whether they are for https.
    pub(super) clients: BTreeMap<bool, Client>,
    pub(super) policy: Policy,
    pub(super) tree: Tree,
    pub(super) scratch: TemporaryDir,
    pub(super) cancel: &'d Cancel,
    pub(super) tell: &'d (dyn Fn(&Fetching<'_>) + Sync),
    /// For how many files each proxy has used up all attempts, with none given since. Such a proxy gets one attempt
    /// for a file and soon none, or a dead one would cost every file all its pauses.
    pub(super) failing: Mutex<BTreeMap<String, u32>>,
}

/// The clients that some entries need.
pub(super) fn clients(
    entries: &[Entry],
    timeouts: &Timeouts,
    env: &BTreeMap<String, String>,
) -> Result<BTreeMap<bool, Client>, String> {
    let schemes: BTreeSet<bool> = entries
        .iter()
        .filter_map(|entry| if let Entry::Proxy { url, .. } = entry { Some(url.is_secure()) } else { None })
        .collect();
    schemes.into_iter().map(|secure| Ok((secure, Client::new(secure, timeouts, env)?))).collect()
}

impl Downloader<'_> {
    /// Fetches one file, or says why not.
    pub(super) fn fetch(&self, job: &Job) -> Result<Outcome, Stop> {
        if matches_prefix(&self.private, &job.module.path) {
            return Ok(Outcome::ThroughGo("direct".to_owned(), Vec::new()));
        }
        let mut causes = Vec::new();
        for entry in &self.entries {
            let (url, on_any) = match entry {
                Entry::Off => {
                    causes.push(Cause::off());
                    break;
                }
                Entry::Direct => return Ok(Outcome::ThroughGo("direct".to_owned(), causes)),
                Entry::Proxy { url, on_any } => (url, *on_any),
            };
            let (fault, attempts) = match self.ask(job, url)? {
                Asked::Ended(outcome) => return Ok(outcome),
                Asked::Failed(fault, attempts) => (fault, attempts),
            };
            let denied = matches!(fault, Fault::Status { code: 401 | 403, .. });
            if denied && self.go_authenticates {
                return Ok(Outcome::ThroughGo(url.given().to_owned(), causes));
            }
            causes.push(Cause::of(&fault, &url.to_string(), attempts));
            // Go stops at a proxy that breaks before a comma. Here that proxy has had its retries, and what the next
            // one gives is held against go.sum all the same.
            let onwards = matches!(fault, Fault::Status { code: 404 | 410, .. })
                || fault.is_transient()
                || matches!(fault, Fault::Unreachable(_));
            if !on_any && !onwards {
                break;
            }
        }
        Ok(Outcome::Failed(causes))
    }

    /// Asks one proxy, again where that may help.
    fn ask(&self, job: &Job, url: &ProxyUrl) -> Result<Asked, Stop> {
        const GIVEN_UP: u32 = 4;
        let (key, shown) = (url.file(""), url.to_string());
        let broke = self.failing().get(&key).copied().unwrap_or_default();
        if broke >= GIVEN_UP {
            let text = format!("given up, for it broke with {broke} files before");
            return Ok(Asked::Failed(Fault::Unreachable(text), 1));
        }
        let mut attempt = 1;
        loop {
            let fault = match self.once(job, url)? {
                Ok(outcome) => {
                    self.failing().remove(&key);
                    return Ok(Asked::Ended(outcome));
                }
                Err(Fault::Ended) => return Err(Stop::Ended),
                Err(Fault::Kept(error)) => return Err(Stop::Fs(error)),
                Err(fault) => fault,
            };
            let attempts = if self.failing().contains_key(&key) { 1 } else { self.policy.attempts };
            if !fault.is_transient() || attempt >= attempts {
                if fault.is_transient() {
                    *self.failing().entry(key).or_default() += 1;
                }
                return Ok(Asked::Failed(fault, attempt));
            }
            let asked = if let Fault::Status { asked, .. } = &fault { *asked } else { None };
            let pause = self.policy.pause(attempt, asked);
            let cause = Cause::of(&fault, &shown, 1).text;
            attempt += 1;
            (self.tell)(&Fetching::Retry { module: &job.module, cause: &cause, pause, attempt, attempts });
            if !retry::wait(pause, self.cancel) {
                return Err(Stop::Ended);
            }
        }
    }

    /// One request.
    fn once(&self, job: &Job, url: &ProxyUrl) -> Result<Result<Outcome, Fault>, Stop> {
        let Some(client) = self.clients.get(&url.is_secure()) else {
            return Ok(Err(Fault::Unreachable("there is no client for its scheme".to_owned())));
        };
        let limit = match job.file {
            ModuleFile::GoMod => MAX_GO_MOD,
            ModuleFile::Zip => MAX_ZIP,
        };
        let below = source::path(&job.module, job.file.extension());
        let address = url.file(&below);
        // One name per file, however long its own is: each is fetched by one thread.
        let path = self.scratch.path().join(blake3::hash(below.as_bytes()).to_hex().as_str());
        let mut file = fs::create(&path)?;
        let authorization = self.authorization(url);
        let received = client.get(&address, authorization.as_deref(), limit, self.cancel, |bytes| {
            fs::context(file.write_all(bytes), "write", &path)
        });
        let length = match received {
            Ok(length) => length,
            Err(fault) => return Ok(Err(fault)),
        };
        fs::context(file.sync_all(), "write", &path)?;
        let admitted = self.tree.admit(&path, &job.module, job.file, &job.sums, &url.to_string())?;
        Ok(Ok(admitted.map_or_else(Outcome::Mismatch, |()| Outcome::Kept(length))))
    }

    /// The Authorization header: the URL's own credentials, else the netrc file's.
    fn authorization(&self, url: &ProxyUrl) -> Option<String> {
        let login = url.user_info().or_else(|| self.netrc.login(url.authority(), url.host()));
        let login = login.filter(|_| url.may_carry_credentials())?;
        Some(format!("Basic {}", STANDARD.encode(login)))
    }

    fn failing(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u32>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a proxy was done with.
enum Asked {
    Ended(Outcome),
    Failed(Fault, u32),
}
