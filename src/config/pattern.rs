//! Target lists: names, globs, sets, exclusions.

use globset::{GlobBuilder, GlobMatcher};

use super::suggest::{did_you_mean, nearest, one_of};
use crate::model::{Port, Target, TargetError, variable_of};

/// The set of the pairs that the Go project supports first class.
const FIRST_CLASS: &str = "first-class";

/// One element of a target list.
#[derive(Debug, Clone)]
pub struct TargetPattern {
    /// As written, `!` included.
    pub text: String,
    /// Whether it takes away.
    pub exclude: bool,
    matches: Matches,
}

#[derive(Debug, Clone)]
enum Matches {
    FirstClass,
    Exact(Target),
    Glob(GlobMatcher),
}

/// Why a target list is wrong: which element, the cause, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct PatternError {
    /// Index of the element; `None` when it is about the list as a whole.
    pub index: Option<usize>,
    /// Subject and cause.
    pub cause: String,
    /// What to write instead.
    pub help: String,
}

/// A target list worked out against an SDK.
#[derive(Debug, Clone, Default)]
pub struct Expansion {
    /// The targets in the SDK's order, variants after their pair.
    pub targets: Vec<Target>,
    /// Pairs that globs passed over, with the reason.
    pub skipped: Vec<(Target, &'static str)>,
}

impl TargetPattern {
    /// Reads one element; names are checked against an SDK by [`expand`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let exclude = text.starts_with('!');
        let body = text.strip_prefix('!').unwrap_or(text);
        let fail = |cause: String, help: String| PatternError { index: None, cause, help };
        let matches = if body == FIRST_CLASS {
            Matches::FirstClass
        } else if special(body) {
            let glob = GlobBuilder::new(body).literal_separator(true).build().map_err(|error| {
                fail(
                    format!("{body:?} is not a glob: {}", error.kind()),
                    "write a glob such as `linux/*`".to_owned(),
                )
            })?;
            Matches::Glob(glob.compile_matcher())
        } else {
            Matches::Exact(Target::parse(body).map_err(|error| match error {
                TargetError::Shape => fail(
                    format!("{text:?} is not a target"),
                    in_go(body).filter(|pair| Target::parse(pair).is_ok()).map_or_else(
                        || {
                            did_you_mean(body, [FIRST_CLASS], || {
                                "write os/arch or os/arch/variant, a glob such as `linux/*`, or `first-class`"
                                    .to_owned()
                            })
                        },
                        |pair| format!("did you mean `{pair}`?"),
                    ),
                ),
                TargetError::NoVariants { ref arch } => fail(
                    format!("unknown target {body:?}: {error}"),
                    format!("write it without the third part: {arch} has one form"),
                ),
                TargetError::Variant { ref value, ref accepted, .. } => fail(
                    format!("unknown target {body:?}: {error}"),
                    did_you_mean(value, accepted.split(", "), || format!("write one of {accepted}")),
                ),
            })?)
        };
        Ok(TargetPattern { text: text.to_owned(), exclude, matches })
    }

    /// Whether the pattern names one target.
    pub fn is_exact(&self) -> bool {
        matches!(self.matches, Matches::Exact(_))
    }

    /// Whether the pattern covers a target. A pair without a variant in the pattern covers that form only.
    pub fn covers(&self, target: &Target, ports: &[Port]) -> bool {
        match &self.matches {
            Matches::Exact(exact) => exact == target,
            Matches::Glob(glob) => glob.is_match(target.to_string()),
            Matches::FirstClass => {
                target.variant.is_none()
                    && ports
                        .iter()
                        .any(|port| port.first_class && port.os == target.os && port.arch == target.arch)
            }
        }
    }
}

/// Works a list out. Globs and sets take the pairs that can be built without a C toolchain; naming a pair
/// that cannot is a mistake. Every mistake of the list is returned.
pub fn expand(patterns: &[TargetPattern], ports: &[Port]) -> Result<Expansion, Vec<PatternError>> {
    let mut errors = Vec::new();
    let mut chosen: Vec<(Target, bool)> = Vec::new();
    let mut skipped = Vec::new();
    for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| !pattern.exclude) {
        match included(pattern, ports) {
            Err(mut error) => {
                error.index = Some(index);
                errors.push(error);
            }
            Ok((targets, passed_over)) => {
                let named = pattern.is_exact();
                chosen.extend(targets.into_iter().map(|target| (target, named)));
                skipped.extend(passed_over);
            }
        }
    }
    for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| pattern.exclude) {
        if let Err(mut error) = known(pattern, ports) {
            error.index = Some(index);
            errors.push(error);
        }
        chosen.retain(|(target, _)| !pattern.covers(target, ports));
        skipped.retain(|(target, _)| !pattern.covers(target, ports));
    }
    if errors.is_empty() && chosen.is_empty() {
        errors.push(PatternError {
            index: None,
            cause: "the list leaves no target".to_owned(),
            help: "name at least one target that no `!` takes away".to_owned(),
        });
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Expansion { targets: ordered(chosen, ports), skipped })
}

/// Drops repetitions; of two names for one build the named one stays (`linux/arm/7` beside `linux/*`).
fn ordered(mut chosen: Vec<(Target, bool)>, ports: &[Port]) -> Vec<Target> {
    chosen.sort_by_key(|(target, named)| {
        let port = ports.iter().position(|port| port.os == target.os && port.arch == target.arch);
        (port, target.variant_setting().map(|(_, value)| value.to_owned()), !named, target.variant.is_none())
    });
    chosen.dedup_by(|later, earlier| later.0.builds_like(&earlier.0));
    chosen.into_iter().map(|(target, _)| target).collect()
}

