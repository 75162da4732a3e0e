//! Everything up to the plan.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::project::{module_dir, module_plans, modules, name_of};
use super::sealing::{Sealing, inputs, settle};
use crate::cancel::Cancel;
use crate::config::{
    ConfigError, FlagLayer, Known, Layers, ProjectFile, Recipe, Settings, Source, UserFile, VersionSource,
    resolve, unknown_variables,
};
use crate::error::Error;
use crate::event::{Event, Listener};
use crate::fs;
use crate::locate::{LocateError, Location, locate};
use crate::model::{Port, Sdk, Target};
use crate::module_set::ModuleSet;
use crate::plan::{Inputs, Plan, PlanError, ProjectPlan, VersionInputs, make, project_version, select};
use crate::seal::SourceScan;
use crate::toolchain::{GoDirectories, HostEnvironment, Query, environment, find, main_packages};
use crate::vcs::git_state;
use crate::vendor::{Unfetched, VendorError, VendorRequest, fetch_missing, local_modules};

/// What a run is given by the edge of the program.
pub struct Context<'c> {
    /// The directory that paths are relative to.
    pub cwd: &'c Utf8Path,
    /// The environment, read once.
    pub env: &'c BTreeMap<String, String>,
    /// Flags.
    pub flags: &'c FlagLayer,
    /// The user's settings file, read.
    pub user: Option<&'c UserFile>,
    /// The default store; none for a user without a home directory.
    pub default_cache: Option<&'c Utf8Path>,
    /// Ends the run.
    pub cancel: &'c Cancel,
    /// Hears of it.
    pub listener: &'c dyn Listener,
}

/// What is asked for beyond settings.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Build ids; all when empty.
    pub builds: Vec<String>,
    /// Whether packages are left out.
    pub no_packages: bool,
}

/// A plan and what it was made from.
#[derive(Debug)]
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// The modules.
    pub modules: ModuleSet,
    /// Recipes at hand.
    pub recipes: Vec<Recipe>,
    /// The seal of every step.
    pub sealing: Sealing,
    /// The modules' inputs.
    pub source: SourceScan,
}

/// The project's file and the settings; the file is checked against an SDK where there is one.
fn project_settings(
    location: &Location,
    recipes: &[Recipe],
    sdk: Option<&Sdk>,
    context: &Context<'_>,
) -> Result<(Option<ProjectFile>, Settings), Error> {
    let names: Vec<String> = recipes.iter().map(|recipe| recipe.name.clone()).collect();
    let known = Known { ports: sdk.map(|sdk| sdk.ports.as_slice()), recipes: &names };
    let file = location.source.clone().map(|source| ProjectFile::read(source, &known)).transpose()?;
    let settings = resolve(&layers(file.as_ref(), &location.root, context))?;
    Ok((file, settings))
}

