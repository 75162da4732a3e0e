//! Several modules with a go.work: built together, vendored together, and only where the go.work is the project's own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Call, ModuleTree, Project, Server, go, own_store};

const WORK: &str = "go 1.24\n\nuse (\n\t./a\n\t./b // the library\n)\n";
const A: &str =
    "module ws.test/a\n\ngo 1.24\n\nrequire (\n\tspace.test/one v1.0.0\n\tspace.test/two v1.0.0\n)\n";
const B: &str = "module ws.test/b\n\ngo 1.24\n\nrequire space.test/one v1.1.0\n";
const MAIN_A: &str = "package main\n\nimport (\n\t\"space.test/one\"\n\t\"space.test/two\"\n\t\"ws.test/b/lib\"\n)\n\n\
                      func main() { println(one.Name(), two.Name(), lib.Name()) }\n";
const MAIN_B: &str =
    "package main\n\nimport \"space.test/one\"\n\nfunc main() { println(\"tool\", one.Name()) }\n";

fn package(name: &str, says: &str) -> String {
    format!("package {name}\n\nfunc Name() string {{ return \"{says}\" }}\n")
}

fn tree() -> ModuleTree {
    ModuleTree::new()
        .module("space.test/one", "v1.0.0", &[("one.go", &package("one", "one-old"))])
        .module("space.test/one", "v1.1.0", &[("one.go", &package("one", "one-new"))])
        .module("space.test/two", "v1.0.0", &[("two.go", &package("two", "two"))])
}

/// A workspace of two modules below `dir`: a program that uses the other module, and a program beside that.
fn write(project: &Project, dir: &str, tree: &ModuleTree) {
    for (path, text) in [
        ("go.work", WORK),
        ("a/go.mod", A),
        ("a/go.sum", tree.go_sum()),
        ("a/main.go", MAIN_A),
        ("b/go.mod", B),
        ("b/go.sum", tree.go_sum()),
        ("b/lib/lib.go", &package("lib", "lib")),
        ("b/cmd/tool/main.go", MAIN_B),
    ] {
        project.write(&format!("{dir}{path}"), text);
    }
}

fn workspace(tree: &ModuleTree) -> Project {
    let project = Project::empty();
    write(&project, "", tree);
    project
}

fn call(project: &Project, tree: &ModuleTree, args: &[&str]) -> Call {
    project.xbuild(args).env("GOPROXY", tree.url())
}

fn says(program: &Path) -> String {
    let output = Command::new(program).output().unwrap();
    String::from_utf8(output.stderr).unwrap().trim().to_owned()
}

const BUILD: &[&str] = &["--target", "linux/amd64", "--no-package"];

