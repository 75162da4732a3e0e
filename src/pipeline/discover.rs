//! A module or workspace that has no targets.toml yet.

use std::collections::{BTreeMap, BTreeSet};

use super::prepare::{Context, layers, listing_environment};
use super::project::{modules, name_of};
use super::sdk::sdk;
use super::sealing::inputs;
use crate::config::resolve;
use crate::error::Error;
use crate::model::{Port, Target, short_name};
use crate::plan::{MainPackage, PlanError};
use crate::toolchain::{Query, main_packages};

/// What `init` writes about.
#[derive(Debug)]
pub struct Discovery {
    /// The module's short name, or that of the workspace's directory.
    pub name: String,
    /// Its programs for any first-class target.
    pub programs: Vec<FoundProgram>,
}

/// A program and where it can be built.
#[derive(Debug)]
pub struct FoundProgram {
    /// An id that no other program has.
    pub id: String,
    /// The package.
    pub main: MainPackage,
    /// Target patterns, where not every first-class target has it; `windows/*`.
    pub only: Vec<String>,
}

/// Looks at the module or workspace that the directory is the root of.
pub fn discover(context: &Context<'_>) -> Result<Discovery, Error> {
    let sdk = sdk(context)?;
    let modules = modules(context.cwd, None, Some(&sdk), context)?;
    let settings = resolve(&layers(None, context.cwd, context))?;
    inputs(context.cwd, &settings)?;
    crate::cache::open(&settings.cache_dir.value)?;
    let env = listing_environment(&sdk, &modules, &settings, context)?;
    let patterns = modules.patterns("".into());
    let targets: Vec<Target> = sdk.ports.iter().filter(|port| port.first_class).map(Port::target).collect();
    let query = Query { module_dir: context.cwd, patterns: &patterns, targets: &targets, env: &env };
    let mains = main_packages(&query, &sdk, context.cancel).map_err(Error::List)?;
    let mut places: BTreeMap<MainPackage, BTreeSet<&Target>> = BTreeMap::new();
    for (target, mains) in &mains {
        for main in mains {
            places.entry(main.clone()).or_default().insert(target);
        }
    }
    if places.is_empty() {
        return Err(PlanError::NoMain { place: context.cwd.to_string(), found: None }.into());
    }
    let mut programs: Vec<FoundProgram> = Vec::new();
    for (main, places) in places {
        let short = short_name(&main.import_path).to_owned();
        let like =
            |program: &&FoundProgram| program.id == short || program.id.starts_with(&format!("{short}-"));
        let taken = programs.iter().filter(like).count();
        let id = if taken == 0 { short.clone() } else { format!("{short}-{}", taken + 1) };
        programs.push(FoundProgram { id, main, only: patterns_for(&places, &targets) });
    }
    Ok(Discovery { name: name_of(&modules), programs })
}

/// The shortest list that picks `places` from `all`; empty when that is every one.
fn patterns_for(places: &BTreeSet<&Target>, all: &[Target]) -> Vec<String> {
    if places.len() == all.len() {
        return Vec::new();
    }
    let whole = |os: &str| all.iter().filter(|target| target.os == os).all(|target| places.contains(target));
    let patterns = places
        .iter()
        .map(|target| if whole(&target.os) { format!("{}/*", target.os) } else { target.to_string() });
    patterns.collect::<BTreeSet<String>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_one_pattern() {
        let all: Vec<Target> = ["darwin/arm64", "linux/386", "linux/amd64", "windows/amd64"]
            .iter()
            .map(|text| Target::parse(text).unwrap())
            .collect();
        let pick = |indices: &[usize]| patterns_for(&indices.iter().map(|i| &all[*i]).collect(), &all);
        assert_eq!(pick(&[0, 1, 2, 3]), Vec::<String>::new());
        assert_eq!(pick(&[1, 2]), ["linux/*"]);
        assert_eq!(pick(&[1, 3]), ["linux/386", "windows/*"]);
    }
}
