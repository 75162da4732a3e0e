//! Modules over HTTP from servers that misbehave: what is asked again, what is not, and what is never believed.

mod faults;
mod private;
mod proxies;
mod tls;

use std::fs;
use std::path::Path;

use crate::support::{Call, ModuleTree, Project, Server, own_store};

const GO_MOD: &str =
    "module example.test/app\n\ngo 1.24\n\nrequire (\n\tdep.test/one v1.0.0\n\tdep.test/two v1.0.0\n)\n";
const MAIN: &str = "package main\n\nimport (\n\t\"dep.test/one\"\n\t\"dep.test/two\"\n)\n\n\
                    func main() { println(one.Name(), two.Name()) }\n";

const ONE_MOD: &str = "/dep.test/one/@v/v1.0.0.mod";
const ONE_ZIP: &str = "/dep.test/one/@v/v1.0.0.zip";
const TWO_MOD: &str = "/dep.test/two/@v/v1.0.0.mod";
const TWO_ZIP: &str = "/dep.test/two/@v/v1.0.0.zip";

/// dep.test/one and dep.test/two.
fn tree() -> ModuleTree {
    ["one", "two"].into_iter().fold(ModuleTree::new(), |tree, name| {
        let text = format!("package {name}\n\nfunc Name() string {{ return \"{name}\" }}\n");
        tree.module(&format!("dep.test/{name}"), "v1.0.0", &[(&format!("{name}.go"), &text)])
    })
}

/// A program that needs both, its modules behind a server, and a store of its own.
struct Scene {
    tree: ModuleTree,
    server: Server,
    project: Project,
    store: tempfile::TempDir,
}

impl Scene {
    fn new() -> Option<Self> {
        let tree = tree();
        let server = Server::start(tree.path())?;
        let project =
            Project::empty().file("go.mod", GO_MOD).file("go.sum", tree.go_sum()).file("main.go", MAIN);
        Some(Scene { tree, server, project, store: own_store() })
    }

    /// `xbuild vendor` with a GOPROXY.
    fn vendor(&self, goproxy: &str) -> Call {
        self.call(&["vendor"], goproxy)
    }

    fn call(&self, args: &[&str], goproxy: &str) -> Call {
        let call = Call::new(self.project.path(), args);
        call.env("XBUILD_CACHE_DIR", self.store.path()).env("GOPROXY", goproxy)
    }

    /// How often each of the four files was asked for: both go.mod, then both zips.
    fn counts(&self) -> [usize; 4] {
        [ONE_MOD, TWO_MOD, ONE_ZIP, TWO_ZIP].map(|path| self.server.count(path))
    }

    /// Files that the store holds of a module path, by name.
    fn held(&self, module: &str) -> Vec<String> {
        let dir = self.store.path().join("modules-v0").join(module).join("@v");
        let names = fs::read_dir(dir).into_iter().flatten();
        let mut names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Nothing of a run is left in the store's directory for such things, and the project has no more than vendor/ besides.
    #[track_caller]
    fn is_clean(&self) {
        let left: Vec<_> = fs::read_dir(self.store.path().join("tmp")).into_iter().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
        let mut names: Vec<String> = self.project.snapshot("").into_keys().collect();
        names.retain(|name| !name.starts_with("vendor/") && name != "vendor.lock");
        assert_eq!(names, ["go.mod", "go.sum", "main.go"]);
    }
}

/// No file below a directory holds a text.
#[track_caller]
fn nowhere(secret: &str, dir: &Path) {
    for entry in walkdir::WalkDir::new(dir).into_iter().map(Result::unwrap) {
        if entry.file_type().is_file() {
            let bytes = fs::read(entry.path()).unwrap();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", entry.path().display());
        }
    }
}
