//! Layers of settings: flag, XBUILD_ variable, targets.toml, the user's file, default.

use std::fs;

use crate::support::{Call, Project};

/// The row of a setting in `plan -v`: its value and who set it.
#[track_caller]
fn row(call: Call, setting: &str) -> (String, String) {
    let outcome = call.ok();
    let (_, layers) = outcome.stdout.split_once("SET BY\n").expect("plan -v shows the layers");
    let row = layers.lines().find_map(|line| line.strip_prefix(setting)?.strip_prefix(' ')).expect(setting);
    let (value, origin) = row.trim().split_once("  ").expect(row);
    (value.trim().to_owned(), origin.trim().to_owned())
}

#[track_caller]
fn is(call: Call, setting: &str, value: &str, origin: &str) {
    assert_eq!(row(call, setting), (value.to_owned(), origin.to_owned()), "{setting}");
}

fn user_file(call: Call, text: &str) -> Call {
    let dir = call.home().join(".config/xbuild");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("config.toml"), text).unwrap();
    call
}

#[test]
fn each_layer_beats_the_next() {
    let cores = std::thread::available_parallelism().unwrap().to_string();
    let project = Project::hello();
    let plan = |args: &[&str]| project.xbuild(&[&["plan", "-v"], args].concat());
    is(plan(&[]), "jobs", &cores, "default");
    is(user_file(plan(&[]), "jobs = 11\n"), "jobs", "11", "config.toml:1");
    project.write("targets.toml", "schema = 1\n\n[settings]\njobs = 12\n");
    is(user_file(plan(&[]), "jobs = 11\n"), "jobs", "12", "targets.toml:4");
    let env = |args: &[&str]| user_file(plan(args), "jobs = 11\n").env("XBUILD_JOBS", "13");
    is(env(&[]), "jobs", "13", "XBUILD_JOBS");
    is(env(&["-j", "14"]), "jobs", "14", "-j");
    is(env(&["--jobs", "15"]).env("XBUILD_JOBS", ""), "jobs", "15", "-j");
    is(plan(&[]).env("XBUILD_JOBS", ""), "jobs", "12", "targets.toml:4");
}

#[test]
fn every_setting_names_its_layer() {
    let project = Project::hello();
    let plan = || project.xbuild(&["plan", "-v"]);
    let root = fs::canonicalize(project.path()).unwrap().to_str().unwrap().to_owned();
    let dist = format!("{root}/dist");
    is(plan(), "dist", &dist, "default");
    is(plan().env("XBUILD_DIST", "out"), "dist", &format!("{root}/out"), "XBUILD_DIST");
    is(plan().env("XBUILD_ONLINE", "yes"), "online", "true", "XBUILD_ONLINE");
    is(
        project.xbuild(&["plan", "-v", "--offline"]).env("XBUILD_ONLINE", "yes"),
        "online",
        "false",
        "--online",
    );
    is(plan().env("XBUILD_FAIL_FAST", "1"), "fail_fast", "true", "XBUILD_FAIL_FAST");
    is(plan().env("XBUILD_COLOR", "never"), "color", "never", "XBUILD_COLOR");
    is(plan().env("XBUILD_VERSION", "9.9"), "version", "9.9", "XBUILD_VERSION");
    is(plan().env("XBUILD_COMMIT", "abc"), "commit", "abc", "XBUILD_COMMIT");
    let targets = "linux/arm64 plan9/*";
    is(plan().env("XBUILD_TARGETS", targets), "targets", targets, "XBUILD_TARGETS");
    let call = user_file(plan(), "fail_fast = true\nonline = true\ncolor = \"never\"\n");
    is(call, "color", "never", "config.toml:3");
    let call = plan().without("XBUILD_CACHE_DIR");
    let default = call.home().join(".cache/xbuild");
    is(call, "cache_dir", default.to_str().unwrap(), "default");
}

#[test]
fn paths_are_relative_to_the_layer_that_names_them() {
    let project =
        Project::hello().file("targets.toml", "schema = 1\n[settings]\ndist = \"out\"\n").file("sub/x", "");
    let root = fs::canonicalize(project.path()).unwrap();
    let sub = || Call::new(&project.path().join("sub"), &["plan", "-v"]);
    is(sub(), "dist", root.join("out").to_str().unwrap(), "targets.toml:3");
    is(sub().env("XBUILD_DIST", "mine"), "dist", root.join("sub/mine").to_str().unwrap(), "XBUILD_DIST");
}

#[test]
fn a_bad_variable_is_named() {
    let project = Project::hello();
    for (name, value) in
        [("XBUILD_JOBS", "0"), ("XBUILD_JOBS", "many"), ("XBUILD_JOBS", "-1"), ("XBUILD_JOBS", "4097")]
    {
        let outcome = project.xbuild(&["plan"]).env(name, value).code(3);
        outcome.says(&format!("error: {name}={value:?} is not usable: a whole number from 1 to 4096\n"));
        outcome.says("next: set XBUILD_JOBS to a whole number from 1 to 4096, or unset it\n");
        assert_eq!(outcome.stdout, "");
    }
    project
        .xbuild(&["plan"])
        .env("XBUILD_ONLINE", "maybe")
        .code(3)
        .says("XBUILD_ONLINE=\"maybe\" is not usable");
    project
        .xbuild(&["plan"])
        .env("XBUILD_FAIL_FAST", "2")
        .code(3)
        .says("XBUILD_FAIL_FAST=\"2\" is not usable");
    project.xbuild(&["plan"]).env("XBUILD_COLOR", "blue").code(3).says("XBUILD_COLOR=\"blue\" is not usable");
    project.xbuild(&["plan"]).env("XBUILD_TARGETS", "linux/amd46").code(2).says("XBUILD_TARGETS asks for");
}

#[test]
fn a_misspelt_variable_is_noted() {
    let project = Project::hello();
    let outcome = project.xbuild(&["plan"]).env("XBUILD_JOB", "2").ok();
    outcome.says("XBUILD_JOB is not a variable of xbuild: did you mean `XBUILD_JOBS`");
    let outcome = project.xbuild(&["plan"]).env("XBUILD_JOBS", "2").ok();
    outcome.never_says("not a variable");
}

#[test]
fn a_bad_user_file_is_explained() {
    let project = Project::hello();
    let call =
        user_file(project.xbuild(&["plan"]), "jobs = 0\ncolor = \"blue\"\nonlin = true\ntargets = []\n");
    let outcome = call.code(3);
    for text in [
        "0 CPU slots cannot be used",
        "\"blue\" is not a choice of colour",
        "unknown key `onlin`",
        "did you mean `online`?",
        "unknown key `targets`",
        "config.toml has 4 mistakes; nothing was built",
    ] {
        outcome.says(text);
    }
}
