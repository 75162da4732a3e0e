//! All entries of the index, for whoever verifies, counts or removes them.

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::entry::{Entry, parse};
use super::{COMPILED, CompileSpace};
use crate::cache::Store;
use crate::fs;
use crate::model::SealLevel;

/// An entry as it lies in the store.
#[derive(Debug, Clone)]
pub struct CompileEntry {
    /// Its file.
    pub path: Utf8PathBuf,
    /// The level of the seal that it was compiled behind; `None` where the path tells none.
    pub level: Option<SealLevel>,
    /// What it says; `None` where it is damaged, or lies where no entry belongs.
    pub entry: Option<Entry>,
    /// When it was made or last of use, to the hour.
    pub used: Option<SystemTime>,
    /// Its own size in bytes, without its blob.
    pub size: u64,
}

impl Store {
    /// Every entry of the index, read and checked one by one. The blobs are not looked at; several entries may name the
    /// same one, also of different levels.
    ///
    /// # Errors
    /// When a directory cannot be listed.
    pub fn compile_entries(&self) -> fs::Result<impl Iterator<Item = CompileEntry>> {
        let root = self.root().join(COMPILED);
        let found = if root.is_dir() { fs::survey(&root, &|_| false)? } else { Vec::new() };
        Ok(found.into_iter().map(move |(relative, metadata)| {
            let path = root.join(&relative);
            let entry = if metadata.is_file() { read(&relative, &path) } else { None };
            let level = relative.components().next().and_then(|level| SealLevel::parse(level.as_str()));
            CompileEntry { path, level, entry, used: metadata.modified().ok(), size: metadata.len() }
        }))
    }
}

fn read(relative: &Utf8Path, path: &Utf8Path) -> Option<Entry> {
    let parts: Vec<&str> = relative.components().map(|part| part.as_str()).collect();
    let [level, tools, head, tail] = parts[..] else { return None };
    let action = parse(&format!("{head}{tail}")).filter(|_| head.len() == 2)?;
    let space = CompileSpace { name: format!("{}/{}", SealLevel::parse(level)?, tools) };
    Entry::decode(space.name(), &action, &fs::read_if_present(path).ok()??)
}
