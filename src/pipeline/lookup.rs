//! What the store knows of the planned programs, before anything is run.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::prepare::Prepared;
use super::sealing::no_input;
use super::vendoring::Vendored;
use crate::cache::{ActionKind, EncodedKey, Record, Store};
use crate::event::TargetReport;
use crate::fs;
use crate::model::{Blake3, Digest, ModuleVersion, Proof, SealLevel, Target};
use crate::plan::{BuildPlan, TargetPlan};
use crate::seal::{BuildKey, KeyContext, Listing, SdkKey, Sources, scan};
use crate::vendor::VendorTree;

/// The keys of a run: those of the last run where nothing has changed by the file system's word, else made from what the
/// files say.
pub(super) struct Keys<'k> {
    prepared: &'k Prepared,
    vendor: &'k VendorTree,
    pub(super) sources: Sources<'k>,
    /// Directories that are no input.
    no_input: Vec<Utf8PathBuf>,
    /// Keys of the last run, by target and build.
    known: HashMap<(String, String), Blake3>,
    name: Option<Blake3>,
    /// What has to be read first to make one.
    read: OnceLock<Read<'k>>,
}

struct Read<'k> {
    context: KeyContext<'k>,
    /// See [`Sources::heads`].
    heads: Blake3,
}

/// The name under which the keys of a run are remembered.
#[derive(Serialize)]
struct Name<'n> {
    format: &'static str,
    root: &'n Utf8Path,
    source: Blake3,
    stored: Option<Blake3>,
    sdk: Blake3,
    project: &'n str,
    workspace: bool,
    targets: &'n [TargetPlan],
    versions: &'n [ModuleVersion],
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    /// Target, build, key.
    keys: Vec<(String, String, Blake3)>,
}

/// What is asked of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// The weakest seal that will do.
    pub(super) seal: SealLevel,
    /// What is known of the vendored files now: a program of which less was known is built again.
    pub(super) vendor: Proof,
}

impl Demand {
    /// Whether a record says enough.
    pub(super) fn accepts(&self, record: &Record) -> bool {
        let proven = record.vendor.unwrap_or(Proof::Unverified).suffices_for(self.vendor);
        record.kind == ActionKind::Build && record.seal >= Some(self.seal) && proven
    }
}

impl<'k> Keys<'k> {
    /// The keys of what is prepared.
    pub(super) fn of(prepared: &'k Prepared, vendored: &'k Vendored) -> Self {
        let plan = &prepared.plan;
        let (vendor, dir) = (&vendored.tree, &plan.project.module_dir);
        let settings = &plan.settings;
        let whole = vendor.dir.is_none() || vendored.stored.is_some();
        let name = prepared.fingerprint.filter(|_| whole).map(|source| {
            let name = Name {
                format: "keys 0",
                root: dir,
                source,
                stored: vendored.stored,
                sdk: prepared.identity.goroot_blake3,
                project: &plan.project.name,
                workspace: plan.project.workspace.is_some(),
                targets: &plan.targets,
                versions: &vendor.modules,
            };
            EncodedKey::of(&name).hash
        });
        let known = name.and_then(|name| prepared.store.recall::<Remembered>(&name));
        let keys = known.map(|known| known.keys).unwrap_or_default();
        Keys {
            prepared,
            vendor,
            sources: Sources::new(prepared.store.root(), dir, &prepared.source, vendor.dir.as_deref()),
            no_input: no_input(&[&settings.dist.value, &settings.cache_dir.value]),
            known: keys.into_iter().map(|(target, build, key)| ((target, build), key)).collect(),
            name,
            read: OnceLock::new(),
        }
    }

    /// The key's name, if the last run knew it and nothing has changed.
    pub(super) fn known(&self, target: &Target, build: &BuildPlan) -> Option<Blake3> {
        self.known.get(&(target.to_string(), build.id.clone())).copied()
    }

