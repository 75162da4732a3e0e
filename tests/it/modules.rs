//! Modules that are missing, changed, or at odds with what the project says: refused, with the next step.

use std::fs;

use crate::support::{Call, ModuleTree, Outcome, Project, go, own_store};

const MAIN: &str = "package main\n\nimport (\n\t\"dep.test/one\"\n\t\"dep.test/two\"\n)\n\n\
                    func main() { println(one.Name(), two.Name()) }\n";
const REQUIRE: &str =
    "module example.test/app\n\ngo 1.24\n\nrequire (\n\tdep.test/one v1.0.0\n\tdep.test/two v1.0.0\n)\n";

fn package(name: &str) -> String {
    format!("package {name}\n\nfunc Name() string {{ return \"{name}\" }}\n")
}

fn tree() -> ModuleTree {
    ["one", "two"].into_iter().fold(ModuleTree::new(), |tree, name| {
        tree.module(&format!("dep.test/{name}"), "v1.0.0", &[(&format!("{name}.go"), &package(name))])
    })
}

fn app(tree: &ModuleTree) -> Project {
    Project::empty().file("go.mod", REQUIRE).file("go.sum", tree.go_sum()).file("main.go", MAIN)
}

/// A build with a store of its own and this GOPROXY; it must be refused, and leave nothing.
#[track_caller]
fn refused(project: &Project, goproxy: &str) -> Outcome {
    let store = own_store();
    let call = Call::new(project.path(), &["--target", "linux/amd64"]);
    let outcome = call.env("XBUILD_CACHE_DIR", store.path()).env("GOPROXY", goproxy).code(5);
    outcome.says("next:");
    assert!(!project.exists("dist"), "{}", outcome.stderr);
    let trees = fs::read_dir(store.path().join("vendor-v1")).into_iter().flatten().count();
    assert_eq!(trees, 0, "a refused tree is in the store");
    outcome
}

#[test]
fn missing_modules_are_listed_with_the_command() {
    let tree = tree();
    let project = app(&tree);
    let outcome = refused(&project, "off");
    outcome.says("2 module(s) are not on this host:\n  dep.test/one@v1.0.0\n  dep.test/two@v1.0.0\n");
    outcome.says(&format!("run `xbuild vendor` in {}", project.path().display()));

    for path in ["v1.0.0.zip", "v1.0.0.mod", "v1.0.0.info", "list"] {
        fs::remove_file(tree.path().join("dep.test/two/@v").join(path)).unwrap();
    }
    let outcome = refused(&project, &tree.url());
    outcome.says("1 module(s) are not on this host:\n  dep.test/two@v1.0.0\n").says(&tree.url());
    outcome.never_says("dep.test/one@v1.0.0");
    // A proxy on the network is not asked, and the error does not send anyone there in vain.
    refused(&project, "https://nowhere.test,direct").says("dep.test/one@v1.0.0").never_says("lookup");
}

#[test]
fn a_changed_zip_is_refused() {
    let (tree, forged) = (tree(), {
        let forged = ModuleTree::new().module(
            "dep.test/one",
            "v1.0.0",
            &[("one.go", &package("one").replace("\"one\"", "\"evil\""))],
        );
        forged.module("dep.test/two", "v1.0.0", &[("two.go", &package("two"))])
    });
    let project = app(&tree);
    let outcome = refused(&project, &forged.url());
    outcome.says("dep.test/one@v1.0.0").says("checksum mismatch");
    // Also where the user has let the module through by hand.
    let store = own_store();
    let call = Call::new(project.path(), &["--target", "linux/amd64"]).env("GOPROXY", forged.url());
    let call =
        call.env("GONOSUMDB", "*").env("GOFLAGS", "-mod=mod").env("GONOSUMCHECK", "1").env("GOSUMDB", "off");
    call.env("XBUILD_CACHE_DIR", store.path()).code(5).says("checksum mismatch");
}

#[test]
fn an_incomplete_go_sum_is_refused() {
    let tree = tree();
    let project = app(&tree);
    let keep = |drop: &str| {
        let lines: Vec<&str> = tree.go_sum().lines().filter(|line| !line.starts_with(drop)).collect();
        project.write("go.sum", &(lines.join("\n") + "\n"));
        let sums = project.read("go.sum");
        let outcome = refused(&project, &tree.url());
        assert_eq!(project.read("go.sum"), sums, "go.sum was changed");
        outcome
    };
    keep("dep.test/two v1.0.0 ").says("missing go.sum entry").says("dep.test/two").says("go mod tidy");
    keep("dep.test/two").says("missing go.sum entry").says("go mod tidy");
    fs::remove_file(project.path().join("go.sum")).unwrap();
    refused(&project, &tree.url()).says("missing go.sum entry").says("go mod tidy");
    assert!(!project.exists("go.sum"));
}

#[test]
fn an_import_that_no_module_has() {
    let tree = tree();
    let project = app(&tree);
    project.write("third.go", "package main\n\nimport _ \"dep.test/three\"\n");
    refused(&project, &tree.url()).says("dep.test/three");
}

