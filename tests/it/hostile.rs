//! A host that wants another program: no variable, settings file, workspace or SDK file changes a byte or runs anything.
//!
//! Every way in is a real one, tried with real values; the tables that `make test` prints say what came of each.

mod flags;
mod readers;
mod scene;
mod sdk;
mod variables;
mod vendoring;

use std::fmt::Write;

use crate::support::table;
use scene::Scene;

/// What the user names there is what xbuild runs, so a wrong one is refused by name.
const CHOOSES_THE_SDK: &str = "GOROOT";

#[test]
fn no_variable_of_the_users_environment_reaches_a_build() {
    let clean = Scene::new();
    let expected = clean.build("the clean build", clean.call());
    let variables: Vec<variables::Variable> = variables::all().collect();
    let workers = 2;
    let results: Vec<Vec<(&str, &str)>> = std::thread::scope(|scope| {
        let share = |worker: usize| variables.iter().skip(worker).step_by(workers);
        let started: Vec<_> = (0..workers)
            .map(|worker| {
                let (share, expected) = (share(worker), &expected);
                scope.spawn(move || {
                    let scene = Scene::new();
                    share.map(|(name, value)| (*name, alone(&scene, name, value, expected))).collect()
                })
            })
            .collect();
        started.into_iter().map(|worker| worker.join().unwrap()).collect()
    });

    let call = variables
        .iter()
        .filter(|(name, _)| *name != CHOOSES_THE_SDK)
        .fold(clean.call(), |call, (name, value)| call.env(name, clean.filled(value)));
    assert!(clean.build("all at once", call) == expected, "all at once: other bytes");

    let mut rows: Vec<(&str, &str)> = results.into_iter().flatten().collect();
    rows.sort_unstable();
    assert!(rows.len() >= 90);
    let mut text = format!("{} variables in the user's environment, a build each\n", rows.len());
    for (name, result) in &rows {
        writeln!(text, "  {name:<38} {result}").unwrap();
    }
    writeln!(text, "  {:<38} same bytes, nothing run or written", "all at once").unwrap();
    table("hostile_variables", &text);
}

/// `{version}`, `{tag}` and `{commit}` stand in flags, which Go splits at spaces and quotes.
#[test]
fn what_fills_a_placeholder_is_never_a_flag() {
    let scene = Scene::new();
    let targets = "schema = 1\n\n[[build]]\nldflags = [\"-X main.version={tag}{commit}\"]\n";
    scene.outer().write("app/targets.toml", targets);
    scene.build("the clean build", scene.call());
    let flag = "-linkmode=external -extld={canary}";
    for (name, value) in [
        ("XBUILD_COMMIT", format!("x {flag}")),
        ("XBUILD_COMMIT", "x' -s".to_owned()),
        ("XBUILD_VERSION", format!("x {flag}")),
        ("XBUILD_VERSION", format!("x {flag} -X=/1.0")),
        ("XBUILD_VERSION", "x'/1.0".to_owned()),
    ] {
        let outcome = scene.run(&value, scene.call().env(name, scene.filled(&value)));
        assert_eq!(outcome.code, 3, "{name}={value}\n{}", outcome.stderr);
        outcome.says(if name == "XBUILD_COMMIT" { name } else { "the version cannot be had" });
    }
}

