//! `xbuild init`.

use super::{json, several_mains};
use crate::support::Project;

#[test]
fn what_init_writes_is_accepted() {
    let project = Project::hello();
    let outcome = project.xbuild(&["init"]).ok();
    assert_eq!(outcome.stdout, "");
    outcome.says("targets.toml; `xbuild plan` shows what it means");
    let text = project.read("targets.toml");
    assert!(text.contains("\nname = \"app\"\n") && text.contains("\nmain = \".\"\n"), "{text}");
    assert!(text.lines().filter(|line| line.starts_with('#')).count() > 5, "comments are what it is for");
    let plan = json(&project.xbuild(&["plan", "--json"]).ok());
    let targets = plan["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 8, "first-class");
    assert!(targets.iter().all(|target| target["builds"][0]["id"] == "app"));
}

#[test]
fn several_programs_get_a_build_each() {
    let project = several_mains();
    project.xbuild(&["init"]).ok();
    let text = project.read("targets.toml");
    assert_eq!(text.matches("[[build]]\nid = ").count(), 3, "{text}");
    assert_eq!(text.matches("\ntargets = [\"windows/*\"]   # elsewhere").count(), 1, "{text}");
    let windows = json(&project.xbuild(&["plan", "--json", "-t", "windows/amd64"]).ok());
    assert_eq!(windows["targets"][0]["builds"].as_array().unwrap().len(), 3);
    let plan = json(&project.xbuild(&["plan", "--json", "-t", "linux/arm64"]).ok());
    let builds = plan["targets"][0]["builds"].as_array().unwrap();
    let mains: Vec<_> = builds.iter().map(|build| build["main"]["dir"].as_str().unwrap()).collect();
    assert_eq!(mains, ["./cmd/alpha", "./cmd/beta"]);
}

#[test]
fn a_program_at_the_root_and_one_below_are_told_apart() {
    let main = "package main\n\nfunc main() {}\n";
    let project = Project::hello().file("cmd/app/main.go", main).file("cmd/tool/main.go", main);
    project.xbuild(&["init"]).ok();
    let plan = json(&project.xbuild(&["plan", "--json", "-t", "linux/arm64"]).ok());
    let builds = plan["targets"][0]["builds"].as_array().unwrap();
    let ids: Vec<_> = builds.iter().map(|build| build["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["app", "app-2", "tool"]);
}

#[test]
fn the_comments_are_true() {
    let project = Project::hello();
    project.xbuild(&["init"]).ok();
    let text = project.read("targets.toml");
    let mut uncommented = String::new();
    for line in text.lines() {
        // The second `targets` and `ldflags` stand for the first; everything else joins them.
        let line = match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with("[[override]]") || rest.starts_with("[settings]") => rest,
            Some(rest) if rest.starts_with("jobs = ") || rest.starts_with("tags = ") => rest,
            Some(rest) if rest.starts_with("targets = [\"windows") || rest.contains("windowsgui") => rest,
            _ => line,
        };
        uncommented.push_str(line);
        uncommented.push('\n');
    }
    assert!(uncommented.matches("\n[").count() > text.matches("\n[").count());
    project.write("targets.toml", &uncommented);
    let plan = project.xbuild(&["plan", "-v"]).ok();
    let jobs = plan.stdout.lines().find(|line| line.starts_with("jobs ")).unwrap();
    assert!(jobs.split_whitespace().nth(1) == Some("4") && jobs.contains("targets.toml:"), "{jobs}");
}

#[test]
fn init_never_writes_over_a_file() {
    let project = Project::hello().file("targets.toml", "schema = 1 # mine\n");
    let outcome = project.xbuild(&["init"]).code(2);
    outcome.says("targets.toml exists, and `init` never writes over a file").says("`xbuild init --stdout`");
    assert_eq!(project.read("targets.toml"), "schema = 1 # mine\n");
    let printed = project.xbuild(&["init", "--stdout"]).ok();
    assert_eq!(project.read("targets.toml"), "schema = 1 # mine\n");
    assert_eq!(printed.stderr, "");
    project.write("targets.toml", &printed.stdout);
    project.xbuild(&["plan"]).ok();
}

#[test]
fn a_module_without_a_program_gets_no_file() {
    let project =
        Project::empty().file("go.mod", "module example.test/lib\n\ngo 1.24\n").file("l.go", "package lib\n");
    project.xbuild(&["init"]).code(3).says("holds no main package");
    assert!(!project.exists("targets.toml"));
    project.xbuild(&["plan"]).code(3).says("holds no main package");
}