    /// Keeps the names of a run's keys for the next one; without them it makes them again, and that is all.
    pub(super) fn remember<'r>(&self, reports: impl Iterator<Item = &'r TargetReport>) {
        let mut keys = Vec::new();
        for report in reports {
            let target = report.target.to_string();
            keys.extend(
                report.builds.iter().filter_map(|build| Some((target.clone(), build.id.clone(), build.key?))),
            );
        }
        let news = keys.len() > self.known.len();
        if let Some(name) = self.name.filter(|_| news && self.prepared.source.settled()) {
            let _ = self.prepared.store.remember(&name, &Remembered { keys });
        }
    }

    fn store(&self) -> &Store {
        &self.prepared.store
    }

    fn read(&self) -> fs::Result<&Read<'k>> {
        if let Some(read) = self.read.get() {
            return Ok(read);
        }
        let files = self.prepared.modules.files();
        let about_modules = files.iter().map(|path| path.as_str()).chain(["vendor/modules.txt"]);
        let modules: BTreeMap<String, Blake3> = self.sources.digests(about_modules)?;
        let identity = &self.prepared.identity;
        let context = KeyContext {
            plan: &self.prepared.plan,
            sdk: SdkKey { version: identity.version.clone(), digest: identity.goroot_blake3 },
            modules,
            versions: &self.vendor.modules,
        };
        let heads = self.sources.heads()?;
        Ok(self.read.get_or_init(|| Read { context, heads }))
    }

    /// The key of a build, if it is known which files it reads.
    ///
    /// # Errors
    /// When a file or the store cannot be read.
    pub(super) fn key(&self, target: &Target, build: &BuildPlan) -> fs::Result<Option<EncodedKey>> {
        let read = self.read()?;
        let question = EncodedKey::of(&read.context.list_key(target, build, read.heads));
        let Some(record) = self.store().record(&question.hash)? else { return Ok(None) };
        let Some(hash) = Blake3::parse(&record.artifact.blake3) else { return Ok(None) };
        let answer = self.store().get(&hash)?;
        let listing: Option<Listing> = answer.and_then(|answer| serde_json::from_slice(&answer).ok());
        match listing {
            Some(listing) => {
                self.store().used(&question.hash);
                self.key_of(target, build, &listing)
            }
            None => Ok(None),
        }
    }

    /// The key of a build that reads these files; `None` when one of them is not there.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn key_of(
        &self,
        target: &Target,
        build: &BuildPlan,
        listing: &Listing,
    ) -> fs::Result<Option<EncodedKey>> {
        let context = &self.read()?.context;
        self.sources.learn(listing.files.iter().chain(&listing.embeds).map(String::as_str))?;
        let digest = |path: &str| self.sources.facts(path).map(|facts| facts.blake3);
        Ok(context.build_key(target, build, listing, &digest).ok().map(|key| EncodedKey::of(&key)))
    }

    /// Whether a key is still what the source says. What a build reads while somebody writes it belongs to no key.
    pub(super) fn still_hold(&self, key: &EncodedKey, staging: Option<&Utf8Path>) -> bool {
        let dir = self.sources.dir();
        let no_input: Vec<&Utf8Path> =
            self.no_input.iter().map(Utf8PathBuf::as_path).chain(staging).collect();
        let Ok(now) = scan(dir, &no_input) else { return false };
        let own = self.prepared.fingerprint;
        if own.is_some() && now.fingerprint(dir) == own {
            // A file that had not settled may have another content all the same.
            if self.prepared.source.settled() && self.sources.vendor().is_none() {
                return true;
            }
        } else {
            let now = Sources::new(self.store().root(), dir, &now, self.sources.vendor());
            let heads = self.read().map(|read| read.heads).ok();
            if heads.is_none() || now.heads().ok() != heads {
                return false;
            }
        }
        let Ok(key) = serde_json::from_slice::<BuildKey>(&key.json) else { return false };
        let files = [&key.files, &key.embeds, &key.modules].into_iter().flatten();
        self.sources.are(files.map(|(path, digest)| (path.as_str(), *digest))).unwrap_or(false)
    }

    /// Keeps the answer to the question which files a build reads.
    pub(super) fn keep_listing(
        &self,
        target: &Target,
        build: &BuildPlan,
        listing: &Listing,
        seal: SealLevel,
        took: Duration,
    ) -> fs::Result<()> {
        let read = self.read()?;
        let question = EncodedKey::of(&read.context.list_key(target, build, read.heads));
        let answer = serde_json::to_vec(listing).unwrap_or_default();
        self.store().put(&answer)?;
        let record = Record {
            kind: ActionKind::List,
            artifact: Digest::of_bytes(&answer),
            seal: Some(seal),
            vendor: None,
            messages: String::new(),
            milliseconds: milliseconds(took),
            made: now(),
        };
        self.store().keep(&question, &record)
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A duration as records have it.
pub(super) fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
