//! Modules that cannot be built together, or at all.

use camino::Utf8PathBuf;

use crate::fs::FsError;
use crate::model::GoModError;

/// Why the project has no modules.
#[derive(Debug, thiserror::Error)]
pub enum ModuleSetError {
    /// The project's directory holds no module.
    #[error("{dir} holds no go.mod")]
    NoModule {
        /// The directory that `[project] dir` names, or the one of targets.toml.
        dir: Utf8PathBuf,
    },
    /// A go.mod or go.work cannot be read as one.
    #[error("{path}: {source}")]
    Parse {
        /// Which file.
        path: Utf8PathBuf,
        /// What is wrong.
        source: GoModError,
    },
    /// go.work has no `use`.
    #[error("{path} lists no module")]
    NoMember {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A `use` names what cannot be a module of this workspace.
    #[error("{path}: line {line}: `use {dir}` {cause}")]
    Use {
        /// The file.
        path: Utf8PathBuf,
        /// Counted from one.
        line: usize,
        /// The directory, as written.
        dir: String,
        /// What is wrong with it.
        cause: String,
        /// What to do.
        help: &'static str,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl ModuleSetError {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            ModuleSetError::NoModule { .. } => "name the module's directory as `dir` in [project]".to_owned(),
            ModuleSetError::Parse { path, .. } if path.file_name() == Some("go.work") => {
                "run `go work edit -fmt` in that directory to see it in Go's words".to_owned()
            }
            ModuleSetError::Parse { .. } => {
                "run `go mod edit -fmt` in that directory to see it in Go's words".to_owned()
            }
            ModuleSetError::NoMember { .. } => {
                "add the modules with `go work use DIR`, or take the file away".to_owned()
            }
            ModuleSetError::Use { help, .. } => (*help).to_owned(),
            ModuleSetError::Fs(error) => error.next_step(),
        }
    }
}
