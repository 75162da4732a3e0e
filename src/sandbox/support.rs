//! What this host allows, found out by trying it.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::enclose::call;
use super::policy::{Limits, Policy};
use crate::cancel::Cancel;
use crate::model::SealLevel;

/// Which levels work here, and why the others do not.
#[derive(Debug, Clone)]
pub struct Support {
    /// Whether namespaces, and all that goes with them, can be had.
    pub strict: Result<(), String>,
    /// Whether Landlock and seccomp can be had.
    pub landlock: Result<(), String>,
    /// The newest Landlock interface of the kernel that is made use of.
    pub landlock_abi: Option<u32>,
}

impl Support {
    /// The strongest level, and why none above it works.
    pub fn strongest(&self) -> (SealLevel, Option<&str>) {
        match (&self.strict, &self.landlock) {
            (Ok(()), _) => (SealLevel::Strict, None),
            (Err(why), Ok(())) => (SealLevel::Landlock, Some(why)),
            (Err(why), Err(_)) => (SealLevel::Env, Some(why)),
        }
    }

    /// Whether a level works, and why not.
    pub fn at(&self, level: SealLevel) -> Result<(), &str> {
        match level {
            SealLevel::Strict => &self.strict,
            SealLevel::Landlock => &self.landlock,
            SealLevel::Env => &Ok(()),
        }
        .as_ref()
        .copied()
        .map_err(String::as_str)
    }
}

/// Tries each level with nothing to run behind it. `root` is an empty directory.
pub fn support(root: &Utf8Path, cancel: &Cancel) -> Support {
    if !cfg!(target_os = "linux") {
        let why = || Err(format!("{} has no such sandbox", std::env::consts::OS));
        return Support { strict: why(), landlock: why(), landlock_abi: None };
    }
    Support {
        strict: attempt(SealLevel::Strict, root, cancel),
        landlock: attempt(SealLevel::Landlock, root, cancel),
        landlock_abi: landlock_abi(),
    }
}

fn attempt(level: SealLevel, root: &Utf8Path, cancel: &Cancel) -> Result<(), String> {
    let policy = Policy {
        level,
        caller: std::process::id(),
        argv: Vec::new(),
        env: BTreeMap::new(),
        dir: "/".into(),
        root: root.to_owned(),
        mounts: Vec::new(),
        limits: Limits::default(),
    };
    let ended = call(&policy).run(cancel).map_err(|error| error.to_string())?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said = said.trim().trim_start_matches(super::MESSAGE);
    Err(if said.is_empty() { format!("the sandbox ended with {}", ended.status) } else { said.to_owned() })
}

#[cfg(target_os = "linux")]
fn landlock_abi() -> Option<u32> {
    super::landlock::abi()
}

#[cfg(not(target_os = "linux"))]
fn landlock_abi() -> Option<u32> {
    None
}
