//! Content by its BLAKE3: `cas-v0/<first two digits>/<the others>`.
//!
//! What is written is hashed as it is written, synced, and only then gets its name; what is read is hashed as it is
//! read. A file that is not what its name says is put aside, and is then as if it had never been there.

use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};

use super::Store;
use crate::fs::{self, FsError, Origin};
use crate::model::{Blake3, Digest, DigestWriter};

pub(super) const CAS: &str = "cas-v0";

/// A copy of a file that is on its way into the store; unless it is admitted, it goes again.
#[derive(Debug)]
pub struct Incoming {
    file: Scratch,
    hash: Blake3,
}

/// A file without a name in the store.
#[derive(Debug)]
struct Scratch(Utf8PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing is there any more where it has got its name.
        let _ = fs::remove_file(&self.0);
    }
}

impl Store {
    /// Where a blob is, if it is there.
    pub fn blob(&self, hash: &Blake3) -> Utf8PathBuf {
        self.place(CAS, hash, "")
    }

    /// Whether a blob of that size is there; its bytes are not looked at.
    pub fn holds(&self, hash: &Blake3, size: u64) -> bool {
        matches!(fs::lstat(&self.blob(hash)), Ok(Some(found)) if found.is_file() && found.len() == size)
    }

    /// Keeps bytes.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn put(&self, bytes: &[u8]) -> fs::Result<Blake3> {
        let hash = Blake3::of(bytes);
        if self.get(&hash)?.is_some() {
            self.wanted(&hash);
        } else {
            let fresh = self.scratch_file()?;
            fs::write_synced(&fresh, bytes)?;
            self.name(&fresh, &hash)?;
        }
        Ok(hash)
    }

    /// Keeps a copy of a file whose BLAKE3 is known.
    ///
    /// # Errors
    /// When it cannot be read or written, or its bytes are not those.
    pub fn put_file(&self, from: &Utf8Path, hash: &Blake3) -> fs::Result<()> {
        if self.is_whole(hash)? {
            self.wanted(hash);
            return Ok(());
        }
        let mut hasher = blake3::Hasher::new();
        let file = self.copy_in(from, &mut hasher)?;
        if Blake3::from(hasher.finalize()) != *hash {
            let source = std::io::Error::other("it changed since it was hashed");
            return Err(FsError { operation: "keep", path: from.to_owned(), source });
        }
        self.admit(Incoming { file, hash: *hash })
    }

    /// Copies a file as far as the store's file system, with the digest of the copy. It is kept when it is
    /// [admitted](Store::admit).
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn receive(&self, from: &Utf8Path) -> fs::Result<(Digest, Incoming)> {
        let mut digest = DigestWriter::new(std::io::sink());
        let file = self.copy_in(from, &mut digest)?;
        let (hash, sha256, size) = digest.finish_raw();
        Ok((Digest::of_raw(&hash, &sha256, size), Incoming { file, hash }))
    }

    /// A copy on the store's file system; `seen` is shown its bytes.
    fn copy_in(&self, from: &Utf8Path, seen: &mut dyn Write) -> fs::Result<Scratch> {
        let file = Scratch(self.scratch_file()?);
        fs::copy_shown(from, Origin::Open, &file.0, 0o444, seen)?;
        Ok(file)
    }

    /// Waits until what was received is on the disk, and gives it its name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn admit(&self, incoming: Incoming) -> fs::Result<()> {
        if self.is_whole(&incoming.hash)? {
            self.wanted(&incoming.hash);
            return Ok(());
        }
        fs::sync(&incoming.file.0)?;
        self.name(&incoming.file.0, &incoming.hash)
    }

    /// Whoever makes room must not take content that a record is about to refer to for an orphan.
    fn wanted(&self, hash: &Blake3) {
        let _ = fs::touch(&self.blob(hash));
    }

    /// Gives a file that was written under a scratch name the name of its content.
    pub(super) fn name(&self, fresh: &Utf8Path, hash: &Blake3) -> fs::Result<()> {
        let place = self.blob(hash);
        self.make_bucket(&place)?;
        if !fs::rename_new(fresh, &place)? {
            // Another process was quicker with the same bytes.
            return fs::remove_file(fresh);
        }
        fs::sync_dir(place.parent().unwrap_or(self.root()))
    }

    /// The bytes of a blob; `None` where it is not there or was damaged.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get(&self, hash: &Blake3) -> fs::Result<Option<Vec<u8>>> {
        let place = self.blob(hash);
        let Some(bytes) = fs::read_if_present(&place)? else { return Ok(None) };
        if Blake3::of(&bytes) == *hash {
            return Ok(Some(bytes));
        }
        self.quarantine(&place);
        Ok(None)
    }

    /// Copies a blob to a new file with these permission bits; `false`, and no file, where it is not there or was
    /// damaged. The bytes that are hashed are those of the copy, or of the blocks that both have.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub fn copy_to(&self, hash: &Blake3, to: &Utf8Path, mode: u32) -> fs::Result<bool> {
        let place = self.blob(hash);
        if fs::lstat(&place)?.is_none() {
            return Ok(false);
        }
        let mut found = blake3::Hasher::new();
        fs::copy_shown(&place, Origin::Fixed, to, mode, &mut found)?;
        if Blake3::from(found.finalize()) == *hash {
            return Ok(true);
        }
        fs::remove_file(to)?;
        // The copy may be what is damaged.
        self.is_whole(hash)?;
        Ok(false)
    }

    /// Whether a blob is there and what its name says; one that is not is put aside.
    pub(super) fn is_whole(&self, hash: &Blake3) -> fs::Result<bool> {
        let place = self.blob(hash);
        let Some(found) = fs::hash_if_present(&place)? else { return Ok(false) };
        if Blake3::from(found) == *hash {
            return Ok(true);
        }
        self.quarantine(&place);
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Utf8PathBuf, Store) {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let store = Store::open(&root.join("store")).unwrap();
        (dir, root, store)
    }

    #[test]
    fn what_comes_back_is_what_went_in() {
        let (_dir, root, store) = store();
        let hash = store.put(b"bytes").unwrap();
        assert_eq!(store.get(&hash).unwrap().unwrap(), b"bytes");
        fs::write_atomic(&root.join("file"), b"more bytes").unwrap();
        let more = Blake3::of(b"more bytes");
        store.put_file(&root.join("file"), &more).unwrap();
        store.put_file(&root.join("file"), &more).unwrap();
        assert!(store.copy_to(&more, &root.join("copy"), 0o755).unwrap());
        assert_eq!(fs::read(&root.join("copy")).unwrap(), b"more bytes");
        assert!(!store.copy_to(&Blake3::of(b"none"), &root.join("none"), 0o644).unwrap());
        assert!(store.put_file(&root.join("file"), &hash).is_ok(), "it is there, so nothing is read");
        assert!(store.put_file(&root.join("file"), &Blake3::of(b"else")).is_err());
        assert_eq!(fs::list(&root.join("store/tmp")).unwrap().len(), 1);
        drop(store);
        assert_eq!(fs::list(&root.join("store/tmp")).unwrap().len(), 0);
    }

    #[test]
    fn an_edit_of_the_copy_does_not_reach_the_store() {
        let (_dir, root, store) = store();
        let hash = store.put(b"bytes").unwrap();
        store.copy_to(&hash, &root.join("copy"), 0o644).unwrap();
        std::io::Write::write_all(&mut fs::create(&root.join("copy")).unwrap(), b"BYTES").unwrap();
        assert_eq!(store.get(&hash).unwrap().unwrap(), b"bytes");
    }

    #[test]
    fn damage_is_found_put_aside_and_mended() {
        let (_dir, root, store) = store();
        for (size, wrong) in [(0, &b"x"[..]), (1, b""), (5000, b"y")] {
            store.take_damage();
            let bytes = vec![7; size];
            let hash = store.put(&bytes).unwrap();
            let damage = || {
                fs::set_mode(&store.blob(&hash), 0o644).unwrap();
                fs::write_atomic(&store.blob(&hash), wrong).unwrap();
            };
            damage();
            assert_eq!(store.get(&hash).unwrap(), None);
            assert_eq!(store.take_damage().len(), 1);
            assert!(!store.holds(&hash, size as u64));
            store.put(&bytes).unwrap();
            damage();
            assert!(!store.copy_to(&hash, &root.join("copy"), 0o644).unwrap());
            assert!(!root.join("copy").exists());
            store.put(&bytes).unwrap();
            damage();
            store.put(&bytes).unwrap();
            assert_eq!(store.get(&hash).unwrap().unwrap(), bytes);
        }
    }
}
