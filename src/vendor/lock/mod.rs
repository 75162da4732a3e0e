//! vendor.lock: what ties every file below vendor/ to a line of go.sum.
//!
//! go.sum's `h1:` of a module is the SHA-256 of the sorted list of `sha256  path` of every file in its zip (`Hash1` of
//! golang.org/x/mod/sumdb/dirhash). The lock carries that list, so that the sum can be computed again without the zip,
//! and says of each file whether it is in vendor/. It lies beside go.mod or go.work, is sorted, and has a line per file,
//! so that two branches merge as far as they touch different modules:
//!
//! ```text
//! xbuild vendor.lock 1
//! modules.txt 0c3c…                                       SHA-256 of vendor/modules.txt
//!
//! module example.com/one v1.2.0                           as in modules.txt
//! sum h1:dbKTrvD0klcbBV/h4AWJdMuZogJACoMlvWIWZ5b2xWg=     as in go.sum
//! . 9f86…  go.mod                                         in the zip, not in vendor/
//! + 60b7…  one.go                                         in both; the path is relative to the module
//!
//! module example.com/two v1.0.0 => example.com/fork v1.1.0
//! sum h1:…                                                of example.com/fork v1.1.0
//! + …
//!
//! module example.com/three v1.0.0 => ./three              a directory has no sum; its list holds what is in vendor/
//! + …
//! ```
//!
//! Modules of which modules.txt lists no package have no files in vendor/ and are not in the lock. There is one way to
//! write a lock: whatever differs from it in a byte is refused with the line's number.

mod h1;
mod parse;

use std::fmt;

pub use parse::LockError;

use crate::model::ModuleVersion;

/// The name of the file.
pub const LOCK_NAME: &str = "vendor.lock";

const FIRST_LINE: &str = "xbuild vendor.lock 1";

/// A whole vendor.lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorLock {
    /// SHA-256 of vendor/modules.txt, lower-case hexadecimal.
    pub modules_txt: String,
    /// The modules that have files in vendor/, by path and version.
    pub modules: Vec<LockedModule>,
}

/// A module and its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedModule {
    /// Path and version, as required.
    pub module: ModuleVersion,
    /// What replaces it: a module's path and its version, or a directory.
    pub replacement: Option<(String, Option<String>)>,
    /// The `h1:` sum; `None` for a directory.
    pub sum: Option<String>,
    /// Every file of the zip, or every vendored file of a directory, by path.
    pub files: Vec<LockedFile>,
}

/// A file of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedFile {
    /// Whether it is in vendor/.
    pub vendored: bool,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Relative to the module.
    pub path: String,
}

impl VendorLock {
    /// Reads a lock, which must be what [`VendorLock`]'s own words are, byte for byte.
    ///
    /// # Errors
    /// The first line that is not as it is written, counted from one.
    pub fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        parse::parse(bytes)
    }
}

impl LockedModule {
    /// The module whose zip the files are of: the replacement where there is one. `None` for a directory.
    pub fn source(&self) -> Option<ModuleVersion> {
        match &self.replacement {
            None => Some(self.module.clone()),
            Some((_, None)) => None,
            Some((path, Some(version))) => {
                Some(ModuleVersion { path: path.clone(), version: version.clone() })
            }
        }
    }

    /// The sum that the list comes to; `None` for a directory.
    pub fn computed_sum(&self) -> Option<String> {
        self.source().map(|source| h1::sum(&source, &self.files))
    }

    /// The file at a path relative to the module.
    pub fn file(&self, path: &str) -> Option<&LockedFile> {
        let index = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }
}

impl fmt::Display for VendorLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nmodules.txt {}", self.modules_txt)?;
        self.modules.iter().try_for_each(|module| write!(f, "\n{module}"))
    }
}

impl fmt::Display for LockedModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "module {} {}", self.module.path, self.module.version)?;
        match &self.replacement {
            None => writeln!(f)?,
            Some((path, None)) => writeln!(f, " => {path}")?,
            Some((path, Some(version))) => writeln!(f, " => {path} {version}")?,
        }
        if let Some(sum) = &self.sum {
            writeln!(f, "sum {sum}")?;
        }
        for file in &self.files {
            writeln!(f, "{} {}  {}", if file.vendored { '+' } else { '.' }, file.sha256, file.path)?;
        }
        Ok(())
    }
}
