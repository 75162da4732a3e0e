//! Everything up to the plan.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};

use super::checkout::Checkout;
use super::programs::{ProgramsQuestion, programs};
use super::project::{module_dir, module_plans, modules, name_of};
use super::sdk::{KnownSdk, known_sdk, sdk};
use super::sealing::{Sealing, inputs, settle};
use crate::cache::Store;
use crate::cancel::Cancel;
use crate::config::{
    ConfigError, Expansion, FlagLayer, Known, Layers, ProjectFile, Recipe, Settings, Source, UserFile,
    VersionSource, resolve, unknown_variables,
};
use crate::error::Error;
use crate::event::{Event, Listener};
use crate::fs::{self, TemporaryDir};
use crate::locate::{LocateError, Location, locate};
use crate::model::{Blake3, Port, Sdk, Target};
use crate::module_set::ModuleSet;
use crate::plan::{
    Inputs, MainPackage, Plan, PlanError, ProjectPlan, VersionInputs, make, project_version, select,
};
use crate::seal::SourceScan;
use crate::toolchain::{GoDirectories, SdkIdentity, environment};
use crate::vendor::{Unfetched, VendorRequest, fetch_missing, local_modules};

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
    /// The modules' inputs.
    pub source: SourceScan,
    /// The SDK, by content.
    pub identity: SdkIdentity,
    /// What earlier runs left.
    pub store: Store,
    /// Where the store is when the one that the settings name cannot be used.
    _stopgap: Option<TemporaryDir>,
    /// Where the user keeps temporary files.
    pub(super) temporary: Utf8PathBuf,
    /// What the file system says of the inputs, as one hash.
    pub(super) fingerprint: Option<Blake3>,
    sealing: OnceLock<Sealing>,
}

impl Prepared {
    /// The seal of every step, settled by trying what this host allows when it is asked for first.
    ///
    /// # Errors
    /// When the level that the user asked for cannot be had.
    pub fn sealing(&self, context: &Context<'_>) -> Result<&Sealing, Error> {
        if let Some(sealing) = self.sealing.get() {
            return Ok(sealing);
        }
        let sealing = settle(&self.plan.settings, context)?;
        Ok(self.sealing.get_or_init(|| sealing))
    }

