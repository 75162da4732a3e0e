//! Which targets: those of the file, narrowed by the request; or the request alone; or the host.

use super::error::PlanError;
use crate::config::{Expansion, ProjectFile, Settings, TargetPattern, expand};
use crate::model::{Sdk, Target};

/// The chosen targets, and whether they are all that the project is built for.
pub fn select(
    file: Option<&ProjectFile>,
    settings: &Settings,
    sdk: &Sdk,
) -> Result<(Expansion, bool), PlanError> {
    let origin = settings.targets.origin.to_string();
    let wrong = |origin: &str| {
        let origin = origin.to_owned();
        move |source| PlanError::Targets { origin, source }
    };
    let first = |mut errors: Vec<_>| errors.remove(0);
    let listed = match file.and_then(|file| file.targets.as_ref()) {
        None => None,
        Some(list) => {
            let patterns: Vec<TargetPattern> = list.value.iter().map(|item| item.value.clone()).collect();
            Some(expand(&patterns, &sdk.ports).map_err(first).map_err(wrong("targets.toml"))?)
        }
    };
    let Some(wanted) = &settings.targets.value else {
        let host = || Expansion { targets: vec![sdk.host()], skipped: Vec::new() };
        return Ok((listed.unwrap_or_else(host), true));
    };
    let patterns: Vec<TargetPattern> = wanted
        .iter()
        .map(|text| TargetPattern::parse(text))
        .collect::<Result<_, _>>()
        .map_err(wrong(&origin))?;
    let Some(listed) = listed else {
        return Ok((expand(&patterns, &sdk.ports).map_err(first).map_err(wrong(&origin))?, true));
    };
    narrow(&patterns, listed, &origin, sdk)
}

/// Globs and sets pick from the file's targets. A target by its full name is built even when the file does not
/// list it: the developer at the keyboard knows better.
fn narrow(
    patterns: &[TargetPattern],
    listed: Expansion,
    origin: &str,
    sdk: &Sdk,
) -> Result<(Expansion, bool), PlanError> {
    let mut picked: Vec<Target> = Vec::new();
    for pattern in patterns.iter().filter(|pattern| !pattern.exclude) {
        let before = picked.len();
        picked.extend(listed.targets.iter().filter(|target| pattern.covers(target, &sdk.ports)).cloned());
        if picked.len() == before {
            let named = expand(std::slice::from_ref(pattern), &sdk.ports).map_err(|mut errors| {
                PlanError::Targets { origin: origin.to_owned(), source: errors.remove(0) }
            })?;
            if !pattern.is_exact() {
                return Err(PlanError::NotSelected {
                    origin: origin.to_owned(),
                    wanted: pattern.text.clone(),
                    known: listed.targets,
                });
            }
            picked.extend(named.targets);
        }
    }
    let excluded = |target: &Target| {
        patterns.iter().any(|pattern| pattern.exclude && pattern.covers(target, &sdk.ports))
    };
    if patterns.iter().all(|pattern| pattern.exclude) {
        picked.clone_from(&listed.targets);
    }
    picked.retain(|target| !excluded(target));
    let mut unique: Vec<Target> = Vec::new();
    for target in picked {
        if !unique.iter().any(|other| other.builds_like(&target)) {
            unique.push(target);
        }
    }
    if unique.is_empty() {
        let wanted = patterns.iter().map(|pattern| pattern.text.as_str()).collect::<Vec<_>>().join(" ");
        return Err(PlanError::NotSelected { origin: origin.to_owned(), wanted, known: listed.targets });
    }
    let complete = listed.targets.iter().all(|target| unique.contains(target));
    Ok((Expansion { targets: unique, skipped: Vec::new() }, complete))
}
