//! Settings in layers: flag, then `XBUILD_*`, then targets.toml, then the user's file, then the default.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::file::ProjectFile;
use super::problem::{Located, Source};
use super::sections::SettingsSection;
use super::units::{DURATION, MEMORY, SEAL, SIZE, bytes, duration, memory};
use super::user_file::UserFile;
use super::variables::{SettingError, flag, number, text, word};
use crate::model::{Origin, SealChoice, Setting, StepLimits};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// On a terminal, unless NO_COLOR says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Color::Auto),
            "always" => Some(Color::Always),
            "never" => Some(Color::Never),
            _ => None,
        }
    }
}

/// The strongest layer: what the command line said.
#[derive(Debug, Clone, Default)]
pub struct FlagLayer {
    /// `-j`.
    pub jobs: Option<usize>,
    /// `--sdk`.
    pub sdk: Option<Utf8PathBuf>,
    /// `--cache-dir`.
    pub cache_dir: Option<Utf8PathBuf>,
    /// `--dist`.
    pub dist: Option<Utf8PathBuf>,
    /// `--online` or `--offline`.
    pub online: Option<bool>,
    /// `--fail-fast` or `--keep-going`.
    pub fail_fast: Option<bool>,
    /// `--seal`.
    pub seal: Option<SealChoice>,
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// `--memory`.
    pub memory: Option<u64>,
    /// `--require-lock`.
    pub require_lock: Option<bool>,
    /// `--color`.
    pub color: Option<Color>,
    /// `--target`.
    pub targets: Vec<String>,
}

/// Everything that steers a run, resolved.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// CPU slots over all targets.
    pub jobs: Setting<usize>,
    /// Where the SDK is looked for; GOROOT, then PATH, when `None`.
    pub sdk: Setting<Option<Utf8PathBuf>>,
    /// The store.
    pub cache_dir: Setting<Utf8PathBuf>,
    /// Bytes that the store may hold.
    pub cache_size: Setting<Option<u64>>,
    /// Where results go.
    pub dist: Setting<Utf8PathBuf>,
    /// Whether missing modules may be fetched.
    pub online: Setting<bool>,
    /// Whether the first failure stops the other targets.
    pub fail_fast: Setting<bool>,
    /// How strongly steps are shut in.
    pub seal: Setting<SealChoice>,
    /// Wall time of a target.
    pub timeout: Setting<Option<Duration>>,
    /// Bytes of memory of a step, over all its processes.
    pub memory: Setting<Option<u64>>,
    /// Processes of a step.
    pub processes: Setting<Option<u64>>,
    /// Whether a vendor/ without a vendor.lock is refused.
    pub require_lock: Setting<bool>,
    /// Colour.
    pub color: Setting<Color>,
    /// Which targets; the file's, or the host, when `None`.
    pub targets: Setting<Option<Vec<String>>>,
    /// A version that overrides `[project] version`.
    pub version: Setting<Option<String>>,
    /// A commit id that overrides git's.
    pub commit: Setting<Option<String>>,
}

impl Settings {
    /// What a step may use at most.
    pub fn limits(&self) -> StepLimits {
        StepLimits { time: self.timeout.value, memory: self.memory.value, processes: self.processes.value }
    }
}

/// The weaker layers and what relative paths are relative to.
pub struct Layers<'l> {
    /// Flags.
    pub flags: &'l FlagLayer,
    /// The environment.
    pub env: &'l BTreeMap<String, String>,
    /// targets.toml.
    pub file: Option<&'l ProjectFile>,
    /// The user's file.
    pub user: Option<&'l UserFile>,
    /// The directory that flags and variables are relative to.
    pub cwd: &'l Utf8Path,
    /// The project's directory, which targets.toml's paths and the default dist/ are relative to.
    pub root: &'l Utf8Path,
    /// The default store; none for a user without a home directory.
    pub default_cache: Option<&'l Utf8Path>,
    /// The number of cores.
    pub cores: usize,
}

