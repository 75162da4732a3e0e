//! What can go wrong before there is a vendor tree.

use camino::Utf8PathBuf;

use super::lock::LockError;
use super::verify::Finding;
use crate::fs::FsError;
use crate::model::{GoModError, ModuleVersion};
use crate::process::ProcessError;

/// Why there is no vendor tree.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    /// go.mod cannot be read as one.
    #[error("{path}: {source}")]
    GoMod {
        /// Which file.
        path: Utf8PathBuf,
        /// What is wrong.
        source: GoModError,
    },
    /// vendor/ was made from another go.mod.
    #[error("{vendor} does not agree with go.mod:{}", list(points))]
    Inconsistent {
        /// The directory.
        vendor: Utf8PathBuf,
        /// Each disagreement.
        points: Vec<String>,
    },
    /// A `replace` names a directory by its absolute path.
    #[error("go.mod replaces {module} by the absolute path {with}, which exists on this host only")]
    AbsoluteReplace {
        /// The replaced module.
        module: String,
        /// The path.
        with: String,
    },
    /// A `replace` names a directory that is not there.
    #[error("go.mod replaces {module} by {with}, where there is no directory")]
    NoReplacement {
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
    /// `go mod vendor` failed for another reason.
    #[error("`go mod vendor` failed in {dir}:{}", list(message.lines()))]
    Failed {
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

/// As many as a screen takes.
fn some(findings: &[Finding]) -> String {
    const MOST: usize = 20;
    let more = match findings.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    list(findings.iter().take(MOST)) + &more
}

impl VendorError {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            VendorError::GoMod { .. } => {
                "run `go mod edit -fmt` in that directory to see it in Go's words".to_owned()
            }
            VendorError::Inconsistent { vendor, .. } => format!(
                "run `go mod vendor` in {} where its modules can be had, or remove {vendor} to let xbuild vendor \
                 into its cache",
                vendor.parent().unwrap_or(vendor)
            ),
            VendorError::AbsoluteReplace { .. } => "write the path relative to go.mod".to_owned(),
            VendorError::NoReplacement { with, .. } => {
                format!("bring {with} along, or take the `replace` out of go.mod")
            }
            VendorError::Missing { dir, looked_in, .. } => {
                let places = if looked_in.is_empty() {
                    "no module cache and no file:// GOPROXY".to_owned()
                } else {
                    looked_in.join(", ")
                };
                format!(
                    "looked in {places}. Where there is a network, run `xbuild vendor` in {dir} and bring the cache \
                     directory here; or `go mod vendor` there and bring vendor/; or set GOPROXY to a file:// tree that \
                     holds them"
                )
            }
            VendorError::Failed { message, .. } if message.contains("go.sum") => {
                "run `go mod tidy` where there is a network, and bring the completed go.sum".to_owned()
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
