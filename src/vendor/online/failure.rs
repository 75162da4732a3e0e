//! Files that did not come, each with every cause.

use std::fmt;

use super::http::Fault;
use crate::model::ModuleVersion;

/// Which of a module's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModuleFile {
    /// Its go.mod alone.
    GoMod,
    /// All of it.
    Zip,
}

impl ModuleFile {
    /// The last part of its name in Go's proxy protocol.
    pub(super) fn extension(self) -> &'static str {
        match self {
            ModuleFile::GoMod => "mod",
            ModuleFile::Zip => "zip",
        }
    }
}

impl fmt::Display for ModuleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ModuleFile::GoMod => "go.mod",
            ModuleFile::Zip => "zip",
        })
    }
}

/// A file that go.sum names and that no entry of GOPROXY gave.
#[derive(Debug)]
pub struct Unfetched {
    /// The module.
    pub module: ModuleVersion,
    /// Which of its files.
    pub file: ModuleFile,
    /// What each entry said, in order.
    pub causes: Vec<Cause>,
}

impl fmt::Display for Unfetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.module, self.file)?;
        for cause in &self.causes {
            write!(f, "\n    {}", cause.text)?;
        }
        Ok(())
    }
}

/// Why one entry did not give a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What that means for the next step.
    pub kind: CauseKind,
    /// A sentence that names the host and holds no credentials.
    pub text: String,
}

/// What can be done about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseKind {
    /// The entry has no such file.
    Absent,
    /// GOPROXY ends in `off`.
    Off,
    /// It broke each time.
    Broken,
    /// Its certificate is not one that the system trusts.
    Distrusted,
    /// Credentials are missing or wrong.
    Denied,
}

impl Cause {
    /// What a fault at a proxy means, after so many requests.
    pub(super) fn of(fault: &Fault, proxy: &str, attempts: u32) -> Self {
        let times = if attempts > 1 { format!(", {attempts} times") } else { String::new() };
        let (kind, text) = match fault {
            Fault::Status { code, host, .. } => {
                let kind = match code {
                    404 | 410 => CauseKind::Absent,
                    401 | 403 | 407 => CauseKind::Denied,
                    _ => CauseKind::Broken,
                };
                let reason = ureq::http::StatusCode::from_u16(*code).ok();
                let reason = reason.and_then(|code| code.canonical_reason()).unwrap_or_default();
                let elsewhere = match proxy.contains(host.as_str()) {
                    true => String::new(),
                    false => format!(" by way of {host}"),
                };
                let text = format!("{proxy} answered {code} {reason}");
                (kind, format!("{}{elsewhere}{times}", text.trim_end()))
            }
            Fault::Broken(text) | Fault::Unreachable(text) => {
                let distrusted = text.contains("certificate");
                let kind = if distrusted { CauseKind::Distrusted } else { CauseKind::Broken };
                (kind, format!("{proxy}: {text}{times}"))
            }
            Fault::TooLarge(limit) => {
                (CauseKind::Broken, format!("{proxy} sends more than the {} MiB that Go allows", limit >> 20))
            }
            Fault::Ended => (CauseKind::Broken, "the run was ended".to_owned()),
            Fault::Kept(error) => (CauseKind::Broken, error.to_string()),
        };
        Cause { kind, text }
    }

    /// The list ends in `off`.
    pub(super) fn off() -> Self {
        Cause { kind: CauseKind::Off, text: "GOPROXY is off from here on".to_owned() }
    }
}

/// A file that is not what go.sum says.
#[derive(Debug)]
pub struct Mismatch {
    /// The module.
    pub module: ModuleVersion,
    /// Which of its files.
    pub file: ModuleFile,
    /// Where it came from, without credentials.
    pub source: String,
    /// What go.sum says; several where it has several lines.
    pub expected: Vec<String>,
    /// What came instead.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { module, file, source, expected, found } = self;
        write!(
            f,
            "{module} ({file}) from {source}\n    go.sum: {}\n    found:  {found}",
            expected.join(" or ")
        )
    }
}

/// What the download tells while it goes on.
#[derive(Debug)]
pub enum Fetching<'f> {
    /// A file is in the store, or was given up.
    Ended {
        /// The module.
        module: &'f ModuleVersion,
        /// Which of its files.
        file: ModuleFile,
        /// Files of this kind that have ended.
        done: usize,
        /// All files of this kind that are wanted.
        total: usize,
        /// Its length; none for a file that was given up.
        bytes: Option<u64>,
    },
    /// A request failed and is made again.
    Retry {
        /// The module.
        module: &'f ModuleVersion,
        /// What happened, and where.
        cause: &'f str,
        /// How long is waited.
        pause: std::time::Duration,
        /// Which request comes next.
        attempt: u32,
        /// How many there are at most.
        attempts: u32,
    },
}
