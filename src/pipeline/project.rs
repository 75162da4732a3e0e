//! The modules of the project, held against its file and the SDK.

use camino::{Utf8Path, Utf8PathBuf};

use super::prepare::Context;
use crate::config::{ConfigError, Problem, ProjectFile};
use crate::error::Error;
use crate::event::Event;
use crate::fs;
use crate::locate::Location;
use crate::model::{GoVersion, Sdk};
use crate::module_set::{self, Member, ModuleSet, workspace_around};
use crate::plan::ModulePlan;
use crate::toolchain::SdkError;

/// The directory of go.mod or go.work.
pub(super) fn module_dir(file: Option<&ProjectFile>, location: &Location) -> Utf8PathBuf {
    let dir = file.and_then(|file| file.project.dir.as_ref());
    dir.map_or_else(|| location.root.clone(), |dir| location.root.join(&dir.value))
}

/// The modules of a directory. Without an SDK they may be for a newer one.
///
/// # Errors
/// What cannot be read, what the project's file says of a workspace and is not so, and an SDK older than the modules
/// want, before anything is built.
pub(super) fn modules(
    dir: &Utf8Path,
    file: Option<&ProjectFile>,
    sdk: Option<&Sdk>,
    context: &Context<'_>,
) -> Result<ModuleSet, Error> {
    let alone = match file {
        Some(file) => alone(dir, file)?,
        None => false,
    };
    let modules = module_set::read(dir, alone)?;
    if let Some(sdk) = sdk {
        hold(&modules, sdk, context)?;
    }
    if let Some(work) = workspace_around(dir).filter(|_| modules.work.is_none()) {
        let above = work.parent().unwrap_or(&work);
        context.listener.event(&Event::Note(format!(
            "{work} lists this module; build the workspace with `xbuild -C {above}`"
        )));
    }
    Ok(modules)
}

/// Whether the file asks for the module alone. It can choose only where there is a choice.
fn alone(dir: &Utf8Path, file: &ProjectFile) -> Result<bool, ConfigError> {
    let Some(choice) = &file.project.workspace else { return Ok(false) };
    let there = |name: &str| dir.join(name).is_file();
    let problem = match (choice.value, there("go.work"), there("go.mod")) {
        (_, false, _) => Some(("there is no go.work to choose", "take the line out")),
        (false, true, false) => Some((
            "there is no go.mod beside go.work, so no module to build alone",
            "take the line out, or name the module's directory as `dir`",
        )),
        _ => None,
    };
    if let Some((cause, help)) = problem {
        let title = format!("`workspace = {}` cannot hold here", choice.value);
        let problem = Problem::new(choice.span.clone(), title, cause, help);
        return Err(ConfigError { source_file: file.source.clone(), problems: vec![problem] });
    }
    Ok(!choice.value)
}

/// Refuses modules that want a newer SDK.
fn hold(modules: &ModuleSet, sdk: &Sdk, context: &Context<'_>) -> Result<(), Error> {
    let refuse = |file: Utf8PathBuf, wanted| SdkError::OlderThanProject {
        file: modules.root.join(file),
        wanted,
        goroot: sdk.goroot.clone(),
        version: sdk.version,
    };
    if let Some((file, wanted)) = modules.go_lines().into_iter().find(|(_, wanted)| *wanted > sdk.version) {
        return Err(refuse(file, wanted).into());
    }
    // A vendored module's own `go` line binds as well.
    let modules_txt = Utf8PathBuf::from("vendor/modules.txt");
    // What is no readable file is refused where the tree is verified.
    let vendored = fs::read_regular_text_if_present(&modules.root.join(&modules_txt)).ok().flatten();
    let newest = crate::vendor::newest_go(&vendored.unwrap_or_default());
    if let Some(wanted) = newest.filter(|wanted| *wanted > sdk.version) {
        return Err(refuse(modules_txt, wanted).into());
    }
    for member in &modules.members {
        let newer = |name: &&String| GoVersion::parse(name).is_some_and(|asked| asked > sdk.version);
        if let Some(name) = member.go_mod.toolchain.as_ref().filter(newer) {
            context.listener.event(&Event::Note(format!(
                "{} suggests the toolchain {name}; a sealed build uses the SDK at hand, go{}",
                member.file(),
                sdk.version
            )));
        }
    }
    Ok(())
}

/// The name of a project that gives itself none: a module's short name, or that of a workspace's directory, as far as
/// it can go into file names.
pub(super) fn name_of(modules: &ModuleSet) -> String {
    if let Some(go_mod) = modules.single() {
        return go_mod.short_name().to_owned();
    }
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || ['.', '_', '-', '+'].contains(&c) { c } else { '-' };
    let name: String = modules.root.file_name().unwrap_or_default().chars().map(plain).collect();
    match name.trim_start_matches(['.', '-', '_', '+']) {
        "" => "workspace".to_owned(),
        name => name.to_owned(),
    }
}

/// The modules as the plan shows them.
pub(super) fn module_plans(modules: &ModuleSet) -> Vec<ModulePlan> {
    let plan = |member: &Member| ModulePlan {
        path: member.go_mod.module.clone(),
        dir: if member.dir.as_str().is_empty() {
            modules.root.clone()
        } else {
            modules.root.join(&member.dir)
        },
    };
    modules.members.iter().map(plan).collect()
}
