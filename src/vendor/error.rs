//! What can go wrong before there is a vendor tree.

use camino::Utf8PathBuf;

use super::lock::LockError;
use super::online::{CauseKind, Mismatch, Unfetched};
use super::verify::Finding;
use crate::fs::FsError;
use crate::model::ModuleVersion;
use crate::process::ProcessError;

/// Why there is no vendor tree.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    /// vendor/ was made from another go.mod or go.work.
    #[error("{vendor} does not agree with {file}:{}", list(points))]
    Inconsistent {
        /// The directory.
        vendor: Utf8PathBuf,
        /// go.mod or go.work.
        file: &'static str,
        /// `mod` or `work`.
        command: &'static str,
        /// Each disagreement.
        points: Vec<String>,
    },
    /// A `replace` names a directory by its absolute path.
    #[error("{file} replaces {module} by the absolute path {with}, which exists on this host only")]
    AbsoluteReplace {
        /// The go.mod or go.work, relative to the project.
        file: Utf8PathBuf,
        /// The replaced module.
        module: String,
        /// The path.
        with: String,
    },
    /// A `replace` names a directory that is not there.
    #[error("{file} replaces {module} by {with}, where there is no directory")]
    NoReplacement {
        /// The go.mod or go.work, relative to the project.
        file: Utf8PathBuf,
        /// The replaced module.
        module: String,
        /// The path.
        with: String,
    },
    /// Modules are not on this host.
    #[error("{} module(s) are not on this host:{}", modules.len(), list(modules))]
    Missing {
        /// The project.
        dir: Utf8PathBuf,
        /// Each module.
        modules: Vec<ModuleVersion>,
        /// Where they were looked for.
        looked_in: Vec<String>,
    },
    /// GOPROXY, `--proxy` or the address of an HTTP proxy cannot be understood.
    #[error("the modules' proxies cannot be asked: {cause}")]
    Proxy {
        /// What is wrong, without credentials.
        cause: String,
    },
    /// Files that the project needs did not come.
    #[error("{} file(s) of modules were not fetched:{}", files.len(), some(files))]
    Unfetched {
        /// Each file with its causes.
        files: Vec<Unfetched>,
    },
    /// Files came that are not what go.sum says.
    #[error("{} file(s) of modules are not what go.sum says:{}", files.len(), some(files))]
    Mismatch {
        /// Each file.
        files: Vec<Mismatch>,
    },
    /// The run ended while modules were fetched.
    #[error("the modules were not fetched to the end")]
    Ended,
    /// `go mod vendor` or `go work vendor` failed for another reason.
    #[error("`go {command} vendor` failed in {dir}:{}", list(message.lines()))]
    Failed {
        /// `mod` or `work`.
        command: &'static str,
        /// The project.
        dir: Utf8PathBuf,
        /// What it said.
        message: String,
    },
    /// vendor.lock cannot be read as one.
    #[error("{path}: {source}")]
    Lock {
        /// Which file.
        path: Utf8PathBuf,
        /// What is wrong.
        source: LockError,
    },
    /// vendor/ has no lock, and one is asked for.
    #[error("{dir} holds {}", if *vendor { "a vendor/ and no vendor.lock, so nothing proves what is in it" } else { "neither vendor/ nor vendor.lock" })]
    NoLock {
        /// The project.
        dir: Utf8PathBuf,
        /// Whether there is a vendor/.
        vendor: bool,
    },
    /// There is no vendor/ to make a lock for.
    #[error("{dir} holds no vendor/modules.txt to make a lock for")]
    NoTree {
        /// The project.
        dir: Utf8PathBuf,
    },
    /// vendor/, vendor.lock and go.sum do not match.
    #[error("vendor/, vendor.lock and go.sum of {dir} do not match:{}", some(findings))]
    Changed {
        /// The project.
        dir: Utf8PathBuf,
        /// Everything that was found, by path.
        findings: Vec<Finding>,
    },
    /// The store's module cache is not what go.sum says.
    #[error("the modules in {dir} are not what go.sum says:{}", some(findings))]
    Unpacked {
        /// The module cache.
        dir: Utf8PathBuf,
        /// Everything that was found in the tree made from it, by path.
        findings: Vec<Finding>,
    },
    /// A `//go:embed` names what the module does not hold.
    #[error("{package} embeds {pattern}, and no file of its module matches that")]
    Embed {
        /// The import path.
        package: String,
        /// The pattern.
        pattern: String,
    },
    /// A module's zip cannot be used.
    #[error("{path} is no zip of a module: {cause}")]
    Zip {
        /// The zip.
        path: Utf8PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Go did not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
}

fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!("\n  {item}")).collect()
}

