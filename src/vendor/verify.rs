//! Holds vendor/ against vendor.lock, and both against go.sum, modules.txt and the directories of local replaces.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::consistency::ModulesTxt;
use super::error::VendorError;
use super::lock::{LOCK_NAME, LockedModule, VendorLock};
use super::owner::{Owners, always_copied, relative};
use crate::fs;
use crate::model::{Digest, ModuleVersion, go_file, go_sum_lines, hex};
use crate::stat_index::{Found, StatIndex};

/// What is held against each other.
pub(super) struct Subject<'s> {
    /// The directory that holds `vendor` and vendor.lock.
    pub(super) root: &'s Utf8Path,
    /// vendor.lock.
    pub(super) lock: &'s [u8],
    /// vendor/modules.txt.
    pub(super) modules_txt: &'s str,
    /// go.sum.
    pub(super) go_sum: &'s str,
    /// The project's directory, where the directories of local replaces are to be compared.
    pub(super) locals: Option<&'s Utf8Path>,
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the directory of vendor/.
    pub path: String,
    /// What is wrong with it.
    pub cause: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name may hold anything; on a line of its own it holds no other line.
        write!(f, "{}: {}", self.path.escape_debug(), self.cause)
    }
}

/// What was proven, and what that took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Files below vendor/.
    pub files: usize,
    /// Modules that they are of.
    pub modules: usize,
    /// Wall time.
    pub elapsed: Duration,
}

/// Every file below vendor/ is what go.sum says of its module, none is missing and none was added.
///
/// # Errors
/// [`VendorError::Changed`] with all that is wrong, and what cannot be read.
pub(super) fn verify(subject: &Subject<'_>, index: &mut StatIndex) -> Result<Verified, VendorError> {
    let started = Instant::now();
    let lock = VendorLock::parse(subject.lock)
        .map_err(|source| VendorError::Lock { path: subject.root.join(LOCK_NAME), source })?;
    let listed = ModulesTxt::parse(subject.modules_txt);
    let owners = Owners::of(&listed);
    let mut check = Check { lock: &lock, listed: &listed, owners: &owners, findings: BTreeSet::new() };
    if Digest::of_bytes(subject.modules_txt.as_bytes()).sha256 != lock.modules_txt {
        check.add("vendor/modules.txt", "it is not the one that vendor.lock was made with".to_owned());
    }
    check.modules();
    check.sums(subject.go_sum);
    check.left_out();
    let paths = vendored(subject.root)?;
    let mut seen = BTreeSet::new();
    for batch in paths.chunks(BATCH) {
        check.files(batch, &index.look_up(batch)?, &mut seen);
    }
    check.missing(&seen);
    if let Some(dir) = subject.locals {
        check.locals(dir, index)?;
    }
    if !check.findings.is_empty() {
        let findings = check.findings.into_iter().collect();
        return Err(VendorError::Changed { dir: subject.root.to_owned(), findings });
    }
    let verified = Verified { files: paths.len(), modules: lock.modules.len(), elapsed: started.elapsed() };
    Ok(verified)
}

/// Files at a time, so that not everything that is known of all of them is in memory at once.
const BATCH: usize = 8192;

/// The paths from `root` of all files below `vendor`, but for modules.txt.
pub(super) fn vendored(root: &Utf8Path) -> Result<Vec<Utf8PathBuf>, VendorError> {
    let found = fs::walk(&root.join("vendor"), |_| false)?.into_iter();
    let found = found.filter(|(path, _)| path != "modules.txt");
    Ok(found.map(|(path, _)| Utf8Path::new("vendor").join(path)).collect())
}

/// The path of a vendored file below `vendor`.
pub(super) fn below_vendor(path: &Utf8Path) -> &str {
    path.as_str().strip_prefix("vendor/").unwrap_or(path.as_str())
}

struct Check<'c> {
    lock: &'c VendorLock,
    listed: &'c ModulesTxt,
    owners: &'c Owners<'c>,
    findings: BTreeSet<Finding>,
}

impl<'c> Check<'c> {
    fn add(&mut self, path: impl Into<String>, cause: String) {
        self.findings.insert(Finding { path: path.into(), cause });
    }

