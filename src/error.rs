//! Every way in which a run as a whole can fail, and the one place that maps them to exit codes and next steps.

use crate::cancel::Reason;
use crate::config::{ConfigError, SettingError};
use crate::exit_code::ExitCode;
use crate::fs::FsError;
use crate::locate::LocateError;
use crate::module_set::ModuleSetError;
use crate::plan::PlanError;
use crate::process::ProcessError;
use crate::seal::SealError;
use crate::toolchain::SdkError;
use crate::vendor::VendorError;

/// Why a run ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line contradicts itself.
    #[error("{message}")]
    Usage {
        /// Subject and cause.
        message: String,
        /// What to do.
        help: String,
    },
    /// There is no project.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// A settings file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A variable is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// There is no usable SDK.
    #[error(transparent)]
    Sdk(#[from] SdkError),
    /// The project's modules cannot be read.
    #[error(transparent)]
    Modules(#[from] ModuleSetError),
    /// The request cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// `go list` failed.
    #[error("the module's packages cannot be listed: {0}")]
    List(ProcessError),
    /// There is no vendor tree.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// The source cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A file or directory.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The run was ended from outside.
    #[error("ended by a signal")]
    Cancelled(Reason),
}

impl Error {
    /// The documented exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Error::Usage { .. } => ExitCode::Usage,
            Error::Locate(LocateError::Nothing { .. }) | Error::Modules(ModuleSetError::NoModule { .. }) => {
                ExitCode::Config
            }
            Error::Config(_) | Error::Setting(_) => ExitCode::Config,
            Error::Sdk(_) => ExitCode::Sdk,
            Error::Plan(error) if error.is_usage() => ExitCode::Usage,
            Error::Plan(_) => ExitCode::Config,
            Error::Vendor(VendorError::Fs(_) | VendorError::Process(ProcessError::Start { .. })) => {
                ExitCode::System
            }
            Error::Vendor(VendorError::Proxy { .. }) => ExitCode::Config,
            Error::Vendor(
                VendorError::Changed { .. }
                | VendorError::Lock { .. }
                | VendorError::NoLock { .. }
                | VendorError::Unpacked { .. },
            ) => ExitCode::Changed,
            Error::List(_) | Error::Vendor(_) => ExitCode::Modules,
            Error::Seal(SealError::Fs(_) | SealError::NoSeal { .. })
            | Error::Fs(_)
            | Error::Modules(ModuleSetError::Fs(_))
            | Error::Locate(LocateError::Fs(_)) => ExitCode::System,
            Error::Modules(_) => ExitCode::Modules,
            Error::Seal(_) => ExitCode::Config,
            Error::Cancelled(Reason::Signal(signal)) => ExitCode::Signal(*signal),
            Error::Cancelled(Reason::FailFast) => ExitCode::TargetFailed,
        }
    }

    /// What to do about it; nothing where the message says it all.
    pub fn next_step(&self) -> Option<String> {
        Some(match self {
            Error::Usage { help, .. } => help.clone(),
            Error::Locate(LocateError::Nothing { .. }) => {
                "run xbuild in a Go module, or name one with -C DIR; `xbuild init` writes a targets.toml"
                    .to_owned()
            }
            Error::Locate(LocateError::Fs(error)) | Error::Fs(error) => error.next_step(),
            Error::Config(_) | Error::Cancelled(_) => return None,
            // The store is the one setting without a default for everybody.
            Error::Setting(error) if error.value.is_empty() => {
                format!("name one with {} or --cache-dir", error.origin)
            }
            Error::Setting(error) => format!("set {} to {}, or unset it", error.origin, error.expected),
            Error::Sdk(error) => error.next_step(),
            Error::Modules(error) => error.next_step(),
            Error::Plan(error) => error.next_step(),
            Error::List(_) => "mend what Go names, then run xbuild again".to_owned(),
            Error::Vendor(error) => error.next_step(),
            Error::Seal(error) => error.next_step(),
        })
    }
}
