//! Looking at everything in a store again.

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde::Serialize;

use super::actions::{ACTIONS, RECORD};
use super::cas::CAS;
use super::history::{HISTORY, LAST};
use super::inventory::below;
use super::memo::{MEMO, MEMOS};
use super::{Record, Store, frame};
use crate::fs;
use crate::model::Blake3;
use crate::stat_index;

/// What was looked at, and what was wrong.
#[derive(Debug, Default, Serialize)]
pub struct Verification {
    /// Entries.
    pub entries: u64,
    /// Bytes.
    pub bytes: u64,
    /// Entries that were not what they must be, relative to the store. They were put aside.
    pub damaged: Vec<Utf8PathBuf>,
    /// Records whose content is not there. They were removed: what they speak of is made again.
    pub dangling: Vec<Utf8PathBuf>,
}

impl Store {
    /// Reads everything again, in parallel, and puts aside what is not what it must be.
    ///
    /// # Errors
    /// When a directory cannot be listed or a file cannot be read.
    pub fn verify(&self) -> fs::Result<Verification> {
        let root = self.root();
        // An index is written beside its place: what a killed process was about to write is no entry.
        fs::sweep(&root.join(stat_index::BUCKET), fs::PASSING);
        let passing = |path: &Utf8Path| path.file_name().is_some_and(|name| name.starts_with(fs::PASSING));
        let mut entries: Vec<(Check, Utf8PathBuf, u64)> = Vec::new();
        for (bucket, check) in [
            (CAS, Check::Content),
            (ACTIONS, Check::Action),
            (MEMOS, Check::Frame(MEMO)),
            (HISTORY, Check::Frame(LAST)),
            (stat_index::BUCKET, Check::Index),
        ] {
            let found = below(&root.join(bucket))?;
            entries.extend(
                found
                    .into_iter()
                    .filter(|(path, _)| check != Check::Index || !passing(path))
                    .map(|(path, metadata)| (check, Utf8Path::new(bucket).join(path), metadata.len())),
            );
        }
        // Content first, so that records of damaged content are seen to dangle.
        let (content, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(check, _, _)| *check == Check::Content);
        let mut verification = Verification::default();
        for list in [content, others] {
            let bad: Vec<Option<Bad>> = list
                .par_iter()
                .map(|(check, path, _)| self.check(*check, path))
                .collect::<fs::Result<_>>()?;
            for ((_, path, size), bad) in list.into_iter().zip(bad) {
                verification.entries += 1;
                verification.bytes += size;
                match bad {
                    Some(Bad::Damaged) => verification.damaged.push(path),
                    Some(Bad::Dangling) => verification.dangling.push(path),
                    None => {}
                }
            }
        }
        for compiled in self.compile_entries()? {
            verification.entries += 1;
            verification.bytes += compiled.size;
            let entry = compiled.path.strip_prefix(root).unwrap_or(&compiled.path).to_owned();
            match compiled.entry {
                None if fs::lstat(&compiled.path)?.is_none() => {}
                None => {
                    self.quarantine(&compiled.path);
                    verification.damaged.push(entry);
                }
                Some(found) if !self.holds(&found.blake3, found.size) => {
                    fs::remove_file(&compiled.path)?;
                    verification.dangling.push(entry);
                }
                Some(_) => {}
            }
        }
        Ok(verification)
    }

    fn check(&self, check: Check, entry: &Utf8Path) -> fs::Result<Option<Bad>> {
        let path = self.root().join(entry);
        // `<bucket>/<two digits>/<the others>`.
        let name: String = entry.components().skip(1).map(|part| part.as_str()).collect();
        let stem = name.split('.').next().unwrap_or_default();
        let hash = Blake3::parse(stem);
        let whole = match (check, hash) {
            (Check::Content, Some(hash)) if stem == name => {
                // One that went meanwhile is no damage.
                fs::hash_if_present(&path)?.is_none_or(|found| Blake3::from(found) == hash)
            }
            (Check::Index, _) => fs::read_if_present(&path)?.is_none_or(|bytes| stat_index::is_whole(&bytes)),
            (Check::Frame(what), Some(hash)) if stem == name => {
                fs::read_if_present(&path)?.is_none_or(|bytes| frame::decode(what, &hash, &bytes).is_some())
            }
            (Check::Action, Some(hash)) if name.ends_with(".key") => {
                fs::read_if_present(&path)?.is_none_or(|bytes| Blake3::of(&bytes) == hash)
            }
            (Check::Action, Some(hash)) if name.ends_with(".record") => {
                let Some(bytes) = fs::read_if_present(&path)? else { return Ok(None) };
                let body = frame::decode(RECORD, &hash, &bytes);
                match body.and_then(|body| serde_json::from_slice::<Record>(body).ok()) {
                    Some(record) => {
                        let there = Blake3::parse(&record.artifact.blake3)
                            .is_some_and(|hash| self.holds(&hash, record.artifact.size));
                        if !there {
                            fs::remove_file(&path)?;
                            return Ok(Some(Bad::Dangling));
                        }
                        true
                    }
                    None => false,
                }
            }
            _ => false,
        };
        if whole {
            return Ok(None);
        }
        self.quarantine(&path);
        Ok(Some(Bad::Damaged))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Content,
    Action,
    Frame(&'static str),
    Index,
}

#[derive(Debug, Clone, Copy)]
enum Bad {
    Damaged,
    Dangling,
}