#[test]
fn two_modules_are_built_together() {
    let tree = tree();
    let project = workspace(&tree);
    let before = project.snapshot("");
    let store = own_store();
    let outcome = call(&project, &tree, BUILD).env("XBUILD_CACHE_DIR", store.path()).ok();
    outcome.says("from this host's modules").says("2 modules, verified");
    let here = |path: &str| project.path().join(path);
    assert_eq!(
        says(&here("dist/a_linux_amd64/a")),
        "one-new two lib",
        "the newer of the two versions is for all"
    );
    assert_eq!(says(&here("dist/tool_linux_amd64/tool")), "tool one-new");
    let programs = project.snapshot("dist");
    for (path, bytes) in before {
        assert!(fs::read(here(&path)).unwrap() == bytes, "a build has changed {path}");
    }
    assert!(!project.exists("vendor"));

    // Again from the store, with the weakest seal, with vendor/ and without a network: the same bytes.
    for (args, home) in [(&["--seal", "env"][..], "from the cache"), (&["--seal", "auto"], "from the cache")]
    {
        let outcome =
            call(&project, &tree, &[BUILD, args].concat()).env("XBUILD_CACHE_DIR", store.path()).ok();
        outcome.says(home);
        same_programs(&programs, &project);
    }
    call(&project, &tree, &["vendor"]).ok().says("2 modules");
    assert!(project.read("vendor/modules.txt").starts_with("## workspace\n"));
    project.xbuild(&["vendor", "--check"]).ok();
    for seal in ["strict", "env"] {
        let args = [BUILD, &["--seal", seal]].concat();
        let outcome = project.xbuild(&args).env("GOPROXY", "off").ok();
        outcome.says("the project's vendor/, 2 modules, verified");
        same_programs(&programs, &project);
    }
    // Where no module was ever seen.
    let fresh = own_store();
    Call::without_network(project.path(), BUILD).env("XBUILD_CACHE_DIR", fresh.path()).ok();
    same_programs(&programs, &project);

    // As Go itself builds it.
    let work = here("go.work");
    for (main, program) in [("./a", "a_linux_amd64/a"), ("./b/cmd/tool", "tool_linux_amd64/tool")] {
        let plain = here("plain");
        let args =
            ["build", "-trimpath", "-buildvcs=false", "-mod=vendor", "-o", plain.to_str().unwrap(), main];
        go(
            project.path(),
            &args,
            &[("GOWORK", work.to_str().unwrap()), ("GOARCH", "amd64"), ("GOOS", "linux")],
        );
        assert!(fs::read(&plain).unwrap() == programs[program], "{main} is not what Go makes of it");
    }
}

#[track_caller]
fn same_programs(expected: &std::collections::BTreeMap<String, Vec<u8>>, project: &Project) {
    for program in ["a_linux_amd64/a", "tool_linux_amd64/tool"] {
        assert!(project.snapshot("dist")[program] == expected[program], "{program} has other bytes");
    }
}

#[test]
fn the_plan_names_the_workspace() {
    let tree = tree();
    let project = workspace(&tree);
    let outcome = call(&project, &tree, &["plan", "-t", "linux/amd64"]).ok();
    let shown = format!("{}/go.work, 2 modules\n", project.path().display());
    assert!(outcome.stdout.contains(&shown), "{}", outcome.stdout);
    let plan = call(&project, &tree, &["plan", "--json", "-t", "linux/amd64", "--seal", "env"]).ok().stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["project"]["modules"][1]["path"], "ws.test/b");
    let doctor = project.xbuild(&["doctor"]).run().stdout;
    assert!(doctor.contains(shown.trim_end()), "{doctor}");
    let work = project.path().join("go.work");
    assert_eq!(plan["targets"][0]["builds"][0]["action"]["env"]["GOWORK"], work.to_str().unwrap());
    let name = plan["project"]["name"].as_str().unwrap();
    assert!(project.path().to_str().unwrap().ends_with(name) && !name.starts_with('.'), "{name}");
}

#[test]
fn a_file_picks_and_init_writes_one() {
    let tree = tree();
    let project = workspace(&tree);
    call(&project, &tree, &["init"]).ok();
    let text = project.read("targets.toml");
    assert!(text.contains("main = \"./a\"") && text.contains("main = \"./b/cmd/tool\""), "{text}");
    project.write(
        "targets.toml",
        "schema = 1\ntargets = [\"linux/amd64\"]\n[project]\nname = \"both\"\n[[build]]\nmain = \"./b/cmd/tool\"\n",
    );
    call(&project, &tree, &[]).ok();
    assert!(project.exists("dist/tool_linux_amd64/tool") && !project.exists("dist/a_linux_amd64"));
    assert!(project.exists("dist/both_0.0.0-dev_linux_amd64.tar.gz"));
    // Below one of the modules only its programs are meant.
    fs::remove_file(project.path().join("targets.toml")).unwrap();
    fs::create_dir(project.path().join("docs")).unwrap();
    let nothing = Call::new(&project.path().join("docs"), &["plan"]).env("GOPROXY", tree.url());
    nothing.code(3).says("docs holds no main package");
}

