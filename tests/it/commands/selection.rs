//! `xbuild targets`, and which targets a request picks.

use super::json;
use crate::support::Project;

const FILE: &str =
    "schema = 1\ntargets = [\"linux/*\", \"windows/amd64\", \"linux/amd64/v3\", \"!linux/mips*\"]\n";

fn planned(project: &Project, args: &[&str]) -> Vec<String> {
    let plan = json(&project.xbuild(&[&["plan", "--json"], args].concat()).ok());
    let targets = plan["targets"].as_array().unwrap().iter();
    targets.map(|target| target["target"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn targets_are_those_of_the_real_sdk() {
    let project = Project::hello();
    let expected: serde_json::Value =
        serde_json::from_str(&project.run("go", &["tool", "dist", "list", "-json"])).unwrap();
    let expected = expected.as_array().unwrap();
    assert!(expected.len() > 40, "{}", expected.len());
    let listed = json(&project.xbuild(&["targets", "--json"]).ok());
    let pairs = |list: &[serde_json::Value], os: &str, arch: &str, first: &str| {
        let mut pairs: Vec<(String, bool)> = list
            .iter()
            .map(|port| {
                let text = |key: &str| port[key].as_str().unwrap().to_owned();
                (format!("{}/{}", text(os), text(arch)), port[first].as_bool().unwrap())
            })
            .collect();
        pairs.sort();
        pairs
    };
    let expected = pairs(expected, "GOOS", "GOARCH", "FirstClass");
    let listed = listed.as_array().unwrap();
    let buildable: Vec<_> = listed.iter().filter(|port| port["broken"] == false).cloned().collect();
    assert_eq!(pairs(&buildable, "goos", "goarch", "first_class"), expected);

    let table = project.xbuild(&["targets"]).ok();
    for (pair, first) in expected {
        let row = table.stdout.lines().find(|line| line.split_whitespace().next() == Some(&pair));
        let row = row.unwrap_or_else(|| panic!("{pair} is not in:\n{}", table.stdout));
        assert_eq!(row.contains("first-class"), first, "{row}");
    }
}

#[test]
fn targets_tells_what_the_file_selects() {
    let project = Project::hello().file("targets.toml", FILE);
    let listed = json(&project.xbuild(&["targets", "--json"]).ok());
    let selected: Vec<String> = listed
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|port| port["selected"].as_array().unwrap())
        .map(|target| target.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(selected, planned(&project, &[]));
    let table = project.xbuild(&["targets"]).ok().stdout;
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(row("linux/amd64 ").contains("linux/amd64 linux/amd64/v3"), "{}", row("linux/amd64 "));
    assert!(row("windows/amd64 ").contains(" yes "), "{}", row("windows/amd64 "));
    assert!(!row("linux/mips ").contains("yes"), "{}", row("linux/mips "));
    assert!(row("android/arm ").contains("needs a C toolchain"));
}

#[test]
fn targets_works_where_there_is_no_project() {
    let table = Project::empty().xbuild(&["targets"]).ok().stdout;
    assert!(table.contains("linux/amd64") && !table.contains(" yes "), "{table}");
}

#[test]
fn globs_and_exclusions_pick_from_the_file() {
    let project = Project::hello().file("targets.toml", FILE);
    assert_eq!(planned(&project, &["-t", "*/amd64"]), ["linux/amd64", "windows/amd64"]);
    assert_eq!(planned(&project, &["-t", "linux/amd64", "-t", "*/*/v?"]), ["linux/amd64", "linux/amd64/v3"]);
    let all = planned(&project, &[]);
    let without = planned(&project, &["-t", "!linux/*", "-t", "!linux/*/*"]);
    assert_eq!(without, ["windows/amd64"]);
    assert!(all.len() > 8 && !all.iter().any(|target| target.contains("mips")), "{all:?}");
    assert_eq!(planned(&project, &["-t", "*/amd64", "-t", "!linux/*"]), ["windows/amd64"]);
    let first = planned(&project, &["-t", "first-class"]);
    assert_eq!(first, ["linux/386", "linux/amd64", "linux/arm", "linux/arm64", "windows/amd64"]);
}

#[test]
fn a_target_by_name_need_not_be_in_the_file() {
    let project = Project::hello().file("targets.toml", FILE);
    assert_eq!(planned(&project, &["-t", "plan9/386"]), ["plan9/386"]);
    assert_eq!(planned(&project, &["-t", "linux/mips"]), ["linux/mips"]);
}

#[test]
fn a_request_that_picks_nothing_is_a_usage_error() {
    let project = Project::hello().file("targets.toml", FILE);
    let outcome = project.xbuild(&["plan", "-t", "plan9/*"]).code(2);
    outcome.says("error: --target asks for plan9/*, which picks none of the project's targets (linux/386, ");
    outcome.says("next: add it to `targets` in targets.toml, or ask for one of those");
    project.xbuild(&["plan", "-t", "windows/*", "-t", "!*/amd64"]).code(2).says("picks none");
    for (target, cause, help) in [
        ("linux/amd46", "unknown target \"linux/amd46\"", "did you mean `linux/amd64`?"),
        ("macos/arm64", "unknown target \"macos/arm64\"", "did you mean `darwin/arm64`?"),
        ("linux/amd64/v7", "\"v7\" is not a value of GOAMD64", "did you mean `v1`"),
        ("linux", "\"linux\" is not a target", "write os/arch or os/arch/variant"),
        ("ios/arm64", "ios/arm64 cannot be built", "take it out of the list"),
        ("linux/[", "\"linux/[\" is not a glob", "write a glob such as `linux/*`"),
    ] {
        let outcome = project.xbuild(&["plan", "--target", target]).code(2);
        outcome.says("error: --target asks for a target that cannot be built: ").says(cause).says(help);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn without_a_file_the_host_is_built_and_globs_mean_every_target() {
    let project = Project::hello();
    let host = project.run("go", &["env", "GOHOSTOS", "GOHOSTARCH"]).trim().replace('\n', "/");
    assert_eq!(planned(&project, &[]), [host]);
    assert_eq!(planned(&project, &["-t", "windows/*"]), ["windows/386", "windows/amd64", "windows/arm64"]);
    let android = planned(&project, &["-t", "android/*"]);
    assert_eq!(android, ["android/arm64"], "the others need a C toolchain");
}
