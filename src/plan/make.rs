//! From inputs to the plan.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::PlanError;
use super::types::{BuildPlan, Flags, MainPackage, PackagePlan, Plan, ProjectPlan, TargetPlan, with_target};
use crate::config::{BuildSection, Expansion, FlagSection, Located, ProjectFile, Recipe, Settings, Values};
use crate::model::{Sdk, Target, short_name};

/// The recipe of a project that names none.
const DEFAULT_RECIPE: &str = "archive";

/// Everything that a plan is made from.
pub struct Inputs<'i> {
    /// targets.toml.
    pub file: Option<&'i ProjectFile>,
    /// Resolved settings.
    pub settings: Settings,
    /// The SDK.
    pub sdk: Sdk,
    /// The project.
    pub project: ProjectPlan,
    /// Which targets; see [`super::select`].
    pub selection: Expansion,
    /// Whether they are all that the project is built for.
    pub complete: bool,
    /// The main packages per target.
    pub mains: &'i BTreeMap<Target, Vec<MainPackage>>,
    /// The recipes at hand.
    pub recipes: &'i [Recipe],
    /// Ids that the request is limited to; all when empty.
    pub only_builds: &'i [String],
    /// Whether packages are left out.
    pub no_packages: bool,
    /// The host's environment, for allow-lists.
    pub env: &'i BTreeMap<String, String>,
}

/// Makes the plan.
pub fn make(inputs: Inputs<'_>) -> Result<Plan, PlanError> {
    let mut targets = Vec::new();
    let mut known = BTreeSet::new();
    for target in &inputs.selection.targets {
        let mut builds = builds(&inputs, target)?;
        known.extend(builds.iter().map(|build| build.id.clone()));
        let mut packages = packages(&inputs, target, &builds)?;
        if !inputs.only_builds.is_empty() {
            builds.retain(|build| inputs.only_builds.contains(&build.id));
            // A package is made whole or not at all.
            packages.retain(|package| package.builds.iter().all(|id| inputs.only_builds.contains(id)));
        }
        if !builds.is_empty() {
            targets.push(TargetPlan { target: target.clone(), builds, packages });
        }
    }
    if let Some(id) = inputs.only_builds.iter().find(|id| !known.contains(*id))
        && !known.is_empty()
    {
        return Err(PlanError::NoBuild { id: id.clone(), known: known.into_iter().collect() });
    }
    if targets.is_empty() {
        return Err(PlanError::NoMain { place: inputs.project.module_dir.to_string(), found: None });
    }
    unique_files(&targets)?;
    Ok(Plan {
        project: inputs.project,
        sdk: inputs.sdk,
        settings: inputs.settings,
        targets,
        skipped: inputs.selection.skipped,
        complete: inputs.complete && inputs.only_builds.is_empty(),
    })
}

fn builds(inputs: &Inputs<'_>, target: &Target) -> Result<Vec<BuildPlan>, PlanError> {
    let mains = inputs.mains.get(target).map_or(&[][..], Vec::as_slice);
    let sections = inputs.file.map_or(&[][..], |file| &file.builds);
    let ports = &inputs.sdk.ports;
    let mut builds = Vec::new();
    if sections.is_empty() {
        for main in mains {
            let id = implied_id(main);
            builds.push(build(inputs, target, None, main, id.clone(), id));
        }
    }
    for section in sections {
        let covered = |list: &Located<Vec<Located<_>>>| covers(list, target, ports);
        if section.targets.as_ref().is_some_and(|list| !covered(list)) {
            continue;
        }
        let main = main_of(section, mains, target)?;
        let id = section.id.as_ref().map_or_else(|| implied_id(main), |id| id.value.clone());
        let binary = section.binary.as_ref().map_or_else(|| id.clone(), |binary| binary.value.clone());
        builds.push(build(inputs, target, Some(section), main, id, binary));
    }
    Ok(builds)
}

fn covers(
    list: &Located<Vec<Located<crate::config::TargetPattern>>>,
    target: &Target,
    ports: &[crate::model::Port],
) -> bool {
    let mut patterns = list.value.iter().map(|item| &item.value);
    let excluded = patterns.clone().any(|pattern| pattern.exclude && pattern.covers(target, ports));
    let only_excludes = patterns.clone().all(|pattern| pattern.exclude);
    !excluded && (only_excludes || patterns.any(|pattern| !pattern.exclude && pattern.covers(target, ports)))
}

fn main_of<'m>(
    section: &BuildSection,
    mains: &'m [MainPackage],
    target: &Target,
) -> Result<&'m MainPackage, PlanError> {
    let list = || mains.iter().map(|main| main.dir.as_str()).collect::<Vec<_>>().join(", ");
    let found = || (!mains.is_empty()).then(list);
    match &section.main {
        Some(dir) => {
            let clean = normal(&dir.value);
            mains.iter().find(|main| normal(&main.dir) == clean).ok_or_else(|| PlanError::NoMain {
                place: format!("{} for {target}", dir.value),
                found: found(),
            })
        }
        None => match mains {
            [only] => Ok(only),
            [] => Err(PlanError::NoMain { place: format!("the module for {target}"), found: None }),
            _ => Err(PlanError::WhichMain { found: list() }),
        },
    }
}

