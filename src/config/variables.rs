//! The layer of `XBUILD_*` variables.

use std::collections::BTreeMap;

use super::suggest::did_you_mean;

/// A layer that holds something unusable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", words(origin, value, expected))]
pub struct SettingError {
    /// Which layer.
    pub origin: &'static str,
    /// What it held.
    pub value: String,
    /// What it takes.
    pub expected: &'static str,
}

fn words(origin: &str, value: &str, expected: &str) -> String {
    match value {
        "" => format!("{origin} is not set; it takes {expected}"),
        _ => format!("{origin}={value:?} is not usable: {expected}"),
    }
}

/// Variables that begin with `XBUILD_` and that nobody reads, with a suggestion each.
pub fn unknown_variables(env: &BTreeMap<String, String>) -> Vec<(String, String)> {
    env.keys()
        .filter(|name| name.starts_with("XBUILD_") && !VARIABLES.contains(&name.as_str()))
        .map(|name| {
            let help = did_you_mean(name, VARIABLES.iter().copied(), || {
                format!("known are {}", VARIABLES.join(", "))
            });
            (name.clone(), help)
        })
        .collect()
}

const VARIABLES: &[&str] = &[
    "XBUILD_CACHE_DIR",
    "XBUILD_CACHE_SIZE",
    "XBUILD_COLOR",
    "XBUILD_COMMIT",
    "XBUILD_DIST",
    "XBUILD_FAIL_FAST",
    "XBUILD_JOBS",
    "XBUILD_MEMORY",
    "XBUILD_ONLINE",
    "XBUILD_PROCESSES",
    "XBUILD_REQUIRE_LOCK",
    "XBUILD_SDK",
    "XBUILD_SEAL",
    "XBUILD_TARGETS",
    "XBUILD_TIMEOUT",
    "XBUILD_VERSION",
];

/// A variable that is set to nothing is not set.
pub(super) fn text(name: &'static str, env: &BTreeMap<String, String>) -> Option<(String, &'static str)> {
    env.get(name).filter(|value| !value.is_empty()).map(|value| (value.clone(), name))
}

pub(super) fn number(
    name: &'static str,
    env: &BTreeMap<String, String>,
) -> Result<Option<(u64, &'static str)>, SettingError> {
    let Some((value, _)) = text(name, env) else { return Ok(None) };
    match value.parse() {
        Ok(number @ 1..=4096) => Ok(Some((number, name))),
        _ => Err(SettingError { origin: name, value, expected: "a whole number from 1 to 4096" }),
    }
}

pub(super) fn word<T>(
    name: &'static str,
    env: &BTreeMap<String, String>,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<(T, &'static str)>, SettingError> {
    let Some((value, _)) = text(name, env) else { return Ok(None) };
    match parse(&value) {
        Some(parsed) => Ok(Some((parsed, name))),
        None => Err(SettingError { origin: name, value, expected }),
    }
}

pub(super) fn flag(
    name: &'static str,
    env: &BTreeMap<String, String>,
) -> Result<Option<(bool, &'static str)>, SettingError> {
    let Some((value, _)) = text(name, env) else { return Ok(None) };
    match value.as_str() {
        "1" | "true" | "yes" => Ok(Some((true, name))),
        "0" | "false" | "no" => Ok(Some((false, name))),
        _ => Err(SettingError { origin: name, value, expected: "1, true, yes, 0, false or no" }),
    }
}
