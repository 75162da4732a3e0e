//! Modules without a vendor/ of the project's own: where they come from, and when they are refused.

use std::fs;
use std::path::Path;

use crate::support::{Call, ModuleTree, Project, go, leftovers, own_store};

const APP: &str = "module example.test/app\n\ngo 1.24\n\nrequire dep.test/one v1.2.0\n";
const MAIN: &str = "package main\n\nimport \"dep.test/one\"\n\nfunc main() { println(one.Name()) }\n";

/// dep.test/one with a package `one` and a package `one/more`.
fn tree() -> ModuleTree {
    ModuleTree::new().module(
        "dep.test/one",
        "v1.2.0",
        &[
            ("one.go", "package one\n\nfunc Name() string { return \"one\" }\n"),
            ("more/more.go", "package more\n\nfunc Name() string { return \"more\" }\n"),
            ("LICENSE", "As you like.\n"),
        ],
    )
}

fn app(tree: &ModuleTree) -> Project {
    Project::empty().file("go.mod", APP).file("go.sum", tree.go_sum()).file("main.go", MAIN)
}

/// A store of the test's own, and calls with it for one target.
struct Host {
    store: tempfile::TempDir,
    goproxy: String,
}

impl Host {
    fn new(goproxy: impl Into<String>) -> Self {
        Host { store: own_store(), goproxy: goproxy.into() }
    }

    fn call(&self, project: &Project, args: &[&str]) -> Call {
        self.call_in(project.path(), args)
    }

    fn call_in(&self, dir: &Path, args: &[&str]) -> Call {
        Call::new(dir, args).env("XBUILD_CACHE_DIR", self.store.path()).env("GOPROXY", &self.goproxy)
    }

    fn build(&self, project: &Project) -> Call {
        self.call(project, &["--target", "linux/amd64"])
    }

