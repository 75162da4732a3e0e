//! Which SDK: the setting, then GOROOT, then `go` on PATH.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::{go_env, ports};
use crate::cancel::Cancel;
use crate::fs::{self, FsError};
use crate::model::{GoVersion, Sdk, SdkOrigin};
use crate::process::{Process, ProcessError, find_program};

/// What of the host's environment matters here.
#[derive(Debug, Clone, Copy)]
pub struct HostEnvironment<'e> {
    /// GOROOT.
    pub goroot: Option<&'e str>,
    /// PATH.
    pub path: &'e str,
}

/// Why there is no usable SDK.
#[derive(Debug, thiserror::Error)]
pub enum SdkError {
    /// Nothing named one and PATH has none.
    #[error("no Go SDK was found: neither --sdk, XBUILD_SDK nor GOROOT is set, and PATH has no `go`")]
    Missing,
    /// What was named holds no SDK.
    #[error("{path}, named by {origin}, is no Go SDK: {cause}")]
    NotAnSdk {
        /// The path that was looked at.
        path: Utf8PathBuf,
        /// What named it.
        origin: SdkOrigin,
        /// What is wrong with it.
        cause: String,
    },
    /// It does not run.
    #[error("the Go SDK at {goroot} does not answer")]
    Silent {
        /// Its root.
        goroot: Utf8PathBuf,
        /// What happened.
        source: ProcessError,
    },
    /// It is older than xbuild can drive.
    #[error("the Go SDK at {goroot} is {version}; xbuild needs Go {} or newer", GoVersion::OLDEST)]
    TooOld {
        /// Its root.
        goroot: Utf8PathBuf,
        /// What it is.
        version: String,
    },
    /// It is older than the project asks for.
    #[error("{file} asks for Go {wanted}, and the SDK at {goroot} is {version}")]
    OlderThanProject {
        /// The file that asks.
        file: Utf8PathBuf,
        /// What it asks for.
        wanted: GoVersion,
        /// The SDK's root.
        goroot: Utf8PathBuf,
        /// What the SDK is.
        version: GoVersion,
    },
    /// Its own go.env sets what every build would follow.
    #[error("{file} sets {}, which would reach every sealed build", names.join(", "))]
    Steered {
        /// The go.env.
        file: Utf8PathBuf,
        /// The variables.
        names: Vec<String>,
    },
    /// A file of it cannot be read.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl SdkError {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            SdkError::Missing => format!(
                "unpack the archive of Go {} or newer for this host from https://go.dev/dl (on a host without a \
                 network: from the medium that it came on) into a directory of its own, then name that directory \
                 with --sdk DIR or XBUILD_SDK, or put its bin/ on PATH",
                GoVersion::OLDEST
            ),
            SdkError::NotAnSdk { .. } => {
                "name the directory that holds bin/go and VERSION, or the `go` program in it".to_owned()
            }
            SdkError::Silent { .. } => {
                "check that the SDK is for this host's system and architecture and is complete".to_owned()
            }
            SdkError::TooOld { .. } => {
                format!("name an SDK of Go {} or newer with --sdk DIR or XBUILD_SDK", GoVersion::OLDEST)
            }
            SdkError::OlderThanProject { wanted, .. } => format!(
                "name an SDK of Go {wanted} or newer with --sdk DIR or XBUILD_SDK; a sealed build never fetches one"
            ),
            SdkError::Steered { .. } => {
                "take it out of that file, or name another SDK with --sdk DIR or XBUILD_SDK; what a build needs of \
                 GOEXPERIMENT and GOFIPS140 is named as `env` in its [[build]] and set in the environment"
                    .to_owned()
            }
            SdkError::Fs(error) => error.next_step(),
        }
    }
}

/// Finds the SDK and asks it who it is.
///
/// # Errors
/// When there is none, or none that can be used.
pub fn find(setting: Option<&Utf8Path>, host: HostEnvironment<'_>, cancel: &Cancel) -> Result<Sdk, SdkError> {
    let (goroot, origin) = find_root(setting, host, cancel)?;
    ask(goroot, origin, cancel)
}

