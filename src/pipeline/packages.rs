//! One package: already in dist/, from the store, or made by its recipe.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::lookup::{milliseconds, now};
use super::target::Shared;
use crate::cache::{ActionKind, EncodedKey, Record, Store};
use crate::event::Event;
use crate::fs::{self, FsError};
use crate::model::{Artifact, ArtifactKind, Blake3, Digest, Target};
use crate::package::{Entry, PackageInputs, Program, contents, package};
use crate::plan::PackagePlan;
use crate::stat_index::{Found, StatIndex};

/// What a package's bytes depend on.
#[derive(Debug, Serialize)]
struct PackageKey<'k> {
    format: &'static str,
    /// Another version may write the same contents otherwise.
    writer: &'static str,
    recipe: &'k str,
    package: &'static str,
    epoch: i64,
    /// Name inside, permission bits, digest.
    entries: Vec<(&'k str, u32, Blake3)>,
}

/// What all packages of a run share: the digests of the files that recipes take from the project.
pub(super) struct Packaging {
    root: Utf8PathBuf,
    index: Mutex<StatIndex>,
}

impl Packaging {
    /// `root` is the directory of the project.
    pub(super) fn new(store: &Store, root: &Utf8Path) -> Self {
        // A name of its own: the index of the source has the same root, and is written by others meanwhile.
        let index = StatIndex::named(store.root(), root, "package");
        Packaging { root: root.to_owned(), index: Mutex::new(index) }
    }

    /// The digest of a file of the project; links are followed, as packaging does.
    fn digest(&self, path: &Utf8Path) -> fs::Result<Blake3> {
        let relative =
            path.strip_prefix(&self.root).map(Utf8Path::to_owned).unwrap_or_else(|_| path.to_owned());
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Found::File(facts)) = index.look_up(&[relative])?.pop() {
            return Ok(facts.blake3);
        }
        match fs::hash_if_present(path)? {
            Some(hash) => Ok(hash.into()),
            None => {
                let source = std::io::Error::from(std::io::ErrorKind::NotFound);
                Err(FsError { operation: "read", path: path.to_owned(), source })
            }
        }
    }

    /// Keeps what was learnt for the next run.
    pub(super) fn save(&self) {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = index.save(|path| fs::lstat(&self.root.join(path)).is_ok_and(|found| found.is_some()));
    }
}

