//! Go's compile cache: `compile-v0/<seal>/<SDK>/<first two digits>/<the others>`, and the CAS.
//!
//! Go asks a program of ours (GOCACHEPROG, since Go 1.24), which is this program once more, called as
//! `xbuild __gocache` within the step. It finds an action in the index, reads the blob that the entry names, and tells
//! Go of it only when its BLAKE3 is that of the entry. What Go puts, it lays down beside the step's other files: the
//! step can write neither index nor CAS. When the step has ended, [`Store::ingest`] takes that in.
//!
//! Each level of the seal has an index of its own, so that nothing that a weaker seal let in is part of what a stronger
//! one vouches for, and so has each SDK: Go tells the compilers of a release apart by nothing but their version.

#[cfg(test)]
mod conversations;
mod entries;
mod entry;
mod ingest;
mod journal;
mod protocol;
mod serve;

use std::time::UNIX_EPOCH;

use camino::Utf8PathBuf;

pub use entries::CompileEntry;
pub use entry::Entry;
pub use ingest::Ingested;
pub use serve::serve;

use super::{Store, cas::CAS};
use crate::fs;
use crate::model::{Blake3, SealLevel};

/// The first argument of a call as Go's cache.
pub const CALL: &str = "__gocache";

/// The index.
pub(super) const COMPILED: &str = "compile-v0";

/// The part of the index that a step is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileSpace {
    name: String,
}

impl CompileSpace {
    /// What is compiled behind a seal, by the SDK whose tools have this digest.
    pub fn new(level: SealLevel, tools: &Blake3) -> Self {
        CompileSpace { name: format!("{level}/{tools}") }
    }

    /// Its name, which is also in each of its entries.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Store {
    /// Where the index of a space is.
    pub fn index_of(&self, space: &CompileSpace) -> Utf8PathBuf {
        self.root().join(COMPILED).join(&space.name)
    }

    /// Where the blobs are.
    pub fn blobs(&self) -> Utf8PathBuf {
        self.root().join(CAS)
    }

    /// A GOCACHE in which is nothing. Go makes 256 directories in one that has not got them, also where a program is
    /// its cache and nothing ever comes into them; making and removing these took as long as a tenth of a link.
    pub fn empty_go_cache(&self) -> Utf8PathBuf {
        self.root().join("gocache-v1/empty")
    }

    /// Makes the directories that a step reads; they must be there when it is shut in.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn open_compiled(&self, space: &CompileSpace) -> fs::Result<()> {
        /// Source: `Open` in cmd/go/internal/cache.
        const PARTS: usize = 256;
        let empty = self.empty_go_cache();
        if fs::list(&empty).map_or(0, |parts| parts.len()) < PARTS {
            for part in 0..PARTS {
                fs::create_dir_all(&empty.join(format!("{part:02x}")))?;
            }
        }
        fs::create_dir_all(&self.index_of(space))?;
        fs::create_dir_all(&self.blobs())
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
