//! Go's build information as data. Takes the text that the linker put into a program, returns what
//! `go version -m` shows of it.
//!
//! Source: `ParseBuildInfo` in `runtime/debug/mod.go` of Go 1.26, whose leniency is kept: lines of
//! other kinds are skipped, and so is a last line without an end.

use serde::Serialize;

use super::InspectError;
use super::quote::{quoted_prefix, unquote};

/// Longest text that is read from an artifact, in bytes: some twenty thousand modules.
pub(super) const MAX_TEXT: u64 = 2 << 20;
/// Most modules and settings; short lines would otherwise cost many times their length.
const MAX_MODULES: usize = 16 << 10;
const MAX_SETTINGS: usize = 1024;

/// How a program was built, by its own word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BuildInfo {
    /// The toolchain, `go1.26.8`; with experiments `go1.26.8-X:jsonv2`.
    pub go_version: String,
    /// Import path of the main package; `command-line-arguments` for a build of named files.
    pub path: String,
    /// The module of the main package.
    pub main_module: Option<Module>,
    /// The other modules with packages in the program.
    pub deps: Vec<Module>,
    /// Build settings in the program's order: `-trimpath`, `GOOS` and the like.
    pub settings: Vec<(String, String)>,
}

/// A module in a program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Module path; a directory where a replacement is local.
    pub path: String,
    /// Version; `(devel)` where there is none.
    pub version: String,
    /// `h1:` checksum. Vendored builds and replaced modules have none.
    pub sum: Option<String>,
    /// What replaced it.
    pub replace: Option<Box<Module>>,
}

/// Build information as it was found.
#[derive(Debug, Clone)]
pub(super) struct RawBuildInfo {
    /// The toolchain's version.
    pub(super) version: String,
    /// Module lines, without what frames them.
    pub(super) modules: String,
}

impl RawBuildInfo {
    pub(super) fn from_bytes(version: Vec<u8>, modules: Vec<u8>) -> Result<Self, InspectError> {
        let text = |bytes| String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8"));
        Ok(RawBuildInfo { version: text(version)?, modules: text(modules)? })
    }
}

fn bad(why: &str) -> InspectError {
    InspectError::BuildInfo(why.into())
}

impl BuildInfo {
    /// The value of a build setting.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn parse(raw: RawBuildInfo) -> Result<Self, InspectError> {
        let mut info = BuildInfo { go_version: raw.version, ..BuildInfo::default() };
        // The module that a following "=>" line replaces.
        let mut last = Last::None;
        for line in raw.modules.split_inclusive('\n') {
            let Some(line) = line.strip_suffix('\n') else {
                break;
            };
            let Some((kind, rest)) = line.split_once('\t') else {
                continue;
            };
            match kind {
                "path" => rest.clone_into(&mut info.path),
                "mod" => {
                    info.main_module = Some(module(rest)?);
                    last = Last::Main;
                }
                "dep" if info.deps.len() == MAX_MODULES => return Err(bad("too many modules")),
                "dep" => {
                    info.deps.push(module(rest)?);
                    last = Last::Dep;
                }
                "=>" => {
                    let replaced = match std::mem::replace(&mut last, Last::None) {
                        Last::None => None,
                        Last::Main => info.main_module.as_mut(),
                        Last::Dep => info.deps.last_mut(),
                    };
                    let replaced = replaced.ok_or_else(|| bad("a replacement follows no module"))?;
                    replaced.replace = Some(Box::new(module(rest)?));
                }
                "build" if info.settings.len() == MAX_SETTINGS => {
                    return Err(bad("too many settings"));
                }
                "build" => info.settings.push(setting(rest)?),
                _ => {}
            }
        }
        Ok(info)
    }
}

enum Last {
    None,
    Main,
    Dep,
}

/// Path, version and perhaps a checksum between tabs.
fn module(line: &str) -> Result<Module, InspectError> {
    let mut columns = line.split('\t');
    let (Some(path), Some(version), sum, None) =
        (columns.next(), columns.next(), columns.next(), columns.next())
    else {
        return Err(bad("a module line has not two or three columns"));
    };
    let sum = sum.filter(|sum| !sum.is_empty()).map(Into::into);
    Ok(Module { path: path.into(), version: version.into(), sum, replace: None })
}

/// `key=value`, each quoted as a Go string where it has to be.
fn setting(line: &str) -> Result<(String, String), InspectError> {
    let wrong = || bad("a setting is not key=value");
    let quoted = |text: &str| text.starts_with(['"', '`']);
    let (key, value) = if quoted(line) {
        let prefix = quoted_prefix(line).ok_or_else(wrong)?;
        let value = line[prefix.len()..].strip_prefix('=').ok_or_else(wrong)?;
        (unquote(prefix).ok_or_else(wrong)?, value)
    } else {
        let (key, value) = line.split_once('=').ok_or_else(wrong)?;
        if key.is_empty() {
            return Err(wrong());
        }
        (key.into(), value)
    };
    let value = if quoted(value) { unquote(value).ok_or_else(wrong)? } else { value.into() };
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use super::{BuildInfo, MAX_MODULES, RawBuildInfo};

    const TEXT: &str = "path\texample.com/app\n\
        mod\texample.com/app\t(devel)\t\n\
        dep\tgithub.com/a/b\tv1.0.1\th1:abc=\n\
        dep\tgithub.com/c/d\tv1.2.0\n\
        =>\t./d\t(devel)\t\n\
        new\tkind\n\
        build\t-trimpath=true\n\
        build\t-ldflags=\"-X main.v=1 \\\"x\\\"\"\n\
        build\tCGO_CFLAGS=\n";

    fn parse(text: &str) -> Option<BuildInfo> {
        BuildInfo::parse(RawBuildInfo { version: "go1.26.8".into(), modules: text.into() }).ok()
    }

    #[test]
    fn lines() {
        let info = parse(TEXT).unwrap();
        assert_eq!(info.path, "example.com/app");
        assert_eq!(info.main_module.as_ref().unwrap().sum, None);
        assert_eq!(info.deps[0].sum.as_deref(), Some("h1:abc="));
        assert_eq!(info.deps[1].replace.as_ref().unwrap().path, "./d");
        assert_eq!(info.setting("-ldflags"), Some("-X main.v=1 \"x\""));
        assert_eq!(info.setting("CGO_CFLAGS"), Some(""));
        assert_eq!(info.setting("GOOS"), None);
    }

    #[test]
    fn cuts_never_panic() {
        for len in 0..TEXT.len() {
            let _ = parse(&TEXT[..len]);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["dep\tx\n", "=>\ta\tb\tc\n", "build\t=x\n", "build\tx\n", "build\t\"x=1\n"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert_eq!(parse(&"dep\ta\tb\n".repeat(MAX_MODULES + 1)), None);
    }
}
