//! What this host allows, found out by trying it.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::enclose::call;
use super::policy::{Limits, Policy};
use crate::cancel::Cancel;
use crate::model::SealLevel;

/// The strongest level that works here, and why none above it does. `root` is an empty directory.
pub fn strongest(root: &Utf8Path, cancel: &Cancel) -> (SealLevel, Option<String>) {
    match attempt(SealLevel::Strict, root, cancel) {
        Ok(()) => (SealLevel::Strict, None),
        Err(why) if attempt(SealLevel::Landlock, root, cancel).is_ok() => (SealLevel::Landlock, Some(why)),
        Err(why) => (SealLevel::Env, Some(why)),
    }
}

/// Tries a level with nothing to run behind it.
///
/// # Errors
/// Why it does not work here, for people.
pub fn attempt(level: SealLevel, root: &Utf8Path, cancel: &Cancel) -> Result<(), String> {
    if level == SealLevel::Env {
        return Ok(());
    }
    if !cfg!(target_os = "linux") {
        return Err(format!("{} has no such sandbox", std::env::consts::OS));
    }
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

/// The newest Landlock interface of the kernel, where it has any.
#[cfg(target_os = "linux")]
pub fn landlock_abi() -> Option<u32> {
    super::landlock::abi()
}

/// Elsewhere there is none.
#[cfg(not(target_os = "linux"))]
pub fn landlock_abi() -> Option<u32> {
    None
}