/// The root of the SDK and what named it.
///
/// # Errors
/// When there is none.
pub fn find_root(
    setting: Option<&Utf8Path>,
    host: HostEnvironment<'_>,
    cancel: &Cancel,
) -> Result<(Utf8PathBuf, SdkOrigin), SdkError> {
    let (path, origin) = match (setting, host.goroot.filter(|path| !path.is_empty())) {
        (Some(path), _) => (path.to_owned(), SdkOrigin::Setting),
        (None, Some(goroot)) => (Utf8PathBuf::from(goroot), SdkOrigin::Goroot),
        (None, None) => (find_program(host.path, "go").ok_or(SdkError::Missing)?, SdkOrigin::Path),
    };
    Ok((goroot_of(&path, origin, host, cancel)?, origin))
}

/// The root that a path leads to: the root itself, its `bin`, or a `go` (a link, or a script in front of one).
fn goroot_of(
    path: &Utf8Path,
    origin: SdkOrigin,
    host: HostEnvironment<'_>,
    cancel: &Cancel,
) -> Result<Utf8PathBuf, SdkError> {
    let refuse = |cause: String| SdkError::NotAnSdk { path: path.to_owned(), origin, cause };
    let real = fs::canonical(path).map_err(|error| refuse(error.source.to_string()))?;
    if let Some(root) = real.ancestors().take(3).find(|dir| is_root(dir)) {
        return Ok(root.to_owned());
    }
    if origin != SdkOrigin::Path {
        return Err(refuse("it has no VERSION and bin/go".to_owned()));
    }
    let asked = Process {
        program: real.clone(),
        args: vec!["env".to_owned(), "GOROOT".to_owned()],
        env: BTreeMap::from([
            ("PATH".to_owned(), host.path.to_owned()),
            ("GOENV".to_owned(), "off".to_owned()),
            ("GOTOOLCHAIN".to_owned(), "local".to_owned()),
        ]),
        dir: Utf8PathBuf::from("/"),
        input: None,
    };
    let answer = asked.read(cancel).map_err(|source| SdkError::Silent { goroot: real.clone(), source })?;
    let root = Utf8Path::new(answer.trim());
    if !is_root(root) {
        return Err(refuse(format!("it answers {root:?} for its GOROOT")));
    }
    Ok(fs::canonical(root)?)
}

fn is_root(dir: &Utf8Path) -> bool {
    dir.join("VERSION").is_file() && (dir.join("bin/go").is_file() || dir.join("bin/go.exe").is_file())
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Answer {
    goversion: String,
    gohostos: String,
    gohostarch: String,
}

/// Asks the SDK at a root who it is.
///
/// # Errors
/// When it does not answer, is too old, or would steer sealed builds.
pub fn ask(goroot: Utf8PathBuf, origin: SdkOrigin, cancel: &Cancel) -> Result<Sdk, SdkError> {
    let mut sdk = Sdk {
        version: GoVersion::OLDEST,
        version_text: String::new(),
        host_os: std::env::consts::OS.to_owned(),
        host_arch: String::new(),
        origin,
        ports: Vec::new(),
        goroot,
    };
    go_env::check(&sdk)?;
    let process = Process {
        program: sdk.go(),
        args: ["env", "-json", "GOVERSION", "GOHOSTOS", "GOHOSTARCH"].map(str::to_owned).to_vec(),
        env: BTreeMap::from([
            ("GOROOT".to_owned(), sdk.goroot.to_string()),
            ("GOENV".to_owned(), "off".to_owned()),
            ("GOTOOLCHAIN".to_owned(), "local".to_owned()),
        ]),
        dir: sdk.goroot.clone(),
        input: None,
    };
    let silent = |source| SdkError::Silent { goroot: process.dir.clone(), source };
    let text = process.read(cancel).map_err(silent)?;
    let not_sdk = |cause: String| SdkError::NotAnSdk { path: process.dir.clone(), origin, cause };
    let answer: Answer =
        serde_json::from_str(&text).map_err(|error| not_sdk(format!("`go env` answers {error}")))?;
    sdk.version = GoVersion::parse(&answer.goversion)
        .ok_or_else(|| not_sdk(format!("its version {:?} has no number", answer.goversion)))?;
    sdk.version_text = answer.goversion;
    // Before anything that only newer ones have is read.
    if sdk.version < GoVersion::OLDEST {
        return Err(SdkError::TooOld { goroot: sdk.goroot, version: sdk.version_text });
    }
    sdk.host_os = answer.gohostos;
    sdk.host_arch = answer.gohostarch;
    sdk.ports = ports::read(&sdk.goroot)?;
    if sdk.ports.is_empty() {
        return Err(not_sdk("it lists no target".to_owned()));
    }
    Ok(sdk)
}