/// A shared directory would do for a store only if nobody else could write to it first.
const NO_STORE: SettingError = SettingError {
    origin: "XBUILD_CACHE_DIR",
    value: String::new(),
    expected: "a directory of this user's, who has no home directory to keep the store in",
};

/// Works every setting out.
pub fn resolve(layers: &Layers<'_>) -> Result<Settings, SettingError> {
    let flags = layers.flags;
    let jobs = flags.jobs.map(|jobs| jobs as u64);
    let jobs = layers.pick(jobs, "-j", number("XBUILD_JOBS", layers.env)?, |s| s.jobs.as_ref());
    let path = |flag: &Option<Utf8PathBuf>,
                name,
                variable,
                pick: fn(&SettingsSection) -> Option<&Located<String>>| {
        let flag = flag.as_ref().map(ToString::to_string);
        let setting = layers.pick(flag, name, text(variable, layers.env), pick)?;
        let base = match setting.origin {
            Origin::ProjectFile(_) => layers.root,
            Origin::UserFile(_) => {
                layers.user.and_then(|user| user.source.path.parent()).unwrap_or(layers.cwd)
            }
            _ => layers.cwd,
        };
        Some(Setting { value: base.join(&setting.value), origin: setting.origin })
    };
    let sdk = path(&flags.sdk, "--sdk", "XBUILD_SDK", |s| s.sdk.as_ref());
    let cache_dir = path(&flags.cache_dir, "--cache-dir", "XBUILD_CACHE_DIR", |s| s.cache_dir.as_ref());
    let dist = path(&flags.dist, "--dist", "XBUILD_DIST", |s| s.dist.as_ref());
    let color = layers.pick(
        flags.color.map(|color| format!("{color:?}").to_ascii_lowercase()),
        "--color",
        text("XBUILD_COLOR", layers.env),
        |s| s.color.as_ref(),
    );
    let color = match color {
        None => Setting { value: Color::Auto, origin: Origin::Default },
        Some(Setting { value, origin }) => match Color::parse(&value) {
            Some(color) => Setting { value: color, origin },
            None => {
                return Err(SettingError {
                    origin: "XBUILD_COLOR",
                    value,
                    expected: "auto, always or never",
                });
            }
        },
    };
    let online_flag = if flags.online == Some(false) { "--offline" } else { "--online" };
    let online =
        layers.pick(flags.online, online_flag, flag("XBUILD_ONLINE", layers.env)?, |s| s.online.as_ref());
    let fail_fast_flag = if flags.fail_fast == Some(false) { "--keep-going" } else { "--fail-fast" };
    let fail_fast =
        layers.pick(flags.fail_fast, fail_fast_flag, flag("XBUILD_FAIL_FAST", layers.env)?, |s| {
            s.fail_fast.as_ref()
        });
    let seal =
        layers.pick(flags.seal, "--seal", word("XBUILD_SEAL", layers.env, SEAL, SealChoice::parse)?, |s| {
            s.seal.as_ref()
        });
    let timeout = layers.pick(
        flags.timeout,
        "--timeout",
        word("XBUILD_TIMEOUT", layers.env, DURATION, duration)?,
        |s| s.timeout.as_ref(),
    );
    let memory =
        layers.pick(flags.memory, "--memory", word("XBUILD_MEMORY", layers.env, MEMORY, memory)?, |s| {
            s.memory.as_ref()
        });
    let cache_size =
        layers.pick(None, "", word("XBUILD_CACHE_SIZE", layers.env, SIZE, bytes)?, |s| s.cache_size.as_ref());
    let processes = layers.pick(None, "", number("XBUILD_PROCESSES", layers.env)?, |s| s.processes.as_ref());
    let require_lock = flag("XBUILD_REQUIRE_LOCK", layers.env)?;
    let require_lock =
        layers.pick(flags.require_lock, "--require-lock", require_lock, |s| s.require_lock.as_ref());
    let words = |list: String| -> Vec<String> {
        list.split([' ', ';', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let targets = if flags.targets.is_empty() {
        text("XBUILD_TARGETS", layers.env)
            .map(|(list, name)| Setting { value: words(list), origin: Origin::Env(name) })
    } else {
        Some(Setting { value: flags.targets.clone(), origin: Origin::Flag("--target") })
    };
    Ok(Settings {
        jobs: jobs.map_or(by_default(layers.cores), |jobs| Setting {
            value: usize::try_from(jobs.value).unwrap_or(layers.cores),
            origin: jobs.origin,
        }),
        sdk: optional(sdk),
        cache_dir: cache_dir
            .or_else(|| layers.default_cache.map(|dir| by_default(dir.to_owned())))
            .ok_or(NO_STORE)?,
        dist: dist.unwrap_or_else(|| by_default(layers.root.join("dist"))),
        online: online.unwrap_or(by_default(false)),
        fail_fast: fail_fast.unwrap_or(by_default(false)),
        seal: seal.unwrap_or(by_default(SealChoice::Auto)),
        timeout: optional(timeout),
        memory: optional(memory),
        cache_size: optional(cache_size),
        processes: optional(processes),
        require_lock: require_lock.unwrap_or(by_default(false)),
        color,
        targets: optional(targets),
        version: optional(text("XBUILD_VERSION", layers.env).map(from_env)),
        commit: optional(text("XBUILD_COMMIT", layers.env).map(from_env)),
    })
}

impl Layers<'_> {
    fn pick<T: Clone>(
        &self,
        flag: Option<T>,
        flag_name: &'static str,
        env: Option<(T, &'static str)>,
        section: impl Fn(&SettingsSection) -> Option<&Located<T>>,
    ) -> Option<Setting<T>> {
        if let Some(value) = flag {
            return Some(Setting { value, origin: Origin::Flag(flag_name) });
        }
        if let Some((value, name)) = env {
            return Some(Setting { value, origin: Origin::Env(name) });
        }
        let line = |source: &Source, span: &Range<usize>| source.line(span.start);
        if let Some((file, located)) = self.file.and_then(|file| Some((file, section(&file.settings)?))) {
            let origin = Origin::ProjectFile(line(&file.source, &located.span));
            return Some(Setting { value: located.value.clone(), origin });
        }
        let (user, located) = self.user.and_then(|user| Some((user, section(&user.section)?)))?;
        Some(Setting {
            value: located.value.clone(),
            origin: Origin::UserFile(line(&user.source, &located.span)),
        })
    }
}

fn by_default<T>(value: T) -> Setting<T> {
    Setting { value, origin: Origin::Default }
}

fn optional<T>(setting: Option<Setting<T>>) -> Setting<Option<T>> {
    match setting {
        Some(Setting { value, origin }) => Setting { value: Some(value), origin },
        None => by_default(None),
    }
}

fn from_env((value, name): (String, &'static str)) -> Setting<String> {
    Setting { value, origin: Origin::Env(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_a_home_names_the_store() {
        let (flags, env) = (FlagLayer::default(), BTreeMap::new());
        let named = BTreeMap::from([("XBUILD_CACHE_DIR".to_owned(), "store".to_owned())]);
        let (cwd, root) = (Utf8Path::new("/here"), Utf8Path::new("/root"));
        let resolve = |env| {
            let layers = Layers {
                flags: &flags,
                env,
                file: None,
                user: None,
                cwd,
                root,
                default_cache: None,
                cores: 2,
            };
            resolve(&layers)
        };
        let refused = resolve(&env).unwrap_err().to_string();
        assert!(refused.starts_with("XBUILD_CACHE_DIR is not set"), "{refused}");
        assert_eq!(resolve(&named).unwrap().cache_dir.value, "/here/store");
    }
}