    /// The lock speaks of the modules that modules.txt lists packages of, and of no other.
    fn modules(&mut self) {
        let (lock, listed) = (self.lock, self.listed);
        let with_packages: BTreeSet<&ModuleVersion> = listed.packages.values().collect();
        let mut paths = BTreeSet::new();
        for module in &with_packages {
            if !paths.insert(&module.path) {
                self.add("vendor/modules.txt", format!("it lists {} at two versions", module.path));
            }
            match lock.modules.iter().find(|locked| locked.module == **module) {
                None => self
                    .add(LOCK_NAME, format!("{module} has packages in vendor/modules.txt and is not listed")),
                Some(locked) if locked.replacement.as_ref() != listed.replacement(module) => {
                    self.add(LOCK_NAME, format!("{module} is replaced otherwise in vendor/modules.txt"));
                }
                Some(_) => {}
            }
        }
        for locked in lock.modules.iter().filter(|locked| !with_packages.contains(&locked.module)) {
            self.add(
                LOCK_NAME,
                format!("{} is listed, and vendor/modules.txt has no package of it", locked.module),
            );
        }
        for (package, module) in &listed.packages {
            if relative(module, package).is_none() {
                self.add("vendor/modules.txt", format!("it lists {package} as a package of {module}"));
            }
        }
    }

    /// Each list comes to the sum that go.sum has.
    fn sums(&mut self, go_sum: &str) {
        let mut sums: BTreeMap<ModuleVersion, BTreeSet<String>> = BTreeMap::new();
        for (module, sum) in go_sum_lines(go_sum) {
            sums.entry(module).or_default().insert(sum);
        }
        for locked in &self.lock.modules {
            let (Some(source), Some(sum), Some(computed)) =
                (locked.source(), &locked.sum, locked.computed_sum())
            else {
                continue;
            };
            if computed != *sum {
                self.add(
                    LOCK_NAME,
                    format!("the files listed for {source} come to {computed}, not to {sum}"),
                );
            }
            let known = sums.get(&source);
            match known.map(|known| known.iter().collect::<Vec<_>>()).as_deref() {
                None | Some([]) => self.add("go.sum", format!("it has no line for {source}")),
                Some([known]) if *known == sum => {}
                Some([known]) => {
                    self.add("go.sum", format!("it has {known} for {source}, and vendor.lock has {sum}"))
                }
                Some(_) => self.add("go.sum", format!("its lines for {source} contradict each other")),
            }
        }
    }

    /// What `go mod vendor` copies whatever is in it cannot be left out.
    fn left_out(&mut self) {
        for locked in &self.lock.modules {
            for package in self.owners.packages_of(&locked.module) {
                let inside = if package.is_empty() { String::new() } else { format!("{package}/") };
                let start = locked.files.partition_point(|file| file.path < inside);
                let direct: Vec<_> = locked.files[start..]
                    .iter()
                    .map_while(|file| Some((file.path.strip_prefix(&inside)?, file)))
                    .filter(|(name, _)| !name.is_empty() && !name.contains('/'))
                    .collect();
                for (name, file) in &direct {
                    if !file.vendored && always_copied(name) {
                        let cause = "`go mod vendor` copies it, and vendor.lock has it as left out";
                        self.add(place(&locked.module, &file.path), cause.to_owned());
                    }
                }
                if !direct.iter().any(|(name, file)| file.vendored && name.ends_with(".go")) {
                    let cause = "vendor/modules.txt lists the package, and vendor.lock has no Go file of it";
                    self.add(place(&locked.module, package).trim_end_matches('/'), cause.to_owned());
                }
            }
        }
    }

