//! What this host can do, and why not more.

use camino::Utf8Path;
use serde::Serialize;

use super::prepare::{Context, layers};
use super::sdk::sdk;
use super::sealing::ROOT;
use crate::config::resolve;
use crate::error::Error;
use crate::fs;
use crate::locate::{FILE_NAME, Location, locate};
use crate::model::SealLevel;
use crate::module_set::{self, ModuleSet};
use crate::process::find_program;
use crate::sandbox::{attempt, landlock_abi, obstacles};

/// How a finding is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Builds work, with less.
    Reduced,
    /// Nothing can be built.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

/// All findings.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// In the order in which a build needs them.
    pub findings: Vec<Finding>,
    /// The seal that `auto` takes.
    pub seal: SealLevel,
    /// What stops a build, where something does.
    #[serde(skip)]
    pub failure: Option<Error>,
}

/// Looks at the host, and at the project here if there is one.
///
/// # Errors
/// When the settings themselves cannot be understood. What is wrong with the host is a finding.
pub fn diagnose(context: &Context<'_>) -> Result<Diagnosis, Error> {
    let settings = resolve(&layers(None, context.cwd, context))?;
    let store = &settings.cache_dir.value;
    let mut findings = vec![host()];
    let mut failure = None;
    match sdk(context) {
        Ok(sdk) => findings.push(Finding {
            subject: "sdk",
            health: Health::Good,
            text: format!("{} at {} ({})", sdk.version_text, sdk.goroot, sdk.origin),
            next_step: None,
        }),
        Err(error) => findings.push(bad("sdk", error, &mut failure)),
    }
    let root = store.join(ROOT);
    match crate::cache::open(store).and_then(|()| fs::create_dir_all(&root)) {
        Ok(()) => findings.push(space("store", store)),
        Err(error) => findings.push(bad("store", error.into(), &mut failure)),
    }
    let mut seal = SealLevel::Env;
    for level in [SealLevel::Strict, SealLevel::Landlock] {
        let subject = if level == SealLevel::Strict { "seal strict" } else { "seal landlock" };
        findings.push(match attempt(level, &root, context.cancel) {
            Ok(()) => {
                seal = seal.max(level);
                Finding { subject, health: Health::Good, text: level.meaning().to_owned(), next_step: None }
            }
            Err(why) => {
                Finding { subject, health: Health::Reduced, text: why, next_step: Some(obstacles(level)) }
            }
        });
    }
    if let Some(abi) = landlock_abi() {
        let text = format!("interface {abi} of the kernel's");
        findings.push(Finding { subject: "landlock", health: Health::Good, text, next_step: None });
    }
    findings.push(git(context));
    findings.push(project(context));
    Ok(Diagnosis { findings, seal, failure })
}

fn bad(subject: &'static str, error: Error, failure: &mut Option<Error>) -> Finding {
    let finding =
        Finding { subject, health: Health::Bad, text: error.to_string(), next_step: error.next_step() };
    failure.get_or_insert(error);
    finding
}

fn host() -> Finding {
    let kernel = fs::read_text("/proc/sys/kernel/osrelease".into()).unwrap_or_default();
    let memory = fs::read_text("/proc/meminfo".into()).ok();
    let memory = memory.and_then(|table| fs::kernel_size(&table, "MemAvailable"));
    let memory = memory.map_or(String::new(), |bytes| format!(", {} MiB of memory free", bytes >> 20));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let text = format!("{os}/{arch} {}", kernel.trim());
    let text = format!("{}, {cores} cores{memory}", text.trim_end());
    Finding { subject: "host", health: Health::Good, text, next_step: None }
}

fn space(subject: &'static str, dir: &Utf8Path) -> Finding {
    /// Go's own cache of one project for the first-class targets.
    const ENOUGH: u64 = 2 << 30;
    match fs::free_space(dir) {
        Some(free) if free < ENOUGH => Finding {
            subject,
            health: Health::Reduced,
            text: format!("{dir}, {} MiB free", free >> 20),
            next_step: Some("give it some GiB, or name another place with --cache-dir".to_owned()),
        },
        free => {
            let free = free.map_or(String::new(), |free| format!(", {} GiB free", free >> 30));
            Finding { subject, health: Health::Good, text: format!("{dir}{free}"), next_step: None }
        }
    }
}

fn git(context: &Context<'_>) -> Finding {
    let path = context.env.get("PATH").map_or("", String::as_str);
    match find_program(path, "git") {
        Some(program) => {
            let text = program.into_string();
            Finding { subject: "git", health: Health::Good, text, next_step: None }
        }
        None => Finding {
            subject: "git",
            health: Health::Reduced,
            text: "not on PATH, so no version comes from it".to_owned(),
            next_step: Some(
                "set XBUILD_VERSION and XBUILD_COMMIT, or write `version` in targets.toml".to_owned(),
            ),
        },
    }
}

fn described(modules: &ModuleSet) -> String {
    let file = modules.root.join(modules.file());
    match modules.single() {
        Some(_) => file.into_string(),
        None => format!("{file}, {} modules", modules.members.len()),
    }
}

fn project(context: &Context<'_>) -> Finding {
    let finding = |health, text, next_step| Finding { subject: "project", health, text, next_step };
    match locate(context.cwd) {
        Ok(Location { source: Some(_), root, .. }) => {
            finding(Health::Good, root.join(FILE_NAME).into_string(), None)
        }
        Ok(Location { root, .. }) => match module_set::read(&root, false) {
            Ok(modules) => finding(Health::Good, described(&modules), None),
            Err(error) => {
                let next_step = error.next_step();
                finding(Health::Reduced, error.to_string(), Some(next_step))
            }
        },
        Err(error) => {
            let error = Error::from(error);
            finding(Health::Reduced, error.to_string(), error.next_step())
        }
    }
}
