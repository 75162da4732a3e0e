//! What a step has compiled, taken into the store once the step has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;

use camino::Utf8Path;
use rayon::prelude::*;

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
        give_up: &(dyn Fn() -> bool + Sync),
    ) -> fs::Result<Ingested> {
        let lines = journal::read(puts);
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
        // Several actions may come to the same output, and of an action the last word counts.
        let (mut outputs, mut actions, mut hits) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for line in lines {
            match line {
                Line::Put { action, output, size, blake3 } => {
                    outputs.entry(output).or_insert((size, blake3));
                    actions.insert(action, Entry { output, size, blake3, made: now() });
                }
                Line::Hit(action) => {
                    hits.insert(action);
                }
                Line::BadEntry(_) | Line::BadBlob(_) => {}
            }
        }
        // In parallel: at the end of the last step nothing else is left to do.
        let whole: BTreeSet<Id> = outputs
            .par_iter()
            .filter(|_| !give_up())
            .map(|(output, (size, blake3))| {
                let whole = self.take_in(&puts.join(hex(output)), output, *size, blake3)?;
                Ok(whole.then_some(*output))
            })
            .collect::<fs::Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect();
        let good = |entry: &Entry| {
            whole.contains(&entry.output) && outputs.get(&entry.output) == Some(&(entry.size, entry.blake3))
        };
        let given_up = give_up();
        let kept: Vec<_> = actions.par_iter().filter(|(_, entry)| good(entry)).collect();
        kept.par_iter().try_for_each(|(action, entry)| self.index(space, action, entry))?;
        for action in hits.iter().filter(|_| !given_up) {
            touch(&place(&self.index_of(space), action));
        }
        fs::remove_dir_all(puts)?;
        let refused = if given_up { 0 } else { actions.len() - kept.len() };
        Ok(Ingested { kept: kept.len(), refused, hits: hits.len() })
    }

    /// Moves an output into the CAS, if it is one; `false` where something else lies there.
    fn take_in(&self, path: &Utf8Path, output: &Id, size: u64, blake3: &Blake3) -> fs::Result<bool> {
        // BLAKE3 is at its best with this much.
        const PIECE: usize = 128 << 10;
        // No link is followed and no FIFO waited for: the step may have left anything.
        let Ok((file, metadata)) = fs::open_regular(path) else { return Ok(false) };
        // With another name left, somebody could write to it by that.
        if metadata.len() != size || !fs::has_one_name(&metadata) {
            return Ok(false);
        }
        let mut reader = DigestReader::new(&file);
        let mut piece = vec![0; PIECE];
        while fs::context(reader.read(&mut piece), "read", path)? > 0 {}
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
        // Go puts some things that it has not asked for: what the linker said, for one.
        let there = fs::read_if_present(&place).ok().flatten();
        let there = there.and_then(|bytes| Entry::decode(space.name(), action, &bytes));
        if there.is_some_and(|there| Entry { made: entry.made, ..there } == *entry) {
            touch(&place);
            return Ok(());
        }
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::model::SealLevel;
    use camino::Utf8PathBuf;
    use sha2::{Digest as _, Sha256};

    struct Scene {
        _dir: tempfile::TempDir,
        store: Store,
        space: CompileSpace,
        puts: Utf8PathBuf,
        lines: String,
    }

    fn scene() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let store = Store::open(&root.join("store")).unwrap();
        let space = CompileSpace::new(SealLevel::Strict, &Blake3::of(b"tools"));
        store.open_compiled(&space).unwrap();
        fs::create_dir_all(&root.join("puts")).unwrap();
        Scene { _dir: dir, store, space, puts: root.join("puts"), lines: String::new() }
    }

    fn sha256(body: &[u8]) -> Id {
        Sha256::digest(body).into()
    }

    impl Scene {
        fn claim(&mut self, action: u8, body: &[u8]) -> Utf8PathBuf {
            let (output, blake3) = (sha256(body), Blake3::of(body));
            let line = Line::Put { action: [action; 32], output, size: body.len() as u64, blake3 };
            self.lines += &line.text();
            self.puts.join(hex(&output))
        }

        fn ingest(&self, give_up: bool) -> Ingested {
            fs::write_atomic(&self.puts.join(journal::JOURNAL), self.lines.as_bytes()).unwrap();
            let ingested = self.store.ingest(&self.space, &self.puts, &|| give_up).unwrap();
            assert!(!self.puts.exists());
            ingested
        }

        fn kept(&self) -> Vec<u8> {
            let entries = self.store.compile_entries().unwrap();
            let mut kept: Vec<u8> = entries
                .map(|entry| {
                    let found = entry.entry.unwrap_or_else(|| panic!("{} is damaged", entry.path));
                    assert_eq!(entry.level, Some(SealLevel::Strict));
                    assert!(self.store.is_whole(&found.blake3).unwrap());
                    found.size as u8
                })
                .collect();
            kept.sort_unstable();
            kept
        }
    }

    #[test]
    fn only_what_is_what_it_is_said_to_be_is_kept() {
        let mut scene = scene();
        let write = |path: &Utf8Path, body: &[u8]| fs::write_new(path, body).unwrap();
        write(&scene.claim(1, b"1"), b"1");
        // The same output of another action.
        scene.claim(2, b"1");
        // What follows is refused, each for another reason: other bytes, another size, a link, a directory, a second
        // name, nothing.
        write(&scene.claim(3, b"333"), b"33x");
        write(&scene.claim(4, b"4444"), b"44444");
        write(&scene.puts.join("real"), b"55555");
        fs::symlink("real".into(), &scene.claim(5, b"55555")).unwrap();
        fs::create_dir_all(&scene.claim(6, b"666666")).unwrap();
        write(&scene.claim(7, b"7777777"), b"7777777");
        std::fs::hard_link(scene.claim(7, b"7777777"), scene.puts.join("second name")).unwrap();
        scene.claim(8, b"88888888");
        // The parent finds another BLAKE3 than was said.
        let output = sha256(b"999999999");
        let line = Line::Put { action: [9; 32], output, size: 9, blake3: Blake3::of(b"else") };
        scene.lines += &line.text();
        write(&scene.puts.join(hex(&output)), b"999999999");
        // And at the end one more that is good.
        write(&scene.claim(10, b"10 is good"), b"10 is good");
        scene.lines += "put ../../../etc/passwd ../x 1 y\n";
        let ingested = scene.ingest(false);
        assert_eq!((ingested.kept, ingested.refused), (3, 7));
        assert_eq!(scene.kept(), [1, 1, 10]);
        let blob = scene.store.blob(&Blake3::of(b"1"));
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::lstat(&blob).unwrap().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o444);
    }

    #[test]
    fn who_gives_up_leaves_the_rest() {
        let mut scene = scene();
        let path = scene.claim(1, b"1");
        fs::write_new(&path, b"1").unwrap();
        assert_eq!(scene.ingest(true), Ingested::default());
        assert!(scene.kept().is_empty());
    }

    #[test]
    fn what_a_step_calls_damaged_is_looked_at_first() {
        let mut scene = scene();
        let path = scene.claim(1, b"1");
        fs::write_new(&path, b"1").unwrap();
        scene.ingest(false);
        fs::create_dir_all(&scene.puts).unwrap();
        scene.lines = Line::BadEntry([1; 32]).text() + &Line::BadBlob(Blake3::of(b"1")).text();
        scene.lines += &(Line::BadEntry([9; 32]).text() + &Line::BadBlob(Blake3::of(b"9")).text());
        scene.ingest(false);
        assert_eq!(scene.store.take_damage(), []);
        assert_eq!(scene.kept(), [1]);
    }

    #[test]
    fn a_damaged_blob_in_the_way_is_replaced() {
        let mut scene = scene();
        let blob = scene.store.blob(&Blake3::of(b"body"));
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::write_new(&blob, b"BODY").unwrap();
        let path = scene.claim(1, b"body");
        fs::write_new(&path, b"body").unwrap();
        assert_eq!(scene.ingest(false).kept, 1);
        assert_eq!(fs::read(&blob).unwrap(), b"body");
        assert_eq!(scene.store.take_damage().len(), 1);
    }

    #[test]
    fn entries_that_were_of_use_are_touched_once_an_hour() {
        let mut scene = scene();
        let path = scene.claim(1, b"1");
        fs::write_new(&path, b"1").unwrap();
        scene.ingest(false);
        let entry = place(&scene.store.index_of(&scene.space), &[1; 32]);
        let age = |age: u64| {
            let then = std::time::SystemTime::now() - Duration::from_secs(age);
            fs::open(&entry).unwrap().set_modified(then).unwrap();
            fs::create_dir_all(&scene.puts).unwrap();
            let hit = Line::Hit([1; 32]).text();
            fs::write_atomic(&scene.puts.join(journal::JOURNAL), hit.as_bytes()).unwrap();
            scene.store.ingest(&scene.space, &scene.puts, &|| false).unwrap();
            fs::lstat(&entry).unwrap().unwrap().modified().unwrap().elapsed().unwrap().as_secs()
        };
        assert!(age(3700) < 60);
        assert!(age(1800) >= 1800);
    }

    #[test]
    fn damaged_and_stray_files_of_the_index_are_listed() {
        let mut scene = scene();
        let path = scene.claim(1, b"1");
        fs::write_new(&path, b"1").unwrap();
        scene.ingest(false);
        let index = scene.store.index_of(&scene.space);
        fs::write_new(&index.join("stray"), b"").unwrap();
        let entry = place(&index, &[1; 32]);
        let bytes = fs::read(&entry).unwrap();
        fs::remove_file(&entry).unwrap();
        fs::write_new(&entry, &bytes[1..]).unwrap();
        let found: Vec<_> = scene.store.compile_entries().unwrap().collect();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|each| each.entry.is_none() && each.used.is_some()), "{found:?}");
    }
}