pub(super) fn layers<'l>(
    file: Option<&'l ProjectFile>,
    root: &'l Utf8Path,
    context: &Context<'l>,
) -> Layers<'l> {
    Layers {
        flags: context.flags,
        env: context.env,
        file,
        user: context.user,
        cwd: context.cwd,
        root,
        default_cache: context.default_cache,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// The SDK that the settings name. No project has a say in it: what is run is the user's choice.
pub(super) fn sdk(context: &Context<'_>) -> Result<Sdk, Error> {
    let settings = resolve(&layers(None, context.cwd, context))?;
    let text = |name: &str| context.env.get(name).map(String::as_str);
    let host = HostEnvironment { goroot: text("GOROOT"), path: text("PATH").unwrap_or_default() };
    Ok(find(settings.sdk.value.as_deref(), host, context.cancel)?)
}

/// Every pair of the SDK, and what the project here selects; nothing where there is no project.
pub fn targets(context: &Context<'_>) -> Result<(Vec<Port>, Vec<Target>), Error> {
    let sdk = sdk(context)?;
    let location = match locate(context.cwd) {
        Ok(location) => location,
        Err(LocateError::Nothing { .. }) => return Ok((sdk.ports, Vec::new())),
        Err(error) => return Err(error.into()),
    };
    let recipes = recipes(&location.root)?;
    let (file, settings) = project_settings(&location, &recipes, Some(&sdk), context)?;
    let (selection, _) = select(file.as_ref(), &settings, &sdk)?;
    Ok((sdk.ports, selection.targets))
}

fn note_unknown_variables(context: &Context<'_>) {
    for (name, help) in unknown_variables(context.env) {
        context.listener.event(&Event::Note(format!("{name} is not a variable of xbuild: {help}")));
    }
}

/// The modules of the project here and the settings that hold there. Without an SDK they may be for a newer one.
pub(super) fn modules_here(sdk: Option<&Sdk>, context: &Context<'_>) -> Result<(ModuleSet, Settings), Error> {
    note_unknown_variables(context);
    let location = locate(context.cwd)?;
    let recipes = recipes(&location.root)?;
    let (file, settings) = project_settings(&location, &recipes, sdk, context)?;
    let dir = module_dir(file.as_ref(), &location);
    if sdk.is_some() {
        inputs(&dir, &settings)?;
    }
    Ok((modules(&dir, file.as_ref(), sdk, context)?, settings))
}

/// Reads, checks, asks, and makes the plan.
pub fn prepare(request: &Request, context: &Context<'_>) -> Result<Prepared, Error> {
    note_unknown_variables(context);
    let location = locate(context.cwd)?;
    let recipes = recipes(&location.root)?;
    let sdk = sdk(context);
    let (file, settings) = project_settings(&location, &recipes, sdk.as_ref().ok(), context)?;
    let sdk = sdk?;

    let module_dir = module_dir(file.as_ref(), &location);
    let source = inputs(&module_dir, &settings)?;
    let modules = modules(&module_dir, file.as_ref(), Some(&sdk), context)?;
    let (selection, complete) = select(file.as_ref(), &settings, &sdk)?;
    let env = listing_environment(&sdk, &modules, &settings, context)?;
    let patterns = patterns(file.as_ref(), &location, &modules)?;
    let query =
        Query { module_dir: &module_dir, patterns: &patterns, targets: &selection.targets, env: &env };
    let mut mains = main_packages(&query, &sdk, context.cancel);
    // Before Go 1.17 go.mod did not name every module, and packages are not listed without the others' go.mod.
    if mains.is_err() && settings.online.value && !module_dir.join("vendor").is_dir() {
        let unfetched = fetch_for_listing(&modules, &sdk, &settings, context)?;
        mains = main_packages(&query, &sdk, context.cancel);
        if mains.is_err() && !unfetched.is_empty() {
            return Err(VendorError::Unfetched { files: unfetched }.into());
        }
    }
    let mains = mains.map_err(Error::List)?;
    let sealing = settle(&settings, context)?;

    let version_source =
        file.as_ref().and_then(|file| file.project.version.as_ref()).map(|version| &version.value);
    let git = git_state(&location.root, context.env, context.cancel);
    let version = project_version(&VersionInputs {
        source: version_source.unwrap_or(&VersionSource::Auto),
        override_version: settings.version.value.as_deref(),
        override_commit: settings.commit.value.as_deref(),
        git: &git,
        env: context.env,
    })?;
    let name = file.as_ref().and_then(|file| file.project.name.as_ref());
    let project = ProjectPlan {
        name: name.map_or_else(|| name_of(&modules), |name| name.value.clone()),
        version,
        root: location.root,
        module_dir,
        workspace: modules.work_file(),
        modules: module_plans(&modules),
    };
    let plan = make(Inputs {
        file: file.as_ref(),
        settings,
        sdk,
        project,
        selection,
        complete,
        mains: &mains,
        recipes: &recipes,
        only_builds: &request.builds,
        no_packages: request.no_packages,
        env: context.env,
    })?;
    Ok(Prepared { plan, modules, recipes, sealing, source })
}

/// `go list` may run before there is a vendor tree: then go.mod files may come from what is on this host.
pub(super) fn listing_environment(
    sdk: &Sdk,
    modules: &ModuleSet,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let cache = &settings.cache_dir.value;
    crate::cache::open(cache)?;
    let local = match modules.root.join("vendor").is_dir() {
        true => Vec::new(),
        false => local_modules(sdk, cache, context.env, context.cancel).map_err(Error::List)?,
    };
    Ok(environment::reading(&GoDirectories::in_store(sdk, cache, modules.work_file()), &local))
}

fn fetch_for_listing(
    modules: &ModuleSet,
    sdk: &Sdk,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<Vec<Unfetched>, Error> {
    let request = VendorRequest {
        modules,
        cache_dir: &settings.cache_dir.value,
        online: true,
        require_lock: false,
        host_env: context.env,
        fetching: &|fetching| context.listener.event(&Event::Fetching(fetching)),
    };
    Ok(fetch_missing(&request, sdk, context.cancel)?)
}

/// What `go list` is asked: the packages that the builds name, or everything from the directory where xbuild was
/// called.
fn patterns(
    file: Option<&ProjectFile>,
    location: &Location,
    modules: &ModuleSet,
) -> Result<Vec<String>, PlanError> {
    let builds = file.map_or(&[][..], |file| &file.builds);
    let named: Vec<String> =
        builds.iter().filter_map(|build| build.main.as_ref()).map(|main| main.value.clone()).collect();
    if !named.is_empty() && named.len() == builds.len() {
        return Ok(named);
    }
    let below = match file {
        None => location.asked.strip_prefix(&modules.root).unwrap_or("".into()),
        Some(_) => "".into(),
    };
    match modules.patterns(below) {
        none if none.is_empty() => Err(PlanError::NoMain { place: location.asked.to_string(), found: None }),
        patterns => Ok(patterns),
    }
}

/// The built-in recipes, and those of the project in place of any of the same name.
fn recipes(root: &Utf8Path) -> Result<Vec<Recipe>, Error> {
    let mut recipes = Recipe::built_in()?;
    let dir = root.join("recipes");
    if dir.is_dir() {
        for file in fs::list(&dir)?.iter().filter(|file| file.ends_with(".toml")) {
            let name = file.trim_end_matches(".toml");
            let source = Source {
                path: Utf8PathBuf::from("recipes").join(file),
                text: fs::read_text(&dir.join(file))?,
            };
            let recipe = Recipe::read(name, source).map_err(|error: ConfigError| Error::Config(error))?;
            recipes.retain(|other| other.name != recipe.name);
            recipes.push(recipe);
        }
    }
    recipes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(recipes)
}
