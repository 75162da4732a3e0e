//! A Go SDK, as found on this host.

use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{GoVersion, Target};

/// A pair that an SDK's compiler knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// GOOS.
    pub os: String,
    /// GOARCH.
    pub arch: String,
    /// Whether the Go project's own policy calls it first class.
    pub first_class: bool,
    /// Whether the SDK calls the port broken.
    pub broken: bool,
}

impl Port {
    /// The pair as a target.
    pub fn target(&self) -> Target {
        Target::new(&self.os, &self.arch)
    }

    /// Why no program can be linked for this pair without a C toolchain, if so.
    /// Source: `MustLinkExternal` in Go's `internal/platform/supported.go`.
    pub fn needs_c_toolchain(&self) -> bool {
        match self.os.as_str() {
            "android" => self.arch != "arm64",
            "ios" => true,
            _ => false,
        }
    }

    /// Whether a program without cgo can be built for this pair.
    pub fn buildable(&self) -> bool {
        !self.broken && !self.needs_c_toolchain()
    }
}

/// What named the SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SdkOrigin {
    /// The `sdk` setting: `--sdk`, XBUILD_SDK or the user's settings file.
    Setting,
    /// GOROOT in the environment.
    Goroot,
    /// `go` on PATH.
    Path,
}

impl fmt::Display for SdkOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SdkOrigin::Setting => "the sdk setting",
            SdkOrigin::Goroot => "GOROOT",
            SdkOrigin::Path => "PATH",
        })
    }
}

/// A Go distribution that answers and is new enough.
#[derive(Debug, Clone, Serialize)]
pub struct Sdk {
    /// Its root directory, with links resolved.
    pub goroot: Utf8PathBuf,
    /// Its version.
    pub version: GoVersion,
    /// The version as the SDK writes it, experiments included.
    pub version_text: String,
    /// GOHOSTOS.
    pub host_os: String,
    /// GOHOSTARCH.
    pub host_arch: String,
    /// What named it.
    pub origin: SdkOrigin,
    /// Every pair that it can compile for, in the SDK's order.
    #[serde(skip)]
    pub ports: Vec<Port>,
}

impl Sdk {
    /// The `go` command of this SDK.
    pub fn go(&self) -> Utf8PathBuf {
        self.goroot.join("bin").join(if self.host_os == "windows" { "go.exe" } else { "go" })
    }

    /// The host as a target.
    pub fn host(&self) -> Target {
        Target::new(&self.host_os, &self.host_arch)
    }
}
