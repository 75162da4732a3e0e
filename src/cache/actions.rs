//! What actions came to: `actions-v0/<first two digits of the key>/<the others>.key` and `.record`.
//!
//! A key is everything that an action's result depends on, as one JSON value; its BLAKE3 is its name. The record says
//! what came of it, and is written last: an entry without a record is none.

use serde::{Deserialize, Serialize};

use super::{Store, frame};
use crate::fs;
use crate::model::{Blake3, Digest, Proof, SealLevel};

pub(super) const ACTIONS: &str = "actions-v0";
pub(super) const RECORD: &str = "record 0";

/// A key in the one form that is hashed.
#[derive(Debug, Clone)]
pub struct EncodedKey {
    /// Its name.
    pub hash: Blake3,
    /// Its JSON.
    pub json: Vec<u8>,
}

impl EncodedKey {
    /// Encodes a key. Its maps must be ordered, so that equal keys have equal bytes.
    pub fn of(key: &impl Serialize) -> Self {
        // Structs, strings and maps with string keys: this cannot fail.
        let json = serde_json::to_vec(key).unwrap_or_default();
        EncodedKey { hash: Blake3::of(&json), json }
    }
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What it was: `build`, `package` or `list`.
    pub kind: ActionKind,
    /// The file that it made, which is in the CAS.
    pub artifact: Digest,
    /// How strongly it was shut in; `None` where xbuild itself did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<SealLevel>,
    /// What was known of the vendored files then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Proof>,
    /// What compiler and linker said.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub messages: String,
    /// What it took, in milliseconds of wall time.
    pub milliseconds: u64,
    /// When it ended, in seconds since 1970.
    pub made: u64,
}

/// What an action was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionKind {
    /// A `go build`.
    Build,
    /// A package by a recipe.
    Package,
    /// A `go list`.
    List,
}

impl Store {
    /// The record of a key; `None` where there is none or it was damaged.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn record(&self, key: &Blake3) -> fs::Result<Option<Record>> {
        let path = self.place(ACTIONS, key, ".record");
        let Some(bytes) = fs::read_if_present(&path)? else { return Ok(None) };
        let record = frame::decode(RECORD, key, &bytes).and_then(|body| serde_json::from_slice(body).ok());
        if record.is_none() {
            self.quarantine(&path);
        }
        Ok(record)
    }

    /// Keeps what came of a key. The artifact must be in the CAS already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, key: &EncodedKey, record: &Record) -> fs::Result<()> {
        self.write(&self.place(ACTIONS, &key.hash, ".key"), &key.json)?;
        let body = serde_json::to_vec(record).unwrap_or_default();
        self.write(&self.place(ACTIONS, &key.hash, ".record"), &frame::encode(RECORD, &key.hash, &body))
    }

    /// The JSON of a key; `None` where it is not there or was damaged.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn key(&self, hash: &Blake3) -> fs::Result<Option<Vec<u8>>> {
        let path = self.place(ACTIONS, hash, ".key");
        let Some(json) = fs::read_if_present(&path)? else { return Ok(None) };
        if Blake3::of(&json) == *hash {
            return Ok(Some(json));
        }
        self.quarantine(&path);
        Ok(None)
    }

    /// Notes that a record is still of use, at most once an hour.
    pub fn used(&self, key: &Blake3) {
        const OFTEN: std::time::Duration = std::time::Duration::from_secs(3600);
        let path = self.place(ACTIONS, key, ".record");
        let recent = fs::lstat(&path).ok().flatten().and_then(|found| found.modified().ok()?.elapsed().ok());
        if recent.is_some_and(|age| age > OFTEN) {
            let _ = fs::touch(&path);
        }
    }
}