    /// The seal, if it has been settled.
    pub(super) fn settled(&self) -> Option<&Sealing> {
        self.sealing.get()
    }
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

/// A project as it is read, before Go and git are asked about it.
struct Project {
    file: Option<ProjectFile>,
    settings: Settings,
    sdk: Sdk,
    identity: SdkIdentity,
    module_dir: Utf8PathBuf,
    source: SourceScan,
    /// See [`Prepared::fingerprint`].
    fingerprint: Option<Blake3>,
    modules: ModuleSet,
    selection: Expansion,
    /// Whether the selection is all that the project has.
    complete: bool,
    patterns: Vec<String>,
}

impl Project {
    /// The main packages per target.
    fn programs(
        &self,
        store: &Store,
        context: &Context<'_>,
    ) -> Result<BTreeMap<Target, Vec<MainPackage>>, Error> {
        let question = ProgramsQuestion {
            patterns: &self.patterns,
            targets: &self.selection.targets,
            sdk: &self.identity,
            source: &self.source,
            fingerprint: self.fingerprint,
            modules: &self.modules,
        };
        programs(&question, &self.sdk, store, &self.settings, context)
    }
}

fn project(
    location: &Location,
    recipes: &[Recipe],
    store: &Store,
    context: &Context<'_>,
) -> Result<Project, Error> {
    let known = known_sdk(store, context);
    let sdk = known.as_ref().ok().map(|known| &known.sdk);
    let (file, mut settings) = project_settings(location, recipes, sdk, context)?;
    store.root().clone_into(&mut settings.cache_dir.value);
    let KnownSdk { sdk, identity } = known?;
    let module_dir = module_dir(file.as_ref(), location);
    let source = inputs(&module_dir, &settings)?;
    let fingerprint = source.fingerprint(&module_dir);
    let modules = modules(&module_dir, file.as_ref(), Some(&sdk), context)?;
    let (selection, complete) = select(file.as_ref(), &settings, &sdk)?;
    let patterns = patterns(file.as_ref(), location, &modules)?;
    Ok(Project {
        file,
        settings,
        sdk,
        identity,
        module_dir,
        source,
        fingerprint,
        modules,
        selection,
        complete,
        patterns,
    })
}

/// Reads, checks, asks, and makes the plan.
pub fn prepare(request: &Request, context: &Context<'_>) -> Result<Prepared, Error> {
    note_unknown_variables(context);
    let location = locate(context.cwd)?;
    let recipes = recipes(&location.root)?;
    // Where the store is must be known to ask it what the SDK is, and mistakes of the file are told when that is known.
    let early = project_settings(&location, &recipes, None, context);
    let (store, stopgap) = match &early {
        Ok((_, settings)) => open_store(settings, context)?,
        Err(_) => open_store(&resolve(&layers(None, &location.root, context))?, context)?,
    };
    let checkout = Checkout::look(&location.root, &store, context);
    let (project, mains, git) = std::thread::scope(|scope| {
        // git looks at every tracked file when it has to be asked, and so do the lines below.
        let ask = || scope.spawn(|| checkout.ask());
        let early = checkout.is_new().then(ask);
        let project = project(&location, &recipes, &store, context)?;
        let known = checkout.known(project.fingerprint).ok_or_else(|| early.unwrap_or_else(ask));
        let mains = project.programs(&store, context)?;
        let git = match known {
            Ok(known) => Ok(known),
            Err(asked) => {
                let said = asked.join().unwrap_or_else(|_| panic!("asking git panicked"));
                said.map(|(state, git)| {
                    checkout.remember(&state, &git, &project.module_dir, &project.source);
                    state
                })
            }
        };
        Ok::<_, Error>((project, mains, git))
    })?;
    let Project { file, settings, sdk, identity, module_dir, source, fingerprint, modules, .. } = project;
    let version_source =
        file.as_ref().and_then(|file| file.project.version.as_ref()).map(|version| &version.value);
    let version = project_version(&VersionInputs {
        source: version_source.unwrap_or(&VersionSource::Auto),
        override_version: settings.version.value.as_deref(),
        override_commit: settings.commit.value.as_deref(),
        git: &git,
        env: context.env,
    })?;
    let name = file.as_ref().and_then(|file| file.project.name.as_ref());
    let planned = ProjectPlan {
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
        project: planned,
        selection: project.selection,
        complete: project.complete,
        mains: &mains,
        recipes: &recipes,
        only_builds: &request.builds,
        no_packages: request.no_packages,
        env: context.env,
    })?;
    let (sealing, temporary) = (OnceLock::new(), temporary(context));
    Ok(Prepared {
        temporary,
        plan,
        modules,
        recipes,
        source,
        identity,
        store,
        _stopgap: stopgap,
        fingerprint,
        sealing,
    })
}

/// Where the user keeps temporary files.
fn temporary(context: &Context<'_>) -> Utf8PathBuf {
    let named =
        ["TMPDIR", "TEMP"].iter().find_map(|name| context.env.get(*name).filter(|dir| !dir.is_empty()));
    context.cwd.join(named.map_or("/tmp", String::as_str))
}

/// The store; where it cannot be used, one that ends with the run, so that there is a result all the same.
fn open_store(settings: &Settings, context: &Context<'_>) -> Result<(Store, Option<TemporaryDir>), Error> {
    let error = match Store::open(&settings.cache_dir.value) {
        Ok(store) => return Ok((store, None)),
        Err(error) => error,
    };
    // Where there is no other place either, the first error is the one to tell.
    let Ok(stopgap) = fs::temporary_dir(&temporary(context), "xbuild-store-") else {
        return Err(error.into());
    };
    let store = Store::open(stopgap.path())?;
    context.listener.event(&Event::Note(format!(
        "the store cannot be used: {error}; this run keeps nothing for later ones ({})",
        error.next_step()
    )));
    Ok((store, Some(stopgap)))
}

/// The settings that hold for a project, whatever the SDK is.
pub(super) fn settings_of(location: &Location, context: &Context<'_>) -> Result<Settings, Error> {
    let recipes = recipes(&location.root)?;
    Ok(project_settings(location, &recipes, None, context)?.1)
}

/// `go list` may run before there is a vendor tree: then go.mod files may come from what is on this host.
pub(super) fn listing_environment(
    sdk: &Sdk,
    modules: &ModuleSet,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<BTreeMap<String, String>, Error> {
    let cache = &settings.cache_dir.value;
    let local = match modules.root.join("vendor").is_dir() {
        true => Vec::new(),
        false => local_modules(sdk, cache, context.env, context.cancel).map_err(Error::List)?,
    };
    Ok(environment::reading(&GoDirectories::in_store(sdk, cache, modules.work_file()), &local))
}

pub(super) fn fetch_for_listing(
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
