//! The plan, for people and as data.

use serde_json::{Value, json};

use super::table::{Table, size};
use super::terminal::{Terminal, Verbosity};
use crate::model::{Resources, SealedAction, Setting};
use crate::plan::Plan;

/// Prints the plan on standard output; with `-v` which layer set each value.
pub fn show_plan(plan: &Plan, terminal: &Terminal) {
    let mut facts = Table::default();
    let project = &plan.project;
    facts.row(["project", &project.name]);
    facts.row(["version", &format!("{} (from {})", project.version.version, project.version.source)]);
    if let Some(workspace) = &project.workspace {
        let count = project.modules.len();
        let plural = if count == 1 { "" } else { "s" };
        facts.row(["workspace", &format!("{workspace}, {count} module{plural}")]);
    }
    for module in &project.modules {
        facts.row(["module", &format!("{} in {}", module.path, module.dir)]);
    }
    facts.row([
        "sdk",
        &format!("{} at {} (from {})", plan.sdk.version_text, plan.sdk.goroot, plan.sdk.origin),
    ]);
    let mut text: Vec<String> = facts.render(&[]);
    text.push(String::new());
    let mut targets = Table::default();
    targets.row(["TARGET", "BUILD", "PROGRAM", "PACKAGES"]);
    for target in &plan.targets {
        for (index, build) in target.builds.iter().enumerate() {
            let packages: Vec<&str> = target.packages.iter().map(|package| package.file.as_str()).collect();
            let packages = if index == 0 { packages.join(" ") } else { String::new() };
            targets.row([target.target.to_string(), build.id.clone(), build.path.to_string(), packages]);
        }
    }
    text.extend(targets.render(&[]));
    for (target, reason) in &plan.skipped {
        text.push(format!("left out: {target} ({reason})"));
    }
    if terminal.verbosity() == Verbosity::Verbose {
        text.push(String::new());
        text.extend(layers(plan).render(&[]));
    }
    terminal.data(&(text.join("\n") + "\n"));
}

fn layers(plan: &Plan) -> Table {
    let mut table = Table::default();
    table.row(["SETTING", "VALUE", "SET BY"]);
    let settings = &plan.settings;
    row(&mut table, "jobs", &settings.jobs, ToString::to_string);
    row(&mut table, "sdk", &settings.sdk, |path| path.as_ref().map_or("-".to_owned(), ToString::to_string));
    row(&mut table, "cache_dir", &settings.cache_dir, ToString::to_string);
    row(&mut table, "cache_size", &settings.cache_size, |bytes| bytes.map_or("-".to_owned(), size));
    row(&mut table, "dist", &settings.dist, ToString::to_string);
    row(&mut table, "online", &settings.online, ToString::to_string);
    row(&mut table, "fail_fast", &settings.fail_fast, ToString::to_string);
    row(&mut table, "seal", &settings.seal, ToString::to_string);
    row(&mut table, "timeout", &settings.timeout, |time| {
        time.map_or("-".to_owned(), |time| format!("{} s", time.as_secs()))
    });
    row(&mut table, "memory", &settings.memory, |bytes| bytes.map_or("-".to_owned(), size));
    row(&mut table, "processes", &settings.processes, |most| most.map_or("-".to_owned(), |n| n.to_string()));
    row(&mut table, "require_lock", &settings.require_lock, ToString::to_string);
    row(&mut table, "color", &settings.color, |color| format!("{color:?}").to_lowercase());
    row(&mut table, "targets", &settings.targets, |list| {
        list.as_ref().map_or("-".to_owned(), |list| list.join(" "))
    });
    row(&mut table, "version", &settings.version, |text| text.clone().unwrap_or("-".to_owned()));
    row(&mut table, "commit", &settings.commit, |text| text.clone().unwrap_or("-".to_owned()));
    table
}

fn row<T>(table: &mut Table, name: &str, setting: &Setting<T>, show: impl Fn(&T) -> String) {
    table.row([name.to_owned(), show(&setting.value), setting.origin.to_string()]);
}

/// The plan as data, each build with the command line and the environment that it will run with.
pub fn plan_json(plan: &Plan, actions: &[(SealedAction, Resources)]) -> String {
    let mut value = serde_json::to_value(plan).unwrap_or(Value::Null);
    let mut actions = actions.iter();
    for target in value["targets"].as_array_mut().into_iter().flatten() {
        for build in target["builds"].as_array_mut().into_iter().flatten() {
            if let Some((action, resources)) = actions.next() {
                build["action"] = json!({"argv": action.argv, "env": action.env, "dir": action.dir, "seal": action.seal, "mounts": action.mounts,
                                   "slots": resources.slots, "limits": resources.limits});
            }
        }
    }
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}