#[test]
fn a_directory_that_is_not_there() {
    let tree = tree();
    let project = app(&tree);
    project.write("go.mod", &format!("{REQUIRE}\nreplace dep.test/one => ./lib\n"));
    let outcome = refused(&project, &tree.url());
    outcome.says("go.mod replaces dep.test/one by ./lib, where there is no directory");
}

#[test]
fn a_module_that_no_package_needs_is_not_asked_for() {
    let tree = tree();
    let project = app(&tree);
    let go_mod = REQUIRE.replace("\n)", "\n\tdep.test/unused v1.0.0 // indirect\n)");
    project.write("go.mod", &go_mod);
    let store = own_store();
    let call = Call::new(project.path(), &["--target", "linux/amd64"]).env("GOPROXY", tree.url());
    call.env("XBUILD_CACHE_DIR", store.path()).ok().says("from this host's modules");
}

#[test]
fn a_build_does_without_a_store_that_cannot_be_written() {
    let tree = tree();
    let project = app(&tree);
    let store = project.path().join("go.mod");
    let call = Call::new(project.path(), &["--target", "linux/amd64"]).env("GOPROXY", tree.url());
    let outcome = call.env("XBUILD_CACHE_DIR", &store).ok();
    outcome.says("the store cannot be used").says(store.to_str().unwrap()).says("built   linux/amd64");
    let call = Call::new(project.path(), &["vendor"]).env("GOPROXY", tree.url());
    call.env("XBUILD_CACHE_DIR", &store).code(6).says(store.to_str().unwrap()).says("next:");
}

#[test]
fn an_absolute_directory_is_refused() {
    let tree = tree();
    let lib =
        Project::empty().file("go.mod", "module dep.test/one\n\ngo 1.24\n").file("one.go", &package("one"));
    let project = app(&tree);
    project.write("go.mod", &format!("{REQUIRE}\nreplace dep.test/one => {}\n", lib.path().display()));
    let outcome = refused(&project, &tree.url());
    outcome.says(&format!("replaces dep.test/one by the absolute path {}", lib.path().display()));
    outcome.says("relative to go.mod");

    // A vendor/ that agrees makes it no better: Go writes the path into the program.
    go(project.path(), &["mod", "vendor"], &[("GOPROXY", &tree.url())]);
    refused(&project, "off").says("by the absolute path");
}

/// The app with a vendor/ that Go has made.
fn vendored(tree: &ModuleTree) -> Project {
    let project = app(tree);
    go(project.path(), &["mod", "vendor"], &[("GOPROXY", &tree.url())]);
    project
}

#[test]
fn a_consistent_vendor_directory_is_used() {
    let project = vendored(&tree());
    let call = project.xbuild(&["--target", "linux/amd64"]).env("GOPROXY", "off");
    call.ok().says("the project's vendor/, 2 modules");
    assert!(project.exists("dist/app_linux_amd64/app"));
}

#[test]
fn an_inconsistent_vendor_directory_is_refused() {
    let tree = tree();
    let project = vendored(&tree);
    let modules_txt = project.read("vendor/modules.txt");
    let with = |go_mod: &str, modules_txt: &str| {
        project.write("go.mod", go_mod);
        project.write("vendor/modules.txt", modules_txt);
        let before = project.snapshot("");
        let outcome = refused(&project, "off");
        assert!(project.snapshot("") == before);
        outcome.says("vendor does not agree with go.mod").says("run `go mod vendor`");
        outcome
    };
    let newer = REQUIRE.replace("one v1.0.0", "one v1.1.0").replace("two v1.0.0", "two v1.2.0");
    with(&newer, &modules_txt)
        .says("dep.test/one@v1.1.0 is required, and vendor/ holds v1.0.0")
        .says("dep.test/two@v1.2.0 is required, and vendor/ holds v1.0.0");
    let more = REQUIRE.replace("\n)", "\n\tdep.test/three v0.1.0\n)");
    with(&more, &modules_txt).says("dep.test/three@v0.1.0 is required").never_says("dep.test/one");
    let less = REQUIRE.replace("\tdep.test/two v1.0.0\n", "");
    with(&less, &modules_txt).says("dep.test/two@v1.0.0 is in vendor/, and go.mod does not require it");
    let replaced = format!("{REQUIRE}\nreplace dep.test/two => ./two\n");
    with(&replaced, &modules_txt).says("dep.test/two is replaced by ./two");
    with(REQUIRE, &modules_txt.replace("one v1.0.0\n", "one v1.0.0 => ./lib\n"))
        .says("dep.test/one is replaced in vendor/");
    with(REQUIRE, "").says("dep.test/one@v1.0.0 is required").says("dep.test/two@v1.0.0 is required");
    fs::remove_file(project.path().join("vendor/modules.txt")).unwrap();
    refused(&project, "off").says("dep.test/one@v1.0.0 is required");
}

#[test]
fn a_package_that_vendor_does_not_hold_fails_every_target_with_gos_words() {
    let project = vendored(&tree());
    fs::remove_dir_all(project.path().join("vendor/dep.test/two")).unwrap();
    let outcome = project.xbuild(&["--target", "linux/amd64"]).env("GOPROXY", "off").code(1);
    outcome.says("FAILED  linux/amd64").says("dep.test/two");
}
