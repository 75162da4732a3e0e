//! The environment of every `go` that xbuild runs, built from nothing.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::Sdk;

/// GOMODCACHE below the store.
pub const MODULE_CACHE: &str = "gomodcache-v0";

/// Where a `go` finds its SDK and keeps its files, as it sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoDirectories {
    /// GOROOT.
    pub goroot: Utf8PathBuf,
    /// GOCACHE.
    pub cache: Utf8PathBuf,
    /// GOPATH, in which nothing is ever installed.
    pub path: Utf8PathBuf,
    /// GOMODCACHE.
    pub modules: Utf8PathBuf,
    /// GOWORK: the project's own go.work, `off` where it has none.
    pub work: Option<Utf8PathBuf>,
}

impl GoDirectories {
    /// The directories of a `go` that compiles nothing: see [`reading`].
    pub fn in_store(sdk: &Sdk, store: &Utf8Path, work: Option<Utf8PathBuf>) -> Self {
        GoDirectories {
            work,
            goroot: sdk.goroot.clone(),
            cache: store.join("gocache-v1/list"),
            path: store.join("gopath-v0"),
            modules: store.join(MODULE_CACHE),
        }
    }
}

/// The environment of a `go` that lists packages or gathers modules, from these GOPROXY entries and nowhere else.
pub fn reading(dirs: &GoDirectories, proxies: &[String]) -> BTreeMap<String, String> {
    let mut env = sealed(dirs);
    env.insert("GOFLAGS".to_owned(), "-mod=readonly -modcacherw".to_owned());
    env.insert("GOPROXY".to_owned(), [proxies, &["off".to_owned()]].concat().join(","));
    env
}

/// The variables that close the doors through which a host reaches into a build, without those of a target.
///
/// Why each is here: GOENV, GOFLAGS and GOTOOLCHAIN keep out the user's `go env -w` file, injected flags and other
/// toolchains; GONOPROXY and GOPRIVATE keep GOPROXY=off from being bypassed; GOWORK keeps out a parent directory's
/// go.work, be it off or the name of the project's own; CGO_ENABLED is pinned because its default depends on a compiler
/// on PATH; `goindex=0` keeps Go from trusting a stale index of a directory. HOME and XDG_* stay unset, so that nothing
/// is read or written there, Go's telemetry included.
///
/// No value is empty: an empty one would leave the choice to the SDK's go.env, which GOENV=off does not keep out.
/// `none` matches no module. What has no harmless value (GOCACHEPROG, GOEXPERIMENT) is left unset, and
/// an SDK whose go.env sets it is refused.
pub fn sealed(dirs: &GoDirectories) -> BTreeMap<String, String> {
    [
        ("PATH", dirs.goroot.join("bin").to_string()),
        ("GOROOT", dirs.goroot.to_string()),
        ("GOCACHE", dirs.cache.to_string()),
        ("GOPATH", dirs.path.to_string()),
        ("GOMODCACHE", dirs.modules.to_string()),
        ("GOENV", "off".to_owned()),
        ("GOFLAGS", "-mod=vendor".to_owned()),
        ("GOPROXY", "off".to_owned()),
        ("GONOPROXY", "none".to_owned()),
        ("GONOSUMDB", "none".to_owned()),
        ("GOPRIVATE", "none".to_owned()),
        ("GOINSECURE", "none".to_owned()),
        ("GOSUMDB", "off".to_owned()),
        ("GOVCS", "*:off".to_owned()),
        ("GOAUTH", "off".to_owned()),
        ("GOTOOLCHAIN", "local".to_owned()),
        ("GOWORK", dirs.work.as_ref().map_or("off", |path| path.as_str()).to_owned()),
        ("GO111MODULE", "on".to_owned()),
        ("CGO_ENABLED", "0".to_owned()),
        ("GODEBUG", "goindex=0".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("LC_ALL", "C".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
