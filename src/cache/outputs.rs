//! The programs of earlier runs, so that `go build` can see that one is up to date and need not link it again.
//!
//! `go build -o FILE` leaves FILE alone when the build id inside names exactly the inputs at hand; it looks at
//! nothing else of the file. So a program is put in its place only from here, and only when its BLAKE3 is the one
//! that was recorded: what a user did to dist/ never comes back.

use camino::{Utf8Path, Utf8PathBuf};

use crate::fs;
use crate::model::{Digest, SealLevel, Target};

/// Programs by project directory, build, target and seal, so that none comes back under a stronger seal than it had: `outputs-v0/<blake3 of these>/{program,digest}`.
#[derive(Debug)]
pub struct OutputStore {
    dir: Utf8PathBuf,
    seal: SealLevel,
}

/// A program that was put in place before its build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The digest of what was put there.
    pub blake3: String,
}

impl OutputStore {
    /// The store below a cache directory.
    pub fn new(cache_dir: &Utf8Path, seal: SealLevel) -> Self {
        OutputStore { dir: cache_dir.join("outputs-v0"), seal }
    }

    fn entry(&self, module_dir: &Utf8Path, build: &str, target: &Target) -> Utf8PathBuf {
        let name = [module_dir.as_str(), build, &target.to_string(), self.seal.as_str()].join("\0");
        self.dir.join(blake3::hash(name.as_bytes()).to_hex().as_str())
    }

    /// Puts the last program into its place. Anything wrong with the entry is the same as no entry.
    pub fn seed(
        &self,
        module_dir: &Utf8Path,
        build: &str,
        target: &Target,
        output: &Utf8Path,
    ) -> Option<Seed> {
        let entry = self.entry(module_dir, build, target);
        let recorded = fs::read_text(&entry.join("digest")).ok()?;
        fs::create_dir_all(output.parent()?).ok()?;
        fs::copy(&entry.join("program"), output).ok()?;
        let found = Digest::of_reader(fs::open(output).ok()?).ok()?;
        if found.blake3 == recorded.trim() {
            return Some(Seed { blake3: found.blake3 });
        }
        let _ = fs::remove_file(output);
        None
    }

    /// Keeps a program for the next run: the digest goes first and comes last, so that an entry cut short is
    /// never believed.
    pub fn keep(
        &self,
        module_dir: &Utf8Path,
        build: &str,
        target: &Target,
        program: &Utf8Path,
        digest: &Digest,
    ) -> fs::Result<()> {
        let entry = self.entry(module_dir, build, target);
        fs::create_dir_all(&entry)?;
        fs::remove_file(&entry.join("digest"))?;
        fs::copy(program, &entry.join("program"))?;
        fs::write_atomic(&entry.join("digest"), digest.blake3.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_untouched_program_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        let (store, target) =
            (OutputStore::new(&root.join("cache"), SealLevel::Env), Target::new("linux", "amd64"));
        let (program, place) = (root.join("program"), root.join("out/program"));
        fs::write_atomic(&program, b"the bytes").unwrap();
        let digest = Digest::of_bytes(b"the bytes");
        let seed = || store.seed(root, "id", &target, &place);
        assert_eq!(seed(), None);
        store.keep(root, "id", &target, &program, &digest).unwrap();
        assert_eq!(seed().unwrap().blake3, digest.blake3);
        assert_eq!(fs::read(&place).unwrap(), b"the bytes");
        assert_eq!(store.seed(root, "other", &target, &place), None);
        let kept = store.entry(root, "id", &target).join("program");
        fs::write_atomic(&kept, b"The bytes").unwrap();
        assert_eq!(seed(), None);
        assert!(!place.exists());
    }
}
