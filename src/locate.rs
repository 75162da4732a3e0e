//! Where the project is.

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::Source;
use crate::fs::{self, FsError};

/// The name of the file that describes a project.
pub const FILE_NAME: &str = "targets.toml";

/// A project on disk.
#[derive(Debug)]
pub struct Location {
    /// The directory of targets.toml; of go.work or go.mod where there is no targets.toml.
    pub root: Utf8PathBuf,
    /// targets.toml.
    pub source: Option<Source>,
    /// Where xbuild was asked to look from, below `root`; without a targets.toml only programs at or below it are
    /// built.
    pub asked: Utf8PathBuf,
}

/// Nothing to build.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// No project at or above a directory.
    #[error("no {FILE_NAME} and no go.mod or go.work in {dir} or above it")]
    Nothing {
        /// Where the search began.
        dir: Utf8PathBuf,
    },
    /// A directory or file cannot be read.
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// Finds the project of a directory: the nearest directory upwards that holds a targets.toml, a go.mod or a
/// go.work. A targets.toml or go.work above a module's go.mod is another project's.
pub fn locate(dir: &Utf8Path) -> Result<Location, LocateError> {
    let dir = fs::canonical(dir)?;
    for root in dir.ancestors() {
        let path = root.join(FILE_NAME);
        if let Some(text) = fs::read_text_if_present(&path)? {
            let source = Some(Source { path: FILE_NAME.into(), text });
            return Ok(Location { root: root.to_owned(), source, asked: dir.clone() });
        }
        if ["go.mod", "go.work"].iter().any(|name| root.join(name).is_file()) {
            return Ok(Location { root: root.to_owned(), source: None, asked: dir.clone() });
        }
    }
    Err(LocateError::Nothing { dir })
}