/// The package of a target's programs, which are among `artifacts`.
pub(super) fn package_one(
    shared: &Shared<'_>,
    target: &Target,
    wanted: &PackagePlan,
    artifacts: &mut [Artifact],
) -> Result<Artifact, String> {
    let started = Instant::now();
    let recipe = shared.recipes.iter().find(|recipe| recipe.name == wanted.recipe);
    let recipe = recipe.ok_or_else(|| format!("the recipe {} is gone", wanted.recipe))?;
    let inside = |artifact: &&mut Artifact| {
        artifact.kind == ArtifactKind::Binary && wanted.builds.contains(&artifact.id)
    };
    let mut inside: Vec<&mut Artifact> = artifacts.iter_mut().filter(inside).collect();
    let place = |artifact: &Artifact| match &artifact.staged {
        Some(staged) => staged.clone(),
        // It is not read from here unless it has to be.
        None => shared.plan.settings.dist.value.join(&artifact.path),
    };
    let programs: Vec<Program> = inside
        .iter()
        .map(|artifact| Program {
            id: artifact.id.clone(),
            name: artifact.name.clone(),
            path: place(artifact),
        })
        .collect();
    let project = &shared.plan.project;
    let settings = &shared.plan.settings;
    let inputs = PackageInputs {
        recipe,
        programs: &programs,
        directories: &[&project.module_dir, &project.root],
        leave_out: &[&settings.dist.value, &settings.cache_dir.value],
        values: &wanted.values(project, target),
    };
    let mut entries = contents(&inputs).map_err(|error| format!("{error}; {}", error.next_step()))?;
    let plain = |error: FsError| format!("{error}; {}", error.next_step());
    let epoch = project.version.epoch;
    let digest = |entry: &Entry| -> Result<Blake3, String> {
        let program = programs.iter().position(|program| program.path == entry.path);
        match program.and_then(|program| Blake3::parse(&inside[program].digest.blake3)) {
            Some(hash) => Ok(hash),
            None => shared.packaging.digest(&entry.path).map_err(plain),
        }
    };
    let hashes: Vec<Blake3> = entries.iter().map(digest).collect::<Result<_, _>>()?;
    let key = EncodedKey::of(&PackageKey {
        format: "xbuild package 0",
        writer: env!("CARGO_PKG_VERSION"),
        recipe: &recipe.digest,
        package: wanted.format.as_str(),
        epoch,
        entries: entries
            .iter()
            .zip(&hashes)
            .map(|(entry, hash)| (entry.name.as_str(), entry.mode, *hash))
            .collect(),
    });
    let made = |digest: Digest, staged: Option<Utf8PathBuf>| Artifact {
        kind: ArtifactKind::Archive,
        name: wanted.file.clone(),
        path: Utf8PathBuf::from(&wanted.file),
        staged,
        target: Some(target.clone()),
        id: wanted.recipe.clone(),
        binaries: programs.iter().map(|program| program.name.clone()).collect(),
        format: wanted.format.as_str().to_owned(),
        seal: None,
        vendor: None,
        digest,
    };
    let claims = |artifact: Artifact, inside: &[&mut Artifact]| Artifact {
        seal: inside.iter().filter_map(|program| program.seal).min(),
        vendor: inside.iter().filter_map(|program| program.vendor).reduce(crate::model::Proof::and),
        ..artifact
    };
    if let Some((digest, staged)) = kept(shared, wanted, &key) {
        return Ok(claims(made(digest, staged), &inside));
    }
    // Programs that are in dist/ already are taken from the store: what a user does to dist/ gets into no package.
    for (program, artifact) in programs.iter().zip(&mut inside) {
        if artifact.staged.is_none() {
            let path = shared.staging.place(&artifact.path).map_err(plain)?;
            let hash = Blake3::parse(&artifact.digest.blake3);
            let copied = hash.map_or(Ok(false), |hash| shared.store.copy_to(&hash, &path, 0o755));
            if !copied.map_err(plain)? {
                let left = format!("the store has lost {}; run xbuild again", artifact.path);
                // So that the next run builds it.
                let _ = fs::remove_file(&program.path);
                return Err(left);
            }
            for entry in entries.iter_mut().filter(|entry| entry.path == program.path) {
                entry.path.clone_from(&path);
            }
            artifact.staged = Some(path);
        }
    }
    let output = shared.staging.place(Utf8Path::new(&wanted.file)).map_err(plain)?;
    let digest = package(&entries, wanted.format, epoch, &output)
        .map_err(|error| format!("{error}; {}", error.next_step()))?;
    // A file that has changed since its digest was taken is in the package, and not in the key.
    let unchanged = entries.iter().zip(&hashes).all(|(entry, hash)| {
        entry.path.starts_with(shared.staging.path().unwrap_or(&entry.path))
            || shared.packaging.digest(&entry.path).is_ok_and(|now| now == *hash)
    });
    if unchanged && let Err(error) = keep(shared, &key, &digest, &output, started) {
        let text = format!("the next run has to make {} again: {error}", wanted.file);
        shared.listener.event(&Event::Note(text));
    }
    Ok(claims(made(digest, Some(output)), &inside))
}

/// A package that was made before, in dist/ or fetched from the store.
fn kept(
    shared: &Shared<'_>,
    wanted: &PackagePlan,
    key: &EncodedKey,
) -> Option<(Digest, Option<Utf8PathBuf>)> {
    let record = shared.store.record(&key.hash).ok()??;
    let digest = record.artifact;
    let path = Utf8PathBuf::from(&wanted.file);
    let there = shared.dist?.have(&[(path.clone(), &digest)]).ok()?.first() == Some(&true);
    shared.store.used(&key.hash);
    if there {
        return Some((digest, None));
    }
    let place = shared.staging.place(&path).ok()?;
    let copied = shared.store.copy_to(&Blake3::parse(&digest.blake3)?, &place, 0o644).ok()?;
    copied.then_some((digest, Some(place)))
}

fn keep(
    shared: &Shared<'_>,
    key: &EncodedKey,
    digest: &Digest,
    output: &Utf8Path,
    started: Instant,
) -> fs::Result<()> {
    let Some(hash) = Blake3::parse(&digest.blake3) else { return Ok(()) };
    shared.store.put_file(output, &hash)?;
    let record = Record {
        kind: ActionKind::Package,
        artifact: digest.clone(),
        seal: None,
        vendor: None,
        messages: String::new(),
        milliseconds: milliseconds(started.elapsed()),
        made: now(),
    };
    shared.store.keep(key, &record)
}