fn normal(dir: &str) -> Utf8PathBuf {
    Utf8Path::new(dir).components().filter(|part| part.as_str() != ".").collect()
}

fn implied_id(main: &MainPackage) -> String {
    short_name(&main.import_path).to_owned()
}

fn build(
    inputs: &Inputs<'_>,
    target: &Target,
    section: Option<&BuildSection>,
    main: &MainPackage,
    id: String,
    binary: String,
) -> BuildPlan {
    let binary = format!("{binary}{}", target.executable_suffix());
    let mut values = with_target(&inputs.project.values(), target);
    values.insert("id", id.clone());
    values.insert("binary", binary.clone());
    let mut flags = Flags::default();
    let mut env = Vec::new();
    if let Some(section) = section {
        apply(&section.flags, &values, &mut flags, &mut env);
    }
    let overrides = inputs.file.map_or(&[][..], |file| &file.overrides);
    for section in overrides {
        let here = section.targets.as_ref().is_some_and(|list| covers(list, target, &inputs.sdk.ports));
        let names = section.builds.as_deref();
        if here && names.is_none_or(|names| names.iter().any(|name| name.value == id)) {
            apply(&section.flags, &values, &mut flags, &mut env);
        }
    }
    let let_in = env.iter().filter_map(|name| Some((name.clone(), inputs.env.get(name)?.clone()))).collect();
    BuildPlan {
        path: Utf8PathBuf::from(format!("{id}_{}", target.file_stem())).join(&binary),
        main: main.clone(),
        id,
        binary,
        flags,
        env: let_in,
    }
}

/// A later section replaces what it names and leaves the rest.
fn apply(section: &FlagSection, values: &Values, flags: &mut Flags, env: &mut Vec<String>) {
    let plain = |list: &[Located<String>]| list.iter().map(|item| item.value.clone()).collect::<Vec<_>>();
    if let Some(list) = &section.ldflags {
        flags.ldflags = list.iter().map(|flag| flag.value.render(values)).collect();
    }
    if let Some(list) = &section.tags {
        flags.tags = plain(list);
    }
    if let Some(list) = &section.gcflags {
        flags.gcflags = plain(list);
    }
    if let Some(list) = &section.asmflags {
        flags.asmflags = plain(list);
    }
    if let Some(list) = &section.env {
        *env = plain(list);
    }
}

fn packages(
    inputs: &Inputs<'_>,
    target: &Target,
    builds: &[BuildPlan],
) -> Result<Vec<PackagePlan>, PlanError> {
    if inputs.no_packages {
        return Ok(Vec::new());
    }
    let sections = inputs.file.map_or(&[][..], |file| &file.packages);
    let every = || builds.iter().map(|build| build.id.clone()).collect::<Vec<_>>();
    let mut wanted: Vec<(String, Vec<String>)> = Vec::new();
    for section in sections {
        if section.targets.as_ref().is_some_and(|list| !covers(list, target, &inputs.sdk.ports)) {
            continue;
        }
        let ids = section.builds.as_ref().map_or_else(every, |names| {
            names
                .iter()
                .map(|name| name.value.clone())
                .filter(|id| builds.iter().any(|build| build.id == *id))
                .collect()
        });
        if let Some(recipe) = section.recipe.as_ref().filter(|_| !ids.is_empty()) {
            wanted.push((recipe.value.clone(), ids));
        }
    }
    if sections.is_empty() {
        wanted.push((DEFAULT_RECIPE.to_owned(), every()));
    }
    let mut packages = Vec::new();
    for (name, ids) in wanted {
        // The file's names were checked against the same recipes.
        let Some(recipe) = inputs.recipes.iter().find(|recipe| recipe.name == name) else { continue };
        let format = recipe.format(&target.os);
        let mut package = PackagePlan { recipe: name.clone(), format, file: String::new(), builds: ids };
        let file = recipe.file().render(&package.values(&inputs.project, target));
        if file.is_empty() || file.starts_with('.') || file.contains(['/', '\\', '\0']) {
            return Err(PlanError::FileName { recipe: name, file });
        }
        package.file = file;
        packages.push(package);
    }
    Ok(packages)
}

/// No two files of dist/ share a path, and none takes a name that xbuild writes itself.
fn unique_files(targets: &[TargetPlan]) -> Result<(), PlanError> {
    let mut seen: BTreeMap<String, String> = ["artifacts.json", "metadata.json"]
        .map(|name| (name.to_owned(), "xbuild's own list".to_owned()))
        .into();
    for target in targets {
        let builds = target
            .builds
            .iter()
            .map(|build| (build.path.to_string(), format!("build {} for {}", build.id, target.target)));
        let packages = target.packages.iter().map(|package| {
            (package.file.clone(), format!("package {} for {}", package.recipe, target.target))
        });
        for (file, what) in builds.chain(packages) {
            if let Some(first) = seen.insert(file.to_lowercase(), what.clone()) {
                return Err(PlanError::SameFile { file, first, second: what });
            }
        }
    }
    Ok(())
}
