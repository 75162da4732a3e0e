//! Modules that only the user's own git reaches.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::nowhere;
use crate::support::{Answer, Call, ModuleTree, Project, Server, own_store};

const MODULE: &str = "private.test/team/lib.git";
const PACKAGE: &str = "package lib\n\nfunc Name() string { return \"private\" }\n";

/// Runs git with a configuration of no developer.
fn git(dir: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "init.defaultBranch=main"]);
    command.args(args).current_dir(dir).env("GIT_CONFIG_GLOBAL", "/dev/null").stdout(Stdio::null());
    assert!(command.status().unwrap().success(), "git {args:?}");
}

/// A bare repository `team/lib` with one tagged version of the module, and what static servers need of it.
fn repositories() -> tempfile::TempDir {
    let work =
        Project::empty().file("go.mod", &format!("module {MODULE}\n\ngo 1.24\n")).file("lib.go", PACKAGE);
    git(work.path(), &["init", "-q"]);
    git(work.path(), &["add", "-A"]);
    git(work.path(), &["commit", "-q", "-m", "one"]);
    git(work.path(), &["tag", "v1.0.0"]);
    let root = tempfile::tempdir().unwrap();
    let bare = root.path().join("team/lib");
    git(work.path(), &["clone", "-q", "--bare", work.path().to_str().unwrap(), bare.to_str().unwrap()]);
    git(&bare, &["update-server-info"]);
    root
}

/// A program that needs the private module and dep.test/open.
fn project(tree: &ModuleTree) -> Project {
    // The sums of the private module are those of its files, wherever they come from.
    let go_mod = format!("module {MODULE}\n\ngo 1.24\n");
    let private = ModuleTree::new().module(MODULE, "v1.0.0", &[("go.mod", &go_mod), ("lib.go", PACKAGE)]);
    let main = format!(
        "package main\n\nimport (\n\t\"dep.test/open\"\n\t\"{MODULE}\"\n)\n\n\
         func main() {{ println(open.Name(), lib.Name()) }}\n"
    );
    let require = format!("require (\n\tdep.test/open v1.0.0\n\t{MODULE} v1.0.0\n)\n");
    Project::empty()
        .file("go.mod", &format!("module example.test/app\n\ngo 1.24\n\n{require}"))
        .file("go.sum", &format!("{}{}", tree.go_sum(), private.go_sum()))
        .file("main.go", &main)
}

fn open() -> ModuleTree {
    let text = "package open\n\nfunc Name() string { return \"open\" }\n";
    ModuleTree::new().module("dep.test/open", "v1.0.0", &[("open.go", text)])
}

/// `xbuild vendor` with git told to look elsewhere for the private host.
fn vendor(project: &Project, store: &Path, goproxy: &str, elsewhere: &str) -> Call {
    let call = Call::new(project.path(), &["vendor", "-v"]).env("XBUILD_CACHE_DIR", store);
    let config = format!("[url \"{elsewhere}\"]\n\tinsteadOf = https://private.test/\n");
    fs::write(call.home().join(".gitconfig"), config).unwrap();
    call.env("GOPROXY", goproxy).env("GOPRIVATE", "private.test/team")
}

#[test]
fn a_private_module_comes_from_its_repository() {
    let (tree, repositories) = (open(), repositories());
    let Some(server) = Server::start(tree.path()) else { return };
    let (project, store) = (project(&tree), own_store());
    let elsewhere = format!("file://{}/", repositories.path().display());
    let outcome = vendor(&project, store.path(), &server.url(), &elsewhere).ok();
    outcome.says("hold 2 modules, verified").says(&format!("{MODULE}@v1.0.0"));
    assert!(
        server.asked().iter().all(|asked| asked.path.starts_with("/dep.test/open/")),
        "{:?}",
        server.asked()
    );
    assert!(store.path().join("modules-v0").join(MODULE).join("@v/v1.0.0.zip").is_file());
    assert_eq!(fs::read_dir(store.path().join("tmp")).into_iter().flatten().count(), 0);
    assert!(!store.path().join("go.sum").exists());
    // Afterwards nobody is asked.
    let call = Call::new(project.path(), &["--target", "linux/amd64"]).env("XBUILD_CACHE_DIR", store.path());
    call.env("GOPROXY", "off").ok();

    // Also as the end of a list, for what no proxy has.
    let store = own_store();
    let call = vendor(&project, store.path(), &format!("{},direct", server.url()), &elsewhere);
    call.env("GOPRIVATE", "").env("GONOSUMDB", "").ok();
    assert_eq!(server.count(&format!("/{MODULE}/@v/v1.0.0.mod")), 1);
}

#[test]
fn a_password_of_netrc_stays_there() {
    let (tree, repositories) = (open(), repositories());
    let Some(server) = Server::start(repositories.path()) else { return };
    server.demand("user:hidden");
    let (project, store) = (project(&tree), own_store());
    let elsewhere = format!("{}/", server.url());
    let with = |lines: &str| {
        let call = vendor(&project, store.path(), &tree.url(), &elsewhere);
        fs::write(call.home().join(".netrc"), lines).unwrap();
        call
    };
    let outcome = with("").code(5);
    outcome
        .says(&format!("{MODULE}@v1.0.0 ("))
        .says("by way of go: ")
        .says("GOPRIVATE")
        .never_says("asking again");
    with("machine 127.0.0.1 login user password wrong-one").code(5).never_says("wrong-one");
    with("machine 127.0.0.1 login user password hidden")
        .ok()
        .says("hold 2 modules, verified")
        .never_says("hidden");
    for secret in ["hidden", "wrong-one"] {
        nowhere(secret, store.path());
        nowhere(secret, project.path());
    }
}

#[test]
fn a_password_in_gits_configuration_stays_there() {
    let (tree, repositories) = (open(), repositories());
    let Some(server) = Server::start(repositories.path()) else { return };
    server.demand("user:other");
    let (project, store) = (project(&tree), own_store());
    let elsewhere = server.url_as("user:hidden@", "127.0.0.1") + "/";
    vendor(&project, store.path(), &tree.url(), &elsewhere).code(5).never_says("hidden");
    nowhere("hidden", store.path());
    server.demand("user:hidden");
    vendor(&project, store.path(), &tree.url(), &elsewhere).ok().never_says("hidden");
    nowhere("hidden", store.path());
}

#[test]
fn another_commit_behind_the_tag_is_refused() {
    let (tree, repositories) = (open(), repositories());
    let (project, store) = (project(&tree), own_store());
    let sums =
        project.read("go.sum").replace(&format!("{MODULE} v1.0.0 h1:"), &format!("{MODULE} v1.0.0 h1:x"));
    project.write("go.sum", &sums);
    let elsewhere = format!("file://{}/", repositories.path().display());
    let outcome = vendor(&project, store.path(), &tree.url(), &elsewhere).code(5);
    outcome.says(&format!("{MODULE}@v1.0.0 (zip) from its repository\n    go.sum: h1:x"));
}

#[test]
fn a_repository_that_breaks_is_asked_again() {
    let (tree, repositories) = (open(), repositories());
    let Some(server) = Server::start(repositories.path()) else { return };
    server.plan("/team/lib/info/refs", &[Answer::Serve, Answer::status(503)]);
    let (project, store) = (project(&tree), own_store());
    let outcome = vendor(&project, store.path(), &tree.url(), &format!("{}/", server.url())).ok();
    outcome.says("returned error: 503").says("asking again in").says("attempt 2 of 5");
}
