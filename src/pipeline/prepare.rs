//! Everything up to the plan.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

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
use crate::model::{GoMod, Port, Sdk, Target};
use crate::plan::{Inputs, Plan, ProjectPlan, VersionInputs, make, project_version, select};
use crate::seal::SourceScan;
use crate::toolchain::{GoDirectories, HostEnvironment, Query, SdkError, environment, find, main_packages};
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
    /// The module.
    pub go_mod: GoMod,
    /// Recipes at hand.
    pub recipes: Vec<Recipe>,
    /// The seal of every step.
    pub sealing: Sealing,
    /// The module's inputs.
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

/// The directory of go.mod.
fn module_dir(file: Option<&ProjectFile>, location: &Location) -> Utf8PathBuf {
    let dir = file.and_then(|file| file.project.dir.as_ref());
    dir.map_or_else(|| location.root.clone(), |dir| location.root.join(&dir.value))
}

/// A module and the settings that hold there.
pub(super) struct Module {
    pub(super) dir: Utf8PathBuf,
    pub(super) go_mod: GoMod,
    pub(super) settings: Settings,
}

/// The module of the project here. Without an SDK it may be one for a newer SDK.
pub(super) fn module_here(sdk: Option<&Sdk>, context: &Context<'_>) -> Result<Module, Error> {
    note_unknown_variables(context);
    let location = locate(context.cwd)?;
    let recipes = recipes(&location.root)?;
    let (file, settings) = project_settings(&location, &recipes, sdk, context)?;
    let dir = module_dir(file.as_ref(), &location);
    let go_mod = match sdk {
        Some(sdk) => {
            inputs(&dir, &settings)?;
            go_mod(&dir, sdk, context)?
        }
        None => read_go_mod(&dir)?,
    };
    Ok(Module { dir, go_mod, settings })
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
    let go_mod = go_mod(&module_dir, &sdk, context)?;
    let (selection, complete) = select(file.as_ref(), &settings, &sdk)?;
    let env = listing_environment(&sdk, &module_dir, &settings, context)?;
    let patterns = patterns(file.as_ref(), &location, &module_dir);
    let query =
        Query { module_dir: &module_dir, patterns: &patterns, targets: &selection.targets, env: &env };
    let mut mains = main_packages(&query, &sdk, context.cancel);
    // Before Go 1.17 go.mod did not name every module, and packages are not listed without the others' go.mod.
    if mains.is_err() && settings.online.value && !module_dir.join("vendor").is_dir() {
        let unfetched = fetch_for_listing(&module_dir, &go_mod, &sdk, &settings, context)?;
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
        name: name.map_or_else(|| go_mod.short_name().to_owned(), |name| name.value.clone()),
        version,
        root: location.root,
        module_dir,
        module: go_mod.module.clone(),
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
    Ok(Prepared { plan, go_mod, recipes, sealing, source })
}

fn read_go_mod(module_dir: &Utf8Path) -> Result<GoMod, Error> {
    let path = module_dir.join("go.mod");
    let text =
        fs::read_text_if_present(&path)?.ok_or_else(|| Error::NoModule { dir: module_dir.to_owned() })?;
    Ok(GoMod::parse(&text).map_err(|source| VendorError::GoMod { path, source })?)
}

/// Reads go.mod and refuses one that wants a newer SDK, before anything is built.
pub(super) fn go_mod(module_dir: &Utf8Path, sdk: &Sdk, context: &Context<'_>) -> Result<GoMod, Error> {
    let path = module_dir.join("go.mod");
    let go_mod = read_go_mod(module_dir)?;
    let refuse = |file: Utf8PathBuf, wanted| SdkError::OlderThanProject {
        file,
        wanted,
        goroot: sdk.goroot.clone(),
        version: sdk.version,
    };
    if let Some(wanted) = go_mod.go.filter(|wanted| *wanted > sdk.version) {
        return Err(refuse(path, wanted).into());
    }
    // A vendored module's own `go` line binds as well.
    let modules_txt = module_dir.join("vendor/modules.txt");
    // What is no readable file is refused where the tree is verified.
    let vendored = fs::read_regular_text_if_present(&modules_txt).ok().flatten().unwrap_or_default();
    if let Some(wanted) = crate::vendor::newest_go(&vendored).filter(|wanted| *wanted > sdk.version) {
        return Err(refuse(modules_txt, wanted).into());
    }
    if let Some(name) = &go_mod.toolchain {
        let asked = crate::model::GoVersion::parse(name);
        if asked.is_some_and(|asked| asked > sdk.version) {
            context.listener.event(&Event::Note(format!(
                "go.mod suggests the toolchain {name}; a sealed build uses the SDK at hand, go{}",
                sdk.version
            )));
        }
    }
    Ok(go_mod)
}

/// `go list` may run before there is a vendor tree: then go.mod files may come from what is on this host.
pub(super) fn listing_environment(
    sdk: &Sdk,
    module_dir: &Utf8Path,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let cache = &settings.cache_dir.value;
    crate::cache::open(cache)?;
    let mut env = environment::sealed(&GoDirectories::in_store(sdk, cache));
    env.insert("GOFLAGS".to_owned(), "-mod=readonly -modcacherw".to_owned());
    if !module_dir.join("vendor").is_dir() {
        let local = local_modules(sdk, cache, context.env, context.cancel).map_err(Error::List)?;
        env.insert("GOPROXY".to_owned(), [local, vec!["off".to_owned()]].concat().join(","));
    }
    Ok(env)
}

fn fetch_for_listing(
    dir: &Utf8Path,
    go_mod: &GoMod,
    sdk: &Sdk,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<Vec<Unfetched>, Error> {
    let request = VendorRequest {
        dir,
        go_mod,
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
fn patterns(file: Option<&ProjectFile>, location: &Location, module_dir: &Utf8Path) -> Vec<String> {
    let builds = file.map_or(&[][..], |file| &file.builds);
    let named: Vec<String> =
        builds.iter().filter_map(|build| build.main.as_ref()).map(|main| main.value.clone()).collect();
    if !named.is_empty() && named.len() == builds.len() {
        return named;
    }
    let below = match file {
        None => location.asked.strip_prefix(module_dir).ok().filter(|below| !below.as_str().is_empty()),
        Some(_) => None,
    };
    vec![below.map_or_else(|| "./...".to_owned(), |below| format!("./{below}/..."))]
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