/// Git runs what a checkout's configuration names, where it is not told otherwise.
#[test]
fn no_program_of_the_checkouts_configuration_is_run() {
    let scene = Scene::new();
    let expected = scene.build("the clean build", scene.call());
    let config = scene.filled(
        "[core]\n\tfsmonitor = {canary}\n\tpager = {canary}\n\thooksPath = {dir}/bin\n\tsshCommand = {canary}\n\
         [filter \"evil\"]\n\tclean = {canary}\n\tsmudge = {canary}\n\trequired = true\n\
         [filter \"long\"]\n\tprocess = {canary}\n\
         [diff]\n\texternal = {canary}\n[diff \"evil\"]\n\ttextconv = {canary}\n\
         [gpg]\n\tprogram = {canary}\n[log]\n\tshowSignature = true\n",
    );
    let own = std::fs::read_to_string(scene.outer().path().join("app/.git/config")).unwrap();
    scene.outer().write("app/.git/config", &(own + &config));
    scene.outer().write("app/.git/info/attributes", "*.go filter=evil diff=evil\ngo.mod filter=long\n");
    for file in ["main.go", "hostile.go", "go.mod"] {
        // Written anew, so that git has to look into it.
        let text = scene.outer().read(&format!("app/{file}"));
        scene.outer().write(&format!("app/{file}"), &text);
    }
    let found = scene.build("a hostile .git/config", scene.call());
    assert!(found == expected, "a hostile .git/config changes the bytes");
}

fn alone(scene: &Scene, name: &str, value: &str, expected: &[u8]) -> &'static str {
    let call = scene.call().env(name, scene.filled(value));
    if name == CHOOSES_THE_SDK {
        let outcome = scene.run(name, call);
        assert_eq!(outcome.code, 4, "{}", outcome.stderr);
        outcome.says(name);
        return "refused by name, nothing run or written";
    }
    assert!(scene.build(name, call) == expected, "{name} changes the bytes");
    "same bytes, nothing run or written"
}

#[test]
fn no_settings_file_of_the_user_reaches_a_build() {
    let scene = Scene::new();
    let expected = scene.build("the clean build", scene.call());
    let settings: String =
        variables::all().map(|(name, value)| format!("{name}={}\n", scene.filled(value))).collect();
    let mut text = format!("{} variables at once in a file that `go` reads\n", variables::all().count());
    let mut tried = |what: &str, call| {
        assert!(scene.build(what, call) == expected, "{what} changes the bytes");
        writeln!(text, "  {what:<38} same bytes, nothing run or written").unwrap();
    };

    scene.write("home/.config/go/env", &settings);
    tried("HOME/.config/go/env (go env -w)", scene.call());
    scene.write("home/.config/go/env", "");
    scene.write("env", &settings);
    tried("the file that GOENV names", scene.call().env("GOENV", scene.dir().join("env")));
    for (name, file) in [
        ("XDG_CONFIG_HOME", "go/env"),
        ("XDG_CACHE_HOME", "go-build/00/poison-a"),
        ("XDG_DATA_HOME", "go/env"),
        ("XDG_STATE_HOME", "go/env"),
    ] {
        scene.write(&format!("{name}/{file}"), &settings);
        tried(&format!("{name}/{file}"), scene.call().env(name, scene.dir().join(name)));
    }
    table("hostile_files", &text);
}

#[test]
fn no_workspace_around_the_project_reaches_a_build() {
    let scene = Scene::new();
    let expected = scene.build("the clean build", scene.call());
    let workspace = "go 1.24\n\nuse (\n\t./app\n\t./evil\n)\n\nreplace example.test/app => ./evil\n\n\
                     godebug (\n\tpanicnil=1\n\tdefault=go1.21\n)\n\ntoolchain go1.99.0\n";
    let mut text = "workspaces that `go` reads\n".to_owned();
    for (place, named) in [("go.work", false), ("elsewhere/go.work", true)] {
        scene.outer().write(place, &workspace.replace("./", if named { "../" } else { "./" }));
        scene.outer().write("evil/go.mod", "module example.test/app\n\ngo 1.24\n");
        scene.outer().write("evil/main.go", "package main\n\nfunc main() { println(\"evil\") }\n");
        let mut call = scene.call();
        if named {
            call = call.env("GOWORK", scene.outer().path().join(place));
        }
        let what = if named { "GOWORK" } else { "a parent directory's go.work" };
        assert!(scene.build(what, call) == expected, "{what} changes the bytes");
        writeln!(text, "  {what:<38} same bytes, nothing run or written").unwrap();
        std::fs::remove_file(scene.outer().path().join(place)).unwrap();
    }
    table("hostile_workspaces", &text);
}
