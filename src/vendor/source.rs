//! Where modules may come from on this host.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::online;
use super::user_settings::go_settings;
use crate::cancel::Cancel;
use crate::model::ModuleVersion;
use crate::model::Sdk;
use crate::process::ProcessError;
use crate::toolchain::environment::MODULE_CACHE;

/// What the user has configured.
#[derive(Debug)]
pub(super) struct Configured {
    /// The user's module cache.
    pub(super) gomodcache: Utf8PathBuf,
    /// Where modules may come from.
    pub(super) goproxy: String,
    /// Modules that no proxy is asked for; GOPRIVATE where it is not set itself.
    pub(super) gonoproxy: String,
    /// How Go's client authenticates.
    pub(super) goauth: String,
}

impl Configured {
    /// The part of it that is on this host.
    pub(super) fn local_proxies(&self) -> Vec<String> {
        local_proxies(&self.gomodcache, &self.goproxy)
    }
}

/// What the user has configured, as `go env` resolves it.
pub(super) fn configured(
    sdk: &Sdk,
    host_env: &BTreeMap<String, String>,
    cancel: &Cancel,
) -> Result<Configured, ProcessError> {
    let names = ["GOMODCACHE", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOAUTH"];
    let mut settings = go_settings(&names, sdk, host_env, cancel)?;
    let mut take = |name: &str| settings.remove(name).unwrap_or_default();
    Ok(Configured {
        gomodcache: take("GOMODCACHE").into(),
        goproxy: take("GOPROXY"),
        gonoproxy: take("GONOPROXY"),
        goauth: take("GOAUTH"),
    })
}

/// A GOPROXY of what is on this host and nothing else: what xbuild has fetched, its own module cache, the user's,
/// and the `file://` entries that the user has configured.
pub fn local_modules(
    sdk: &Sdk,
    cache_dir: &Utf8Path,
    host_env: &BTreeMap<String, String>,
    cancel: &Cancel,
) -> Result<Vec<String>, ProcessError> {
    Ok([own_proxies(cache_dir), configured(sdk, host_env, cancel)?.local_proxies()].concat())
}

/// The trees of the store.
pub(super) fn own_proxies(cache_dir: &Utf8Path) -> Vec<String> {
    vec![own_downloads(cache_dir), file_url(&cache_dir.join(online::LAYOUT))]
}

/// The part of the store's module cache that is such a tree: `go mod vendor` has read every zip from here, wherever it
/// came from.
pub(super) fn own_downloads(cache_dir: &Utf8Path) -> String {
    file_url(&cache_dir.join(MODULE_CACHE).join("cache/download"))
}

/// The local part of a GOPROXY: the module cache's downloads first, then every `file://` entry.
fn local_proxies(module_cache: &Utf8Path, goproxy: &str) -> Vec<String> {
    let mut proxies = Vec::new();
    let downloads = module_cache.join("cache/download");
    if downloads.is_dir() {
        proxies.push(file_url(&downloads));
    }
    let entries = goproxy.split([',', '|']).map(str::trim);
    proxies.extend(entries.filter(|entry| entry.starts_with("file://")).map(str::to_owned));
    proxies
}

/// A directory as Go's GOPROXY takes it.
pub(super) fn file_url(dir: &Utf8Path) -> String {
    let mut url = String::from("file://");
    for byte in dir.as_str().replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~:@+".contains(&byte) {
            url.push(byte as char);
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// The directory of a `file://` entry.
fn directory(url: &str) -> Option<Utf8PathBuf> {
    let path = url.strip_prefix("file://")?.as_bytes();
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < path.len() {
        if path[at] == b'%' {
            let digits = std::str::from_utf8(path.get(at + 1..at + 3)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            bytes.push(path[at]);
            at += 1;
        }
    }
    String::from_utf8(bytes).ok().map(Utf8PathBuf::from)
}

/// The path of a module's file below a proxy.
/// Source of the layout: <https://go.dev/ref/mod#goproxy-protocol>.
pub(super) fn path(module: &ModuleVersion, extension: &str) -> String {
    format!("{}/@v/{}.{extension}", escape(&module.path), escape(&module.version))
}

/// A file of a module, its `zip` or `mod`, in the first of the proxies that holds it.
pub(super) fn find(proxies: &[String], module: &ModuleVersion, extension: &str) -> Option<Utf8PathBuf> {
    let file = path(module, extension);
    proxies.iter().filter_map(|url| directory(url)).map(|dir| dir.join(&file)).find(|path| path.is_file())
}

/// Whether one of the proxies holds a file of a module.
pub(super) fn holds(proxies: &[String], module: &ModuleVersion, extension: &str) -> bool {
    find(proxies, module, extension).is_some()
}

/// Capitals become `!` and the small letter, for file systems that fold case.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(c.to_ascii_lowercase());
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::{directory, escape, file_url, local_proxies};

    #[test]
    fn urls_and_escapes() {
        assert_eq!(escape("github.com/BurntSushi/toml"), "github.com/!burnt!sushi/toml");
        let path = camino::Utf8Path::new("/a dir/ü%");
        assert_eq!(directory(&file_url(path)).unwrap(), path);
        assert_eq!(directory("file:///a%2"), None);
    }

    #[test]
    fn only_files_are_local() {
        let proxies = local_proxies("/nowhere".into(), "https://one.test|file:///two,direct");
        assert_eq!(proxies, ["file:///two"]);
    }
}