    /// Each of these files is its module's. `seen` gets what they are there.
    fn files<'p>(
        &mut self,
        paths: &'p [Utf8PathBuf],
        found: &[Found],
        seen: &mut BTreeSet<(&'c ModuleVersion, &'p str)>,
    ) {
        let modules: BTreeMap<&ModuleVersion, &'c LockedModule> =
            self.lock.modules.iter().map(|locked| (&locked.module, locked)).collect();
        for (whole, found) in paths.iter().zip(found) {
            let path = below_vendor(whole);
            let owners: Vec<(&'c LockedModule, &'p str)> = self
                .owners
                .of_file(path)
                .into_iter()
                .filter_map(|owner| Some((*modules.get(owner)?, relative(owner, path)?)))
                .collect();
            let cause = match found {
                Found::File(facts) => match place_of(&owners, &hex(&facts.sha256)) {
                    Ok((locked, path)) => {
                        seen.insert((&locked.module, path));
                        continue;
                    }
                    Err(cause) => cause,
                },
                Found::Link => "it is a symbolic link".to_owned(),
                Found::Other => "it is a FIFO, socket or device".to_owned(),
                Found::Nothing => "it vanished while it was looked at".to_owned(),
            };
            seen.extend(owners.iter().map(|(locked, path)| (&locked.module, *path)));
            self.add(whole.as_str(), cause);
        }
    }

    /// None of a module's files is missing.
    fn missing(&mut self, seen: &BTreeSet<(&ModuleVersion, &str)>) {
        for locked in &self.lock.modules {
            for file in locked.files.iter().filter(|file| file.vendored) {
                if !seen.contains(&(&locked.module, file.path.as_str())) {
                    self.add(place(&locked.module, &file.path), "it is missing".to_owned());
                }
            }
        }
    }

    /// What a directory in place of a module holds is what was copied from it.
    fn locals(&mut self, dir: &Utf8Path, index: &mut StatIndex) -> Result<(), VendorError> {
        for locked in &self.lock.modules {
            let Some((with, None)) = &locked.replacement else { continue };
            if !dir.join(with).is_dir() {
                continue;
            }
            let origin = |path: &str| Utf8Path::new(with).join(path);
            let paths: Vec<Utf8PathBuf> = locked.files.iter().map(|file| origin(&file.path)).collect();
            for (file, found) in locked.files.iter().zip(index.look_up(&paths)?) {
                if !matches!(&found, Found::File(facts) if hex(&facts.sha256) == file.sha256) {
                    let cause = format!("it is not what {} is now", origin(&file.path));
                    self.add(place(&locked.module, &file.path), cause);
                }
            }
            for package in self.owners.packages_of(&locked.module) {
                for path in fresh_files(&dir.join(with), package, locked)? {
                    let cause = format!("it is missing, and {} is there", origin(&path));
                    self.add(place(&locked.module, &path), cause);
                }
            }
        }
        Ok(())
    }
}

/// A file of a module by its path from the directory of vendor/.
fn place(module: &ModuleVersion, path: &str) -> String {
    format!("vendor/{}/{path}", module.path)
}

/// The line that a file matches; else what is wrong with the file.
pub(super) fn place_of<'l, 'p>(
    owners: &[(&'l LockedModule, &'p str)],
    sha256: &str,
) -> Result<(&'l LockedModule, &'p str), String> {
    let lines = || owners.iter().filter_map(|(locked, path)| Some((*locked, *path, locked.file(path)?)));
    let same = || lines().filter(|(_, _, file)| file.sha256 == sha256);
    if let Some((locked, path, _)) = same().find(|(_, _, file)| file.vendored) {
        return Ok((locked, path));
    }
    if let Some((locked, _, _)) = same().next() {
        return Err(format!("vendor.lock has it as left out of {}", locked.module));
    }
    if let Some((locked, _, _)) = lines().next() {
        return Err(format!("its bytes are not those of {}", locked.module));
    }
    let Some((locked, path)) = owners.first() else {
        return Err("no module that is vendored has its directory".to_owned());
    };
    let other = locked.files.iter().find(|file| file.path.eq_ignore_ascii_case(path));
    Err(match other {
        Some(other) => format!("{} has it as {}", locked.module, other.path),
        None => format!("{} has no such file", locked.module),
    })
}

/// Files of a package's directory that `go mod vendor` would copy and that are not listed, relative to the module.
fn fresh_files(root: &Utf8Path, package: &str, locked: &LockedModule) -> Result<Vec<String>, VendorError> {
    let dir = root.join(package);
    let mut fresh = Vec::new();
    for name in if dir.is_dir() { fs::list(&dir)? } else { Vec::new() } {
        let path = if package.is_empty() { name.clone() } else { format!("{package}/{name}") };
        let regular = fs::lstat(&dir.join(&name))?.is_some_and(|metadata| metadata.is_file());
        if !regular || name.ends_with("_test.go") || locked.file(&path).is_some() {
            continue;
        }
        // Of Go files only those stay behind whose constraint names `ignore`.
        let ignored = || {
            Ok::<_, VendorError>(
                go_file::header(&fs::read(&dir.join(&name))?).windows(6).any(|word| word == b"ignore"),
            )
        };
        if always_copied(&name) || (name.ends_with(".go") && !ignored()?) {
            fresh.push(path);
        }
    }
    Ok(fresh)
}
