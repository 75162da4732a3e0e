//! What a step has compiled, taken into the store once the step has ended.

use std::collections::HashMap;
use std::time::Duration;

use camino::Utf8Path;

use super::entry::{Entry, Id, place};
use super::journal::{self, Line};
use super::{CompileSpace, now};
use crate::cache::Store;
use crate::fs;
use crate::model::{Blake3, DigestReader, hex};

/// What came of a step's puts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Actions whose output is kept.
    pub kept: usize,
    /// Those that are not, because what lay there was not what was claimed.
    pub refused: usize,
    /// Entries of earlier runs that were of use.
    pub hits: usize,
}

impl Store {
    /// Takes in what a step has left in its directory of puts, notes which entries were of use, and puts aside what it
    /// found damaged. The directory is gone afterwards. All processes of the step must have ended.
    ///
    /// Of what the step says only this is believed: that Go's action came to these bytes. What they are, this reads
    /// itself. When `give_up` says so, the rest is left: it is compiled again some day.
    ///
    /// Nothing of this is synced. A cold build has some thousand outputs, and a wait for the disk after each would cost
    /// more than all of it; what a power cut tears is found by its hash when it is read, and compiled again.
    ///
    /// # Errors
    /// When an output that is what it must be cannot be kept.
    pub fn ingest(
        &self,
        space: &CompileSpace,
        puts: &Utf8Path,
        give_up: &dyn Fn() -> bool,
    ) -> fs::Result<Ingested> {
        let lines = journal::read(puts);
        let mut ingested = Ingested::default();
        // What is damaged goes first: its place is wanted by what was compiled instead.
        for line in &lines {
            match line {
                Line::BadEntry(action) => self.recheck_entry(space, action),
                Line::BadBlob(blake3) => {
                    // What cannot be read now is left to whoever meets it next.
                    let _ = self.is_whole(blake3);
                }
                Line::Put { .. } | Line::Hit(_) => {}
            }
        }
        let mut known = HashMap::new();
        for line in lines {
            if give_up() {
                break;
            }
            match line {
                Line::Put { action, output, size, blake3 } => {
                    let whole = match known.get(&output) {
                        Some(found) => *found == (size, blake3),
                        None => self.take_in(&puts.join(hex(&output)), &output, size, &blake3)?,
                    };
                    if !whole {
                        ingested.refused += 1;
                        continue;
                    }
                    known.insert(output, (size, blake3));
                    self.index(space, &action, &Entry { output, size, blake3, made: now() })?;
                    ingested.kept += 1;
                }
                Line::Hit(action) => {
                    ingested.hits += 1;
                    touch(&place(&self.index_of(space), &action));
                }
                Line::BadEntry(_) | Line::BadBlob(_) => {}
            }
        }
        fs::remove_dir_all(puts)?;
        Ok(ingested)
    }

    /// Moves an output into the CAS, if it is one; `false` where something else lies there.
    fn take_in(&self, path: &Utf8Path, output: &Id, size: u64, blake3: &Blake3) -> fs::Result<bool> {
        // No link is followed and no FIFO waited for: the step may have left anything.
        let Ok((file, metadata)) = fs::open_regular(path) else { return Ok(false) };
        // With another name left, somebody could write to it by that.
        if metadata.len() != size || !fs::has_one_name(&metadata) {
            return Ok(false);
        }
        let mut reader = DigestReader::new(&file);
        fs::context(std::io::copy(&mut reader, &mut std::io::sink()), "read", path)?;
        let (found, sha256, read) = reader.finish_raw();
        if (found, sha256, read) != (*blake3, *output, size) {
            return Ok(false);
        }
        fs::make_read_only(&file, path)?;
        let blob = self.blob(blake3);
        if self.is_whole(blake3)? {
            return Ok(true);
        }
        if let Some(bucket) = blob.parent() {
            fs::create_dir_all(bucket)?;
        }
        fs::rename(path, &blob).map(|()| true)
    }

    fn index(&self, space: &CompileSpace, action: &Id, entry: &Entry) -> fs::Result<()> {
        let place = place(&self.index_of(space), action);
        let fresh = self.scratch_file()?;
        let bytes = entry.encode(space.name(), action);
        let written = fs::write_new(&fresh, &bytes).and_then(|()| {
            if let Some(bucket) = place.parent() {
                fs::create_dir_all(bucket)?;
            }
            fs::rename(&fresh, &place)
        });
        if written.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        written
    }

    /// A step says that an entry is damaged: only what this finds damaged as well is put aside.
    fn recheck_entry(&self, space: &CompileSpace, action: &Id) {
        let path = place(&self.index_of(space), action);
        if let Ok(Some(bytes)) = fs::read_if_present(&path)
            && Entry::decode(space.name(), action, &bytes).is_none()
        {
            self.quarantine(&path);
        }
    }
}

/// Notes that an entry is still of use, at most once an hour.
fn touch(path: &Utf8Path) {
    const OFTEN: Duration = Duration::from_secs(3600);
    let age = fs::lstat(path).ok().flatten().and_then(|found| found.modified().ok()?.elapsed().ok());
    if age.is_some_and(|age| age > OFTEN) {
        let _ = fs::touch(path);
    }
}