    /// The vendor trees in the store.
    fn trees(&self) -> Vec<String> {
        let entries = fs::read_dir(self.store.path().join("vendor-v1")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn says(project: &Project) -> String {
    let output =
        std::process::Command::new(project.path().join("dist/app_linux_amd64/app")).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn modules_of_a_file_proxy() {
    let tree = tree();
    let (project, host) = (app(&tree), Host::new(tree.url()));
    let before = project.snapshot("");
    host.build(&project).ok().says("vendor  from this host's modules, 1 module");
    assert_eq!(says(&project), "one\n");
    let mut after = project.snapshot("");
    after.retain(|path, _| !path.starts_with("dist/"));
    assert!(after == before, "{:?}", after.keys());
    assert!(!project.exists("vendor"));
    let metadata: serde_json::Value = serde_json::from_str(&project.read("dist/metadata.json")).unwrap();
    assert_eq!(metadata["vendor"]["origin"], "local");
    assert_eq!(metadata["vendor"]["modules"][0]["path"], "dep.test/one");

    host.build(&project).ok().says("vendor  from the cache, 1 module").says("cached  linux/amd64");
    assert_eq!(host.trees().len(), 1);
    assert_eq!(leftovers(Some(&project.path().join("dist")), host.store.path()), Vec::<&Path>::new());
}

#[test]
fn the_tree_is_made_anew_only_when_it_would_differ() {
    let tree = tree();
    let (project, host) = (app(&tree), Host::new(tree.url()));
    host.build(&project).ok();
    project.write("main.go", &MAIN.replace("one.Name()", "one.Name() + \"!\""));
    project.write("README.md", "Words.\n");
    host.build(&project).ok().says("from the cache").says("built   linux/amd64");
    assert_eq!((says(&project).as_str(), host.trees().len()), ("one!\n", 1));

    project.write(
        "main.go",
        "package main\n\nimport (\n\t\"dep.test/one\"\n\t\"dep.test/one/more\"\n)\n\n\
         func main() { println(one.Name(), more.Name()) }\n",
    );
    host.build(&project).ok().says("from this host's modules");
    assert_eq!((says(&project).as_str(), host.trees().len()), ("one more\n", 2));
}

#[test]
fn a_tree_holds_what_other_systems_need() {
    let tree = tree();
    let (project, host) = (app(&tree), Host::new(tree.url()));
    let call = host.build(&project);
    call.ok();
    let more = "package main\n\nimport \"dep.test/one/more\"\n\nfunc init() { println(more.Name()) }\n";
    project.write("more_windows.go", more);
    host.build(&project).ok().says("from this host's modules");
    host.call(&project, &["--target", "windows/amd64"]).ok().says("from the cache");
}

#[test]
fn the_same_bytes_as_go_itself_makes() {
    let tree = tree();
    let (project, host) = (app(&tree), Host::new(tree.url()));
    project.write(
        "targets.toml",
        "schema = 1\ntargets = [\"linux/amd64\"]\n\n[[build]]\nid = \"app\"\n\
         ldflags = [\"-s\", \"-w\", \"-X main.version={version}\"]\ntags = [\"extra\"]\n",
    );
    project
        .write("version.go", "package main\n\nvar version = \"unset\"\n\nfunc init() { println(version) }\n");
    project.write("extra.go", "//go:build extra\n\npackage main\n\nfunc init() { println(\"extra\") }\n");
    host.call(&project, &[]).ok();
    assert_eq!(says(&project), "extra\n0.0.0-dev\none\n");

    let plain = app(&tree);
    for file in ["version.go", "extra.go"] {
        plain.write(file, &project.read(file));
    }
    go(plain.path(), &["mod", "vendor"], &[("GOPROXY", &tree.url())]);
    let flags = ["build", "-mod=vendor", "-trimpath", "-buildvcs=false", "-tags=extra"];
    let rest = ["-ldflags=-s -w -X main.version=0.0.0-dev", "-o", "plain", "."];
    go(plain.path(), &[&flags[..], &rest].concat(), &[("GOOS", "linux"), ("GOARCH", "amd64")]);
    let ours = fs::read(project.path().join("dist/app_linux_amd64/app")).unwrap();
    assert!(ours == fs::read(plain.path().join("plain")).unwrap());
    // And so does the project with that vendor/ of its own.
    plain.write("targets.toml", &project.read("targets.toml"));
    host.call(&plain, &[]).ok().says("the project's vendor/, 1 module");
    assert!(ours == fs::read(plain.path().join("dist/app_linux_amd64/app")).unwrap());
}

#[test]
fn the_sample_without_its_vendor_directory() {
    // Its modules, packed again from the vendor tree: go.sum is that of these.
    let vendored = crate::support::sample_dir().join("vendor/github.com");
    let mut tree = ModuleTree::new();
    for (path, dir) in [("dustin/go-humanize", "v1.1.0"), ("spf13/pflag", "v1.1.0")] {
        let files: Vec<(String, String)> = fs::read_dir(vendored.join(path))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "go"))
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
            })
            .collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        tree = tree.module(&format!("github.com/{path}"), dir, &files);
    }
    let project = Project::sample(false).file("go.sum", tree.go_sum());
    let host = Host::new(tree.url());
    host.build(&project).ok().says("from this host's modules, 2 modules");
    let said = project.run("dist/hello_linux_amd64/hello", &["--name", "you"]);
    assert!(said.starts_with("Hello, you!\n"), "{said}");
    assert!(!project.exists("vendor"));
}

#[test]
fn modules_of_the_users_module_cache() {
    let tree = tree();
    let project = app(&tree);
    let cache = tempfile::tempdir().unwrap();
    let dir = cache.path().to_str().unwrap();
    let env =
        [("GOPROXY", tree.url()), ("GOMODCACHE", dir.to_owned()), ("GOFLAGS", "-modcacherw".to_owned())];
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    go(project.path(), &["mod", "download"], &env);

    let host = Host::new("off");
    host.build(&project).code(5).says("dep.test/one@v1.2.0");
    host.build(&project).env("GOMODCACHE", dir).ok().says("from this host's modules");
    assert_eq!(says(&project), "one\n");
    // By way of the user's own `go env -w` file, and where Go looks without being told.
    let host = Host::new("off");
    let call = host.build(&project);
    fs::create_dir_all(call.home().join(".config/go")).unwrap();
    fs::write(call.home().join(".config/go/env"), format!("GOMODCACHE={dir}\n")).unwrap();
    call.ok().says("from this host's modules");
    let host = Host::new("off");
    let call = host.build(&project);
    fs::create_dir_all(call.home().join("go/pkg")).unwrap();
    std::os::unix::fs::symlink(cache.path(), call.home().join("go/pkg/mod")).unwrap();
    call.ok().says("from this host's modules");
}