type Included = (Vec<Target>, Vec<(Target, &'static str)>);

fn included(pattern: &TargetPattern, ports: &[Port]) -> Result<Included, PatternError> {
    if let Matches::Exact(target) = &pattern.matches {
        let port = port_of(target, ports)?;
        if let Some(reason) = obstacle(port) {
            return Err(PatternError {
                index: None,
                cause: format!("{target} cannot be built: {reason}"),
                help: "take it out of the list".to_owned(),
            });
        }
        return Ok((vec![target.clone()], Vec::new()));
    }
    let mut targets = Vec::new();
    let mut skipped = Vec::new();
    for port in ports {
        let matching = forms(port).into_iter().filter(|form| pattern.covers(form, ports));
        match obstacle(port) {
            None => targets.extend(matching),
            Some(reason) => skipped.extend(matching.map(|form| (form, reason))),
        }
    }
    if targets.is_empty() {
        let cause = match skipped.first() {
            None => format!("{:?} matches no target", pattern.text),
            Some((target, reason)) => {
                format!("{:?} matches only targets such as {target}: {reason}", pattern.text)
            }
        };
        let help = if skipped.is_empty() {
            let os = pattern.text.split('/').next().unwrap_or_default();
            match arches_of(os, ports)[..] {
                [] => did_you_mean(os, systems(ports).filter(|_| !special(os)), || {
                    "`xbuild targets` lists every target".to_owned()
                }),
                ref arches => format!("{os} knows {}", arches.join(", ")),
            }
        } else {
            "take it out of the list".to_owned()
        };
        return Err(PatternError { index: None, cause, help });
    }
    Ok((targets, skipped))
}

/// An exclusion may name anything that exists, chosen or not.
fn known(pattern: &TargetPattern, ports: &[Port]) -> Result<(), PatternError> {
    if let Matches::Exact(target) = &pattern.matches {
        return port_of(target, ports).map(|_| ());
    }
    let any = ports.iter().any(|port| forms(port).iter().any(|form| pattern.covers(form, ports)));
    any.then_some(()).ok_or_else(|| PatternError {
        index: None,
        cause: format!("{:?} excludes no target that exists", pattern.text),
        help: "`xbuild targets` lists every target".to_owned(),
    })
}

/// A pair in every form that a target may name it.
fn forms(port: &Port) -> Vec<Target> {
    let pair = port.target();
    let values = variable_of(&port.arch).map_or(&[][..], |variable| variable.values);
    let variants = values.iter().filter_map(|value| pair.with_variant(value).ok());
    std::iter::once(pair.clone()).chain(variants).collect()
}

fn obstacle(port: &Port) -> Option<&'static str> {
    if port.broken {
        Some("the SDK calls this port broken")
    } else if port.needs_c_toolchain() {
        Some("its linker needs a C toolchain, and cgo is off")
    } else {
        None
    }
}

fn port_of<'p>(target: &Target, ports: &'p [Port]) -> Result<&'p Port, PatternError> {
    if let Some(port) = ports.iter().find(|port| port.os == target.os && port.arch == target.arch) {
        return Ok(port);
    }
    let exists = |pair: &str| ports.iter().any(|port| port.target().to_string() == pair);
    let pair = format!("{}/{}", target.os, target.arch);
    let arches = arches_of(&target.os, ports);
    let near: Vec<String> = if let Some(pair) = in_go(&pair).filter(|pair| exists(pair)) {
        vec![pair]
    } else if arches.is_empty() {
        let oses = nearest(&target.os, systems(ports));
        oses.into_iter().map(|os| format!("{os}/{}", target.arch)).filter(|pair| exists(pair)).collect()
    } else {
        let near = nearest(&target.arch, arches.iter().copied());
        near.into_iter().map(|arch| format!("{}/{arch}", target.os)).collect()
    };
    let help = one_of(near.iter().map(String::as_str)).unwrap_or_else(|| {
        if arches.is_empty() {
            format!("known systems are {}", systems(ports).collect::<Vec<_>>().join(", "))
        } else {
            format!("{} knows {}", target.os, arches.join(", "))
        }
    });
    Err(PatternError { index: None, cause: format!("unknown target \"{target}\""), help })
}

fn special(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// The systems of an SDK, each once.
fn systems(ports: &[Port]) -> impl Iterator<Item = &str> {
    let mut names: Vec<&str> = ports.iter().map(|port| port.os.as_str()).collect();
    names.dedup();
    names.into_iter()
}

fn arches_of<'p>(os: &str, ports: &'p [Port]) -> Vec<&'p str> {
    ports.iter().filter(|port| port.os == os).map(|port| port.arch.as_str()).collect()
}

/// A target in Go's words, when it is written in another tool's.
fn in_go(text: &str) -> Option<String> {
    const NAMES: &[(&str, &str)] = &[
        ("macos", "darwin"),
        ("osx", "darwin"),
        ("win", "windows"),
        ("win32", "windows"),
        ("win64", "windows"),
        ("wasi", "wasip1"),
        ("x86_64", "amd64"),
        ("x64", "amd64"),
        ("x86", "386"),
        ("i386", "386"),
        ("i686", "386"),
        ("aarch64", "arm64"),
        ("armhf", "arm"),
        ("powerpc64le", "ppc64le"),
        ("wasm32", "wasm"),
    ];
    let go = |word: &str| {
        let word = word.to_ascii_lowercase();
        NAMES.iter().find(|(name, _)| *name == word).map_or(word, |(_, go)| (*go).to_owned())
    };
    let translated = text.split('/').map(go).collect::<Vec<_>>().join("/");
    (translated != text && text.contains('/')).then_some(translated)
}