/// The first of a list that may be as long as go.sum.
fn some<T: std::fmt::Display>(items: &[T]) -> String {
    const SHOWN: usize = 20;
    let more = items.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    list(items.iter().take(SHOWN)) + &rest
}

impl VendorError {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            VendorError::Inconsistent { vendor, command, .. } => format!(
                "run `go {command} vendor` in {} where its modules can be had, or remove {vendor} to let xbuild vendor \
                 into its cache",
                vendor.parent().unwrap_or(vendor)
            ),
            VendorError::AbsoluteReplace { file, .. } => format!("write the path relative to {file}"),
            VendorError::NoReplacement { with, file, .. } => {
                format!("bring {with} along, or take the `replace` out of {file}")
            }
            VendorError::Missing { dir, looked_in, .. } => {
                let places = if looked_in.is_empty() {
                    "no module cache and no file:// GOPROXY".to_owned()
                } else {
                    looked_in.join(", ")
                };
                format!(
                    "looked in {places}. Where there is a network, run `xbuild vendor` in {dir} and bring the cache \
                     directory here; or `go mod vendor` (`go work vendor`) there and bring vendor/; or set GOPROXY to a \
                     file:// tree that holds them"
                )
            }
            VendorError::Proxy { .. } => {
                "set GOPROXY (or --proxy, HTTPS_PROXY, HTTP_PROXY) to what Go takes: URLs with https, http or file, \
                 `direct` or `off`, with commas or bars between"
                    .to_owned()
            }
            VendorError::Unfetched { files } => {
                let worst = files.iter().flat_map(|file| &file.causes).map(|cause| cause.kind).max();
                match worst {
                    Some(CauseKind::Denied) => {
                        "give credentials for that host: a line `machine HOST login USER password TOKEN` in the netrc \
                         file, user and password in the URL of GOPROXY, or GOAUTH; for a private repository set \
                         GOPRIVATE and what git needs to reach it"
                    }
                    Some(CauseKind::Distrusted) => {
                        "add the certificate of the authority behind that host to the system's, or name a file that \
                         holds it in SSL_CERT_FILE"
                    }
                    Some(CauseKind::Broken) => {
                        "run it again when the host answers, or name another entry in GOPROXY or --proxy; what has \
                         come is kept"
                    }
                    Some(CauseKind::Off) => "run it where GOPROXY names a proxy, or name one with --proxy",
                    Some(CauseKind::Absent) | None => {
                        "check the versions in go.mod, and that GOPROXY or --proxy names a proxy that has them"
                    }
                }
                .to_owned()
            }
            VendorError::Mismatch { .. } => {
                "do not use these files: ask who runs that proxy, or who changed go.sum, which of the two is right"
                    .to_owned()
            }
            VendorError::Ended => "run it again; what has come is kept".to_owned(),
            VendorError::Failed { message, .. } if message.contains("checksum mismatch") => {
                "a module cache or a file:// tree of this host holds something else than go.sum says: find out which of \
                 the two is right before that module is used"
                    .to_owned()
            }
            VendorError::Failed { message, .. } if message.contains("go.sum") => {
                "run `go mod tidy` where there is a network, and bring the completed go.sum".to_owned()
            }
            VendorError::Failed { command: "work", message, .. } if message.contains("module lookup disabled") => {
                "where a module of the workspace is required at a version that nobody has published, write \
                 `replace PATH VERSION => ./DIR` in go.work; else mend what Go names"
                    .to_owned()
            }
            VendorError::Failed { .. } => "mend what Go names, then run xbuild again".to_owned(),
            VendorError::Lock { .. } | VendorError::Changed { .. } => {
                "bring the files back as they were (version control has them), or run `xbuild vendor`, which makes \
                 vendor/ and vendor.lock anew from modules that go.sum vouches for"
                    .to_owned()
            }
            VendorError::Unpacked { dir, .. } => {
                format!("remove {dir}, which is filled again from the places where the modules come from")
            }
            VendorError::NoLock { .. } => {
                "run `xbuild vendor`, or `xbuild vendor --lock-only` where the modules' zips are on this host".to_owned()
            }
            VendorError::NoTree { .. } => "run `xbuild vendor`, which makes both".to_owned(),
            VendorError::Embed { package, .. } => format!(
                "the file was not published with the module (ignored by version control, or generated): use a version \
                 of {package} that holds it, or `replace` its module by a directory that does"
            ),
            VendorError::Zip { path, .. } => format!("remove {path}, and let it be fetched again"),
            VendorError::Process(_) => "check that the SDK is complete and for this host".to_owned(),
            VendorError::Fs(error) => error.next_step(),
        }
    }
}