#[test]
fn vendoring_ahead_of_an_offline_build() {
    let tree = tree();
    let project = app(&tree);
    let online = Host::new(tree.url());
    let outcome = online.call(&project, &["vendor", "--json"]).ok();
    outcome.says("vendor/ and vendor.lock hold 1 module, verified");
    let said: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&said["changed"], &said["modules"][0]["version"]), (&true.into(), &"v1.2.0".into()));
    assert!(Path::new(said["dir"].as_str().unwrap()).join("dep.test/one/one.go").is_file());
    assert!(Path::new(said["lock"].as_str().unwrap()).is_file());

    let offline = Host { store: online.store, goproxy: "off".to_owned() };
    offline.build(&project).ok().says("vendor  the project's vendor/, 1 module, verified");
    assert_eq!(says(&project), "one\n");
    fs::remove_dir_all(project.path().join("vendor")).unwrap();
    fs::remove_file(project.path().join("vendor.lock")).unwrap();
    offline.build(&project).ok().says("vendor  from this host's modules, 1 module, verified");
    // Another package of a fetched module needs no network either.
    project.write("main.go", &MAIN.replace("dep.test/one\"", "dep.test/one/more\"").replace("one.", "more."));
    offline.build(&project).ok().says("from this host's modules");
    assert_eq!(says(&project), "more\n");
}

#[test]
fn what_the_user_tells_go_does_not_leak() {
    let tree = tree();
    let project = app(&tree);
    let before = project.snapshot("");
    let run = |call: Call| {
        call.ok();
        fs::read(project.path().join("dist/app_linux_amd64/app")).unwrap()
    };
    let expected = run(Host::new(tree.url()).build(&project));
    let hostile = Host::new(tree.url());
    let call = hostile.build(&project).env("GOFLAGS", "-mod=mod -tags=extra").env("GONOSUMDB", "*");
    let call =
        call.env("GONOSUMCHECK", "1").env("GOPRIVATE", "*").env("GOINSECURE", "*").env("GOFLAGS", "-mod=mod");
    assert!(run(call) == expected);
    let mut after = project.snapshot("");
    after.retain(|path, _| !path.starts_with("dist/"));
    assert!(after == before);
}

#[test]
fn embedded_files_of_a_module_come_along() {
    let tree = ModuleTree::new().module(
        "dep.test/one",
        "v1.2.0",
        &[
            ("one.go", "package one\n\nimport _ \"embed\"\n\n//go:embed data/text.txt\nvar text string\n\nfunc Name() string { return text }\n"),
            ("data/text.txt", "embedded"),
            ("data/other.txt", "not asked for"),
        ],
    );
    let (project, host) = (app(&tree), Host::new(tree.url()));
    host.build(&project).ok();
    assert_eq!(says(&project), "embedded\n");
}

#[test]
fn directories_in_place_of_modules() {
    let lib = "module dep.test/one\n\ngo 1.24\n";
    let one = "package one\n\nfunc Name() string { return \"local\" }\n";
    for (place, dir) in [("./lib", "app/lib"), ("../lib", "lib"), ("./deep/../lib", "app/lib")] {
        let outer = Project::empty()
            .file("app/go.mod", &format!("{APP}\nreplace dep.test/one => {place}\n"))
            .file("app/main.go", MAIN)
            .file("app/deep/deep.go", "package deep\n")
            .file(&format!("{dir}/go.mod"), lib)
            .file(&format!("{dir}/one.go"), one);
        let host = Host::new("off");
        let call = || host.call_in(&outer.path().join("app"), &["--target", "linux/amd64", "-o", "../out"]);
        let outcome = call().ok();
        outcome.says("from this host's modules");
        let said = || {
            let output = std::process::Command::new(outer.path().join("out")).output().unwrap();
            String::from_utf8(output.stderr).unwrap()
        };
        assert_eq!(said(), "local\n", "{place}");
        // A function body counts here: the tree holds a copy of it.
        outer.write(&format!("{dir}/one.go"), &one.replace("local", "edited"));
        call().ok().says("from this host's modules");
        assert_eq!(said(), "edited\n", "{place}");
        assert!(!outer.exists("app/vendor"));
        let program = fs::read(outer.path().join("out")).unwrap();
        let here = outer.path().to_str().unwrap().as_bytes();
        assert!(
            !program.windows(here.len()).any(|part| part == here),
            "{place}: the directory is in the program"
        );
    }
}
