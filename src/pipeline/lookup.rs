//! What the store knows of the planned programs, before anything is run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};

use crate::cache::{ActionKind, EncodedKey, Record, Store};
use crate::fs;
use crate::model::{Blake3, Digest, Proof, SealLevel, Target};
use crate::plan::BuildPlan;
use crate::seal::{BuildKey, KeyContext, Listing, Sources, scan};

/// What the keys of a run are made from.
pub(super) struct Keys<'k> {
    pub(super) store: &'k Store,
    pub(super) sources: &'k Sources<'k>,
    pub(super) context: KeyContext<'k>,
    /// See [`Sources::heads`].
    pub(super) heads: Blake3,
    /// What the file system said of the source when it was looked at.
    pub(super) fingerprint: Option<Blake3>,
    /// Directories that are no input.
    pub(super) no_input: &'k [Utf8PathBuf],
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

impl Keys<'_> {
    /// The key of a build, if it is known which files it reads.
    ///
    /// # Errors
    /// When a file or the store cannot be read.
    pub(super) fn key(&self, target: &Target, build: &BuildPlan) -> fs::Result<Option<EncodedKey>> {
        let question = EncodedKey::of(&self.context.list_key(target, build, self.heads));
        let Some(record) = self.store.record(&question.hash)? else { return Ok(None) };
        let Some(hash) = Blake3::parse(&record.artifact.blake3) else { return Ok(None) };
        let answer = self.store.get(&hash)?;
        let listing: Option<Listing> = answer.and_then(|answer| serde_json::from_slice(&answer).ok());
        match listing {
            Some(listing) => {
                self.store.used(&question.hash);
                self.key_of(target, build, &listing)
            }
            None => Ok(None),
        }
    }

    /// The key of a build that reads these files; `None` when one of them is not there.
    pub(super) fn key_of(
        &self,
        target: &Target,
        build: &BuildPlan,
        listing: &Listing,
    ) -> fs::Result<Option<EncodedKey>> {
        self.sources.learn(listing.files.iter().chain(&listing.embeds).map(String::as_str))?;
        let digest = |path: &str| self.sources.facts(path).map(|facts| facts.blake3);
        Ok(self.context.build_key(target, build, listing, &digest).ok().map(|key| EncodedKey::of(&key)))
    }

    /// Whether a key is still what the source says. What a build reads while somebody writes it belongs to no key.
    pub(super) fn still_hold(&self, key: &EncodedKey, staging: Option<&Utf8Path>) -> bool {
        let dir = self.sources.dir();
        let no_input: Vec<&Utf8Path> =
            self.no_input.iter().map(Utf8PathBuf::as_path).chain(staging).collect();
        let Ok(now) = scan(dir, &no_input) else { return false };
        if now.fingerprint(dir).is_none_or(|fingerprint| self.fingerprint != Some(fingerprint)) {
            let now = Sources::new(self.store.root(), dir, &now, self.sources.vendor());
            if now.heads().ok() != Some(self.heads) {
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
        let question = EncodedKey::of(&self.context.list_key(target, build, self.heads));
        let answer = serde_json::to_vec(listing).unwrap_or_default();
        self.store.put(&answer)?;
        let record = Record {
            kind: ActionKind::List,
            artifact: Digest::of_bytes(&answer),
            seal: Some(seal),
            vendor: None,
            messages: String::new(),
            milliseconds: milliseconds(took),
            made: now(),
        };
        self.store.keep(&question, &record)
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
