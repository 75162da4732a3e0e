//! What the user has told Go about modules, and nothing else of what the user has told it.

use std::collections::BTreeMap;

use crate::cancel::Cancel;
use crate::model::Sdk;
use crate::process::{Process, ProcessError};

/// What decides how modules are reached. Which bytes come out is go.sum's to say.
const REACH: &[&str] = &["GOAUTH", "GOINSECURE", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOSUMDB", "GOVCS"];

/// What `go env` needs for its answer about these and about GOMODCACHE and GOPROXY.
const ASKED_WITH: &[&str] =
    &["HOME", "USERPROFILE", "APPDATA", "SYSTEMROOT", "GOENV", "GOPATH", "GOMODCACHE", "GOPROXY"];

/// Variables of Go, by name, as `go env` resolves them from the user's environment and `go env -w` file.
///
/// It runs nothing of the project and nothing that the user's settings name: it sees only the variables that it is
/// asked for and those that say where the file is.
pub(super) fn go_settings(
    names: &[&str],
    sdk: &Sdk,
    host_env: &BTreeMap<String, String>,
    cancel: &Cancel,
) -> Result<BTreeMap<String, String>, ProcessError> {
    let wanted =
        |name: &str| [ASKED_WITH, names].concat().iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    let mut env: BTreeMap<String, String> = host_env
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if cfg!(target_os = "linux") {
        // Go would write its telemetry below the configuration directory; it does not where that is no absolute path.
        env.entry("GOENV".to_owned()).or_insert_with(|| settings_file(host_env));
        env.insert("XDG_CONFIG_HOME".to_owned(), "off".to_owned());
    }
    env.insert("GOTOOLCHAIN".to_owned(), "local".to_owned());
    env.insert("GOROOT".to_owned(), sdk.goroot.to_string());
    env.insert("GOWORK".to_owned(), "off".to_owned());
    let mut args = vec!["env".to_owned(), "-json".to_owned()];
    args.extend(names.iter().map(|name| (*name).to_owned()));
    let process = Process { program: sdk.go(), args, env, dir: sdk.goroot.clone(), input: None };
    let text = process.read(cancel)?;
    serde_json::from_str(&text).map_err(|error| ProcessError::Start {
        program: process.program.clone(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
    })
}

/// Where `go env -w` writes on Linux.
fn settings_file(host_env: &BTreeMap<String, String>) -> String {
    let set = |name: &str| host_env.get(name).filter(|value| !value.is_empty());
    match (set("XDG_CONFIG_HOME"), set("HOME")) {
        (Some(dir), _) if dir.starts_with('/') => format!("{dir}/go/env"),
        (None, Some(home)) => format!("{home}/.config/go/env"),
        _ => "off".to_owned(),
    }
}

/// Opens a sealed environment for an online run: the user's own git, netrc and proxies, and the variables of Go that
/// say how modules are reached. No other variable of Go comes along, from the environment or from the user's file:
/// GOCACHEPROG and GOFLAGS name programs.
pub(super) fn reach_as_the_user(
    env: &mut BTreeMap<String, String>,
    sdk: &Sdk,
    host_env: &BTreeMap<String, String>,
    cancel: &Cancel,
) -> Result<(), ProcessError> {
    let settings = go_settings(REACH, sdk, host_env, cancel)?;
    env.retain(|name, _| name != "PATH" && !REACH.contains(&name.as_str()));
    env.extend(settings.into_iter().filter(|(_, value)| !value.is_empty()));
    if let Some(debug) = host_env.get("GODEBUG").filter(|debug| !debug.is_empty()) {
        // How names are resolved and connections are made is set there as well.
        env.entry("GODEBUG".to_owned()).and_modify(|ours| *ours = format!("{debug},{ours}"));
    }
    for (name, value) in host_env.iter().filter(|(name, _)| !steers_go(name)) {
        env.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Ok(())
}

/// Whether a variable is one of Go's, or names a program of the C toolchain.
fn steers_go(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("GO")
        || name.starts_with("CGO_")
        || ["CC", "CXX", "FC", "AR", "GCCGO", "PKG_CONFIG"].contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_go_env_w() {
        let file = |pairs: &[(&str, &str)]| {
            settings_file(
                &pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            )
        };
        assert_eq!(file(&[("HOME", "/h")]), "/h/.config/go/env");
        assert_eq!(file(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), "/x/go/env");
        assert_eq!(file(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]), "off");
        assert_eq!(file(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "")]), "/h/.config/go/env");
        assert_eq!(file(&[]), "off");
    }

    #[test]
    fn what_steers_go_stays_out() {
        for name in ["GOFLAGS", "gocacheprog", "CGO_CFLAGS", "CC", "GOBIN", "GO_EXTLINK_ENABLED"] {
            assert!(steers_go(name), "{name}");
        }
        for name in ["HOME", "SSH_AUTH_SOCK", "https_proxy", "GIT_SSH_COMMAND", "NETRC", "PATH"] {
            assert!(!steers_go(name), "{name}");
        }
    }
}