#[test]
fn the_file_may_be_above() {
    let tree = tree();
    let project = Project::empty().file(
        "targets.toml",
        "schema = 1\ntargets = [\"linux/amd64\"]\n[project]\ndir = \"src\"\nname = \"both\"\n",
    );
    write(&project, "src/", &tree);
    call(&project, &tree, &[]).ok();
    assert!(project.exists("dist/a_linux_amd64/a") && project.exists("dist/tool_linux_amd64/tool"));
    // A go.work above the directory that the file names is not its own.
    let project = Project::empty()
        .file("targets.toml", "schema = 1\ntargets = [\"linux/amd64\"]\n[project]\ndir = \"b\"\n");
    write(&project, "", &tree);
    call(&project, &tree, &[]).ok().says("/go.work lists this module");
    assert!(!project.exists("dist/a_linux_amd64") && project.exists("dist/tool_linux_amd64/tool"));
}

#[test]
fn what_was_tampered_with_is_refused() {
    let tree = tree();
    let project = workspace(&tree);
    call(&project, &tree, &["vendor"]).ok();
    project.xbuild(&["vendor", "--check"]).ok();
    let good = project.read("vendor/space.test/two/two.go");
    project.write("vendor/space.test/two/two.go", &good.replace("\"two\"", "\"bad\""));
    project.xbuild(&["vendor", "--check"]).code(7).says("vendor/space.test/two/two.go");
    project.xbuild(BUILD).code(7).says("vendor/space.test/two/two.go");
    project.write("vendor/space.test/two/two.go", &good);
    project.xbuild(&["vendor", "--check"]).ok();

    // One member's go.sum against the other's.
    let sums = project.read("b/go.sum");
    let line = sums.lines().find(|line| line.starts_with("space.test/two v1.0.0 ")).unwrap();
    let other =
        line.replace(line.split("h1:").nth(1).unwrap(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    project.write("b/go.sum", &sums.replace(line, &other));
    project
        .xbuild(&["vendor", "--check"])
        .code(7)
        .says("lines for space.test/two@v1.0.0 contradict each other");
    project.write("b/go.sum", &sums.replace(&format!("{line}\n"), ""));
    project.xbuild(&["vendor", "--check"]).ok();
    let a = project.read("a/go.sum");
    project.write("a/go.sum", &a.replace(&format!("{line}\n"), ""));
    project.xbuild(&["vendor", "--check"]).code(7).says("no line for space.test/two@v1.0.0");
}

#[test]
fn a_stale_vendor_directory_names_the_member() {
    let tree = tree();
    let project = workspace(&tree);
    call(&project, &tree, &["vendor"]).ok();
    project.write("b/go.mod", &B.replace("v1.1.0", "v1.2.0"));
    let outcome = project.xbuild(BUILD).code(5);
    outcome.says("vendor does not agree with go.work");
    outcome.says("space.test/one@v1.2.0 is required by b/go.mod, and vendor/ holds v1.0.0");
    outcome.says("run `go work vendor`");
    project.xbuild(&["vendor", "--check"]).code(5).says("by b/go.mod");
    project.write("b/go.mod", B);
    project.write("go.work", &format!("{WORK}\nreplace space.test/two => ./two\n"));
    let outcome = project.xbuild(BUILD).code(5);
    outcome.says("space.test/two is replaced by ./two in go.work, and vendor/modules.txt does not say so");
    project.write("go.work", WORK);
    project.xbuild(BUILD).ok();
}

#[test]
fn a_vendor_directory_of_the_other_kind_is_refused() {
    let tree = tree();
    let project = workspace(&tree);
    // The modules as one: the root itself is a member, and has a vendor/ that `go mod vendor` has made.
    project.write("go.mod", "module ws.test/root\n\ngo 1.24\n\nrequire space.test/two v1.0.0\n");
    project.write("go.sum", tree.go_sum());
    project.write(
        "main.go",
        "package main\n\nimport \"space.test/two\"\n\nfunc main() { println(two.Name()) }\n",
    );
    project.write("go.work", &WORK.replace("use (", "use (\n\t."));
    go(project.path(), &["mod", "vendor"], &[("GOPROXY", &tree.url())]);
    let outcome = project.xbuild(BUILD).code(5);
    outcome.says("made by `go mod vendor` for a single module").says("run `go work vendor`");
    outcome.says("`workspace = false` in [project]");

    call(&project, &tree, &["vendor"]).ok();
    project.xbuild(BUILD).ok();
    assert_eq!(says(&project.path().join("dist/root_linux_amd64/root")), "two");
    fs::remove_dir_all(project.path().join("dist")).unwrap();
    project.write("targets.toml", "schema = 1\ntargets = [\"linux/amd64\"]\n[project]\nworkspace = false\n");
    let outcome = project.xbuild(BUILD).code(5);
    outcome.says("made by `go work vendor` for a workspace, and ws.test/root is built as a single module");
    outcome.says("run `go mod vendor`");

    call(&project, &tree, &["vendor"]).ok();
    project.xbuild(BUILD).ok();
    assert!(project.exists("dist/root_linux_amd64/root") && !project.exists("dist/a_linux_amd64"));
}

#[test]
fn a_use_that_cannot_be_is_refused_with_its_line() {
    let tree = tree();
    let project = workspace(&tree);
    for (with, line, says) in [
        ("../elsewhere", 6, "leaves the directory of go.work, and a sealed step sees nothing outside of it"),
        ("./a/../../x", 6, "leaves the directory of go.work"),
        ("./nowhere", 6, "is no directory"),
        ("./b/lib", 6, "holds no go.mod"),
        ("./a/../a/", 6, "lists the module a second time"),
        ("/elsewhere", 6, "names the directory by its absolute path"),
        ("./c", 6, "is the module ws.test/a, which a/go.mod is as well"),
    ] {
        project.write("c/go.mod", A);
        project.write("go.work", &WORK.replace(" // the library", &format!("\n\t{with}")));
        for args in [BUILD, &["vendor"], &["vendor", "--check"], &["plan"], &["init", "--stdout"]] {
            let outcome = call(&project, &tree, args).code(5);
            outcome.says(&format!("go.work: line {line}: `use {with}` {says}")).says("next:");
        }
    }
    project.write("go.work", "go 1.24\n");
    call(&project, &tree, BUILD).code(5).says("go.work lists no module").says("go work use");
    project.write("go.work", "go 1.24\nuse ./a ./b\n");
    call(&project, &tree, BUILD).code(5).says("go.work: line 2: `use` takes one directory");
}

#[test]
fn every_go_line_binds_the_sdk() {
    let tree = tree();
    let project = workspace(&tree);
    project.write("go.work", &WORK.replace("go 1.24", "go 1.99"));
    call(&project, &tree, BUILD).code(4).says("/go.work").says("1.99");
    project.write("go.work", WORK);
    project.write("b/go.mod", &B.replace("go 1.24", "go 1.98"));
    call(&project, &tree, BUILD).code(4).says("/b/go.mod").says("1.98");
}

#[test]
fn a_workspace_above_is_named_and_has_no_say() {
    let tree = tree();
    let project = workspace(&tree);
    let inside =
        |dir: &str, args: &[&str]| Call::new(&project.path().join(dir), args).env("GOPROXY", tree.url());
    let outcome = inside("b", BUILD).ok();
    outcome.says(&format!(
        "{0}/go.work lists this module; build the workspace with `xbuild -C {0}`",
        project.path().display()
    ));
    assert!(project.exists("b/dist/tool_linux_amd64/tool") && !project.exists("dist"));
    // Alone, `a` lacks the other module.
    inside("a", BUILD).code(5).says("ws.test/b/lib").says("lists this module");
    let plan = inside("b", &["plan", "--json"]).ok().stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["targets"][0]["builds"][0]["action"]["env"]["GOWORK"], "off");
    project.write("go.work", "go 1.24\n\nuse ./a\n");
    inside("b", BUILD).ok().never_says("lists this module");
}

#[test]
fn directories_replace_modules() {
    let tree = tree();
    let project = workspace(&tree);
    project.write("two/go.mod", "module space.test/two\n\ngo 1.24\n");
    project.write("two/two.go", &package("two", "two-here"));
    project.write("a/one/go.mod", "module space.test/one\n\ngo 1.24\n");
    project.write("a/one/one.go", &package("one", "one-here"));
    project.write("go.work", &format!("{WORK}\nreplace space.test/two => ./two\n"));
    project.write(
        "a/go.mod",
        &format!("{A}\nreplace space.test/one => ./one\n\nreplace space.test/two => ./missing\n"),
    );
    call(&project, &tree, BUILD).ok();
    let program = project.path().join("dist/a_linux_amd64/a");
    assert_eq!(
        says(&program),
        "one-here two-here lib",
        "go.work's replace comes first, a member's is its own"
    );
    // What is in such a directory decides about the tree.
    project.write("two/two.go", &package("two", "two-now"));
    call(&project, &tree, BUILD).ok();
    assert_eq!(says(&program), "one-here two-now lib");
    call(&project, &tree, &["vendor"]).ok();
    assert!(project.read("vendor/modules.txt").contains("=> ./a/one\n"));
    project.xbuild(BUILD).env("GOPROXY", "off").ok();
    project.write("a/one/one.go", &package("one", "one-now"));
    project.xbuild(BUILD).code(7).says("it is not what ./a/one/one.go is now");
    project.write("go.work", &format!("{WORK}\nreplace space.test/two => /two\n"));
    call(&project, &tree, BUILD).code(5).says("go.work replaces space.test/two by the absolute path /two");
}

#[test]
fn sums_may_be_in_go_work_sum_only() {
    let tree = tree();
    let project = workspace(&tree);
    for member in ["a", "b"] {
        fs::remove_file(project.path().join(member).join("go.sum")).unwrap();
    }
    project.write("go.work.sum", tree.go_sum());
    let store = own_store();
    call(&project, &tree, BUILD).env("XBUILD_CACHE_DIR", store.path()).ok().says("verified");
    call(&project, &tree, &["vendor"]).ok();
    project.xbuild(BUILD).env("GOPROXY", "off").ok().says("verified");
    project.write(
        "go.work.sum",
        &tree.go_sum().replace("space.test/two v1.0.0 h1:", "space.test/two v1.0.0 h1:A"),
    );
    project.xbuild(&["vendor", "--check"]).code(7).says("space.test/two@v1.0.0");
    let fresh = own_store();
    project.xbuild(BUILD).env("XBUILD_CACHE_DIR", fresh.path()).code(7).says("space.test/two@v1.0.0");
}

#[test]
fn modules_that_are_missing_are_listed() {
    let project = workspace(&tree());
    let store = own_store();
    let outcome = project.xbuild(BUILD).env("XBUILD_CACHE_DIR", store.path()).env("GOPROXY", "off").code(5);
    outcome.says("are not on this host:").says("space.test/one@v1.1.0").says("space.test/two@v1.0.0");
    assert!(!project.exists("dist"));
}

#[test]
fn a_workspace_without_other_modules_needs_none() {
    let project = workspace(&tree());
    project.write("a/go.mod", "module ws.test/a\n\ngo 1.24\n");
    project.write("b/go.mod", "module ws.test/b\n\ngo 1.24\n");
    project.write(
        "a/main.go",
        "package main\n\nimport \"ws.test/b/lib\"\n\nfunc main() { println(lib.Name()) }\n",
    );
    project.write("b/cmd/tool/main.go", "package main\n\nfunc main() {}\n");
    project.xbuild(BUILD).env("GOPROXY", "off").ok();
    assert_eq!(says(&project.path().join("dist/a_linux_amd64/a")), "lib");
    project.xbuild(&["vendor"]).env("GOPROXY", "off").ok();
    assert!(!project.exists("vendor") && !project.exists("vendor.lock"));
}

#[test]
fn members_may_require_and_replace_each_other() {
    let tree = tree();
    let project = workspace(&tree);
    let go_mod = |replace: &str| A.replace("\n)", "\n\tws.test/b v0.0.0\n)") + replace;
    // What a module needs to be built alone as well does not disturb.
    project.write("a/go.mod", &go_mod("\nreplace ws.test/b => ../b\n"));
    call(&project, &tree, BUILD).ok();
    assert_eq!(says(&project.path().join("dist/a_linux_amd64/a")), "one-new two lib");
    call(&project, &tree, &["vendor"]).ok().says("2 modules");
    let fresh = own_store();
    project.xbuild(BUILD).env("XBUILD_CACHE_DIR", fresh.path()).ok().says("verified");
    fs::remove_dir_all(project.path().join("vendor")).unwrap();
    fs::remove_file(project.path().join("vendor.lock")).unwrap();
    project.write("a/go.mod", &go_mod(""));
    let fresh = own_store();
    let outcome = call(&project, &tree, BUILD).env("XBUILD_CACHE_DIR", fresh.path()).code(5);
    outcome.says("ws.test/b@v0.0.0").says("`replace PATH VERSION => ./DIR` in go.work");
    project.write("go.work", &format!("{WORK}\nreplace ws.test/b v0.0.0 => ./b\n"));
    call(&project, &tree, &["vendor"]).ok().says("2 modules");
    project.xbuild(BUILD).env("XBUILD_CACHE_DIR", fresh.path()).ok().says("verified");
    assert_eq!(says(&project.path().join("dist/a_linux_amd64/a")), "one-new two lib");
}

#[test]
fn modules_come_over_the_network_by_the_sums_of_all_members() {
    let tree = tree();
    let project = workspace(&tree);
    let Some(server) = Server::start(tree.path()) else { return };
    let line = |wanted: &str| {
        tree.go_sum().lines().filter(|line| line.starts_with(wanted)).collect::<Vec<_>>().join("\n")
    };
    project.write("a/go.sum", &line("space.test/two "));
    project.write("b/go.sum", &line("space.test/one v1.1.0"));
    project.write("go.work.sum", &line("space.test/one v1.0.0/go.mod"));
    let store = own_store();
    let vendor =
        || project.xbuild(&["vendor"]).env("XBUILD_CACHE_DIR", store.path()).env("GOPROXY", server.url());
    vendor().ok().says("2 modules");
    assert_eq!(server.count("/space.test/one/@v/v1.1.0.zip"), 1);
    assert_eq!(server.count("/space.test/one/@v/v1.0.0.zip"), 0, "its files are no part of any program");
    project.xbuild(BUILD).env("GOPROXY", "off").ok().says("verified");
}

#[test]
fn an_import_in_any_member_makes_another_tree() {
    let tree = tree();
    let project = workspace(&tree);
    project.write(
        "a/main.go",
        "package main\n\nimport \"ws.test/b/lib\"\n\nfunc main() { println(lib.Name()) }\n",
    );
    call(&project, &tree, BUILD).ok();
    let program = project.path().join("dist/a_linux_amd64/a");
    assert_eq!(says(&program), "lib");
    let lib =
        "package lib\n\nimport \"space.test/two\"\n\nfunc Name() string { return \"lib \" + two.Name() }\n";
    project.write("b/lib/lib.go", lib);
    call(&project, &tree, BUILD).ok();
    assert_eq!(says(&program), "lib two");
}
