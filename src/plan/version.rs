//! Which version this is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::PlanError;
use crate::config::VersionSource;
use crate::vcs::GitState;

/// A project's version and the commit that it was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectVersion {
    /// In file names and `{version}`: without a leading v.
    pub version: String,
    /// As the source wrote it.
    pub tag: String,
    /// The full commit id; empty outside git.
    pub commit: String,
    /// The moment that stands for "now" everywhere, in RFC 3339, UTC.
    pub date: String,
    /// The same in seconds since 1970.
    pub epoch: i64,
    /// Whether tracked files differ from the commit.
    pub dirty: bool,
    /// What said so.
    pub source: String,
}

/// What a version is worked out from.
pub struct VersionInputs<'v> {
    /// What the project says.
    pub source: &'v VersionSource,
    /// XBUILD_VERSION.
    pub override_version: Option<&'v str>,
    /// XBUILD_COMMIT.
    pub override_commit: Option<&'v str>,
    /// What git says, or why it says nothing.
    pub git: &'v Result<GitState, String>,
    /// The host's environment.
    pub env: &'v BTreeMap<String, String>,
}

/// 1980-01-01, the first moment that every archive format can hold; "now" where nothing says better.
const NO_TIME: i64 = 315_532_800;

/// Works the version out.
pub fn project_version(inputs: &VersionInputs<'_>) -> Result<ProjectVersion, PlanError> {
    let git = inputs.git.as_ref();
    let described = |state: &GitState| {
        let base = state.describe.clone().unwrap_or_else(|| format!("0.0.0-g{}", short(&state.commit)));
        if state.dirty { format!("{base}-dirty") } else { base }
    };
    let (tag, source) = match (inputs.override_version, inputs.source, git) {
        (Some(version), _, _) => (version.to_owned(), "XBUILD_VERSION".to_owned()),
        (None, VersionSource::Literal(version), _) => (version.clone(), "targets.toml".to_owned()),
        (None, VersionSource::Env(name), _) => match inputs.env.get(name).filter(|value| !value.is_empty()) {
            Some(version) => (version.clone(), name.clone()),
            None => {
                return Err(PlanError::Version {
                    cause: format!("targets.toml takes it from {name}, which is not set"),
                    help: format!("set {name} or XBUILD_VERSION"),
                });
            }
        },
        (None, VersionSource::Git | VersionSource::Auto, Ok(state)) => (described(state), "git".to_owned()),
        (None, VersionSource::Git, Err(cause)) => {
            return Err(PlanError::Version {
                cause: format!("targets.toml takes it from git, and {cause}"),
                help: "run xbuild in a checkout with a commit, or set XBUILD_VERSION and XBUILD_COMMIT"
                    .to_owned(),
            });
        }
        (None, VersionSource::Auto, Err(_)) => ("0.0.0-dev".to_owned(), "default".to_owned()),
    };
    // Tags of a module in a subdirectory carry its path.
    let version = tag.rsplit('/').next().unwrap_or(&tag);
    let version = match version.strip_prefix('v') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => version,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_' | '~');
    if version.is_empty() || version.starts_with(['.', '-']) || !version.chars().all(plain) {
        return Err(PlanError::Version {
            cause: format!("{tag:?}, which {source} gives, cannot go into file names"),
            help: "use letters, digits and . + - _ ~".to_owned(),
        });
    }
    // Both go into flags, which Go splits at spaces and quotes: `{tag}` must not bring a flag of its own.
    let splits = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\'' | '"');
    if tag.contains(splits) {
        return Err(PlanError::Version {
            cause: format!("{tag:?}, which {source} gives, holds a space or a quote"),
            help: "use letters, digits and . + - _ ~ /".to_owned(),
        });
    }
    let commit = match (inputs.override_commit, git) {
        (Some(commit), _) if !commit.chars().all(plain) => {
            return Err(PlanError::Version {
                cause: format!("XBUILD_COMMIT is {commit:?}"),
                help: "set it to a commit's id: letters, digits and . + - _ ~".to_owned(),
            });
        }
        (Some(commit), _) => commit.to_owned(),
        (None, Ok(state)) => state.commit.clone(),
        (None, Err(_)) => String::new(),
    };
    let epoch = match inputs.env.get("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) {
        Some(text) => text.parse().ok().filter(|epoch| *epoch >= 0).ok_or_else(|| PlanError::Version {
            cause: format!("SOURCE_DATE_EPOCH is {text:?}"),
            help: "set it to the seconds since 1970, or unset it".to_owned(),
        })?,
        None => git.map_or(NO_TIME, |state| state.time),
    };
    let date = jiff::Timestamp::from_second(epoch).map_err(|_| PlanError::Version {
        cause: format!("the time {epoch} is out of range"),
        help: "set SOURCE_DATE_EPOCH to the seconds since 1970".to_owned(),
    })?;
    Ok(ProjectVersion {
        version: version.to_owned(),
        commit,
        date: date.to_string(),
        epoch,
        dirty: git.is_ok_and(|state| state.dirty),
        source,
        tag,
    })
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(describe: Option<&str>, dirty: bool) -> Result<GitState, String> {
        let commit = "0123456789abcdef0123".to_owned();
        Ok(GitState { describe: describe.map(str::to_owned), commit, time: 1_700_000_000, dirty })
    }

    fn version(
        source: &VersionSource,
        git: &Result<GitState, String>,
        env: &[(&str, &str)],
    ) -> Result<ProjectVersion, PlanError> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        project_version(&VersionInputs {
            source,
            override_version: None,
            override_commit: None,
            git,
            env: &env,
        })
    }

    #[test]
    fn from_git() {
        let source = VersionSource::Git;
        let of = |describe, dirty| version(&source, &git(describe, dirty), &[]).unwrap().version;
        assert_eq!(of(Some("v1.2.3"), false), "1.2.3");
        assert_eq!(of(Some("v1.2.3-4-gabcdef012345"), true), "1.2.3-4-gabcdef012345-dirty");
        assert_eq!(of(Some("cmd/tool/v0.1.0"), false), "0.1.0");
        assert_eq!(of(None, false), "0.0.0-g0123456789ab");
        let made = version(&source, &git(Some("v1.0.0"), false), &[]).unwrap();
        assert_eq!((made.date.as_str(), made.epoch), ("2023-11-14T22:13:20Z", 1_700_000_000));
        let made = version(&source, &git(Some("v1.0.0"), false), &[("SOURCE_DATE_EPOCH", "0")]).unwrap();
        assert_eq!(made.date, "1970-01-01T00:00:00Z");
    }

    #[test]
    fn without_git() {
        let none = Err("there is no repository".to_owned());
        assert!(version(&VersionSource::Git, &none, &[]).is_err());
        let made = version(&VersionSource::Auto, &none, &[]).unwrap();
        assert_eq!((made.version.as_str(), made.date.as_str()), ("0.0.0-dev", "1980-01-01T00:00:00Z"));
        let source = VersionSource::Env("REL".to_owned());
        assert!(version(&source, &none, &[]).is_err());
        assert_eq!(version(&source, &none, &[("REL", "v2.0.0")]).unwrap().version, "2.0.0");
        assert!(version(&source, &none, &[("REL", "a b")]).is_err());
        assert!(version(&source, &none, &[("SOURCE_DATE_EPOCH", "soon"), ("REL", "1")]).is_err());
    }
}
