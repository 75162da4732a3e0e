//! From programs and a recipe to a package.
//!
//! Takes the programs of one target, a recipe and the project's directories; writes one file whose bytes depend on
//! nothing else: entries sorted by name, owner 0, one time for all, one thread, one compressor.

mod contents;
mod tar_gz;
mod zip_file;

use camino::{Utf8Path, Utf8PathBuf};

pub use contents::Entry;

use crate::config::{Format, Recipe, Values};
use crate::fs::FsError;
use crate::model::Digest;

/// A program that goes into packages.
#[derive(Debug, Clone)]
pub struct Program {
    /// The build's id.
    pub id: String,
    /// Its file name.
    pub name: String,
    /// Where it is.
    pub path: Utf8PathBuf,
}

/// What one package is made from.
pub struct PackageInputs<'p> {
    /// The recipe.
    pub recipe: &'p Recipe,
    /// The target's programs, those that belong inside.
    pub programs: &'p [Program],
    /// Where the recipe's globs look: the first directory in which one matches counts.
    pub directories: &'p [&'p Utf8Path],
    /// Directories that no glob enters.
    pub leave_out: &'p [&'p Utf8Path],
    /// Values for names.
    pub values: &'p Values,
}

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Two files would have one name inside.
    #[error("the recipe {recipe} puts both {first} and {second} at {name}")]
    SameName {
        /// The recipe.
        recipe: String,
        /// The name inside the package.
        name: String,
        /// One.
        first: Utf8PathBuf,
        /// The other.
        second: Utf8PathBuf,
    },
    /// A name cannot be inside a package.
    #[error("the recipe {recipe} makes the name {name:?}, which cannot be inside a package")]
    Name {
        /// The recipe.
        recipe: String,
        /// The name.
        name: String,
    },
    /// A glob that cannot be read.
    #[error("the recipe {recipe} has the glob {glob:?}: {cause}")]
    Glob {
        /// The recipe.
        recipe: String,
        /// The glob.
        glob: String,
        /// What is wrong.
        cause: String,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl PackageError {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            PackageError::SameName { .. } | PackageError::Name { .. } => {
                "change a `dest` in the recipe".to_owned()
            }
            PackageError::Glob { .. } => "mend the glob in the recipe".to_owned(),
            PackageError::Fs(error) => error.next_step(),
        }
    }
}

/// What a package will hold. Together with the format and the time of its entries this decides every byte of it.
///
/// # Errors
/// When the recipe and the files do not come to a package.
pub fn contents(inputs: &PackageInputs<'_>) -> Result<Vec<Entry>, PackageError> {
    contents::entries(inputs)
}

/// Writes a package of these entries and returns its digest. `epoch` is the time of every entry, in seconds since 1970.
///
/// # Errors
/// When a file cannot be read or written.
pub fn package(
    entries: &[Entry],
    format: Format,
    epoch: i64,
    output: &Utf8Path,
) -> Result<Digest, PackageError> {
    match format {
        Format::TarGz => Ok(tar_gz::write(entries, epoch, output)?),
        Format::Zip => Ok(zip_file::write(entries, epoch, output)?),
    }
}
