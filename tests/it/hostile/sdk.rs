//! GOROOT/go.env, which `go` reads also with GOENV=off.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::scene::Scene;
use super::variables;
use crate::support::{go, table};

/// An SDK like the one at hand with a go.env of its own.
struct Copied {
    dir: tempfile::TempDir,
    stock: String,
}

impl Copied {
    fn new() -> Self {
        let original = PathBuf::from(go(Path::new("/"), &["env", "GOROOT"], &[]).trim());
        let dir = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(&original).unwrap().map(Result::unwrap) {
            if entry.file_name() != "go.env" {
                symlink(entry.path(), dir.path().join(entry.file_name())).unwrap();
            }
        }
        let stock = fs::read_to_string(original.join("go.env")).unwrap();
        Copied { dir, stock }
    }

    /// Adds lines to the stock file.
    fn set(&self, lines: &str) {
        fs::write(self.dir.path().join("go.env"), format!("{}{lines}", self.stock)).unwrap();
    }

    fn path(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }
}

/// These have no value that would close them, so an SDK that sets them is refused.
const MUST_BE_REFUSED: &[&str] = &[
    "AR",
    "CC",
    "CGO_CFLAGS",
    "CXX",
    "FC",
    "GCCGO",
    "GOAMD64",
    "GOARCH",
    "GOBIN",
    "GOCACHEPROG",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOOS",
    "GOTMPDIR",
    "GO_EXTLINK_ENABLED",
    "PKG_CONFIG",
];

#[test]
fn nothing_that_the_sdks_go_env_sets_reaches_a_build() {
    let scene = Scene::new();
    let expected = scene.build("the clean build", scene.call());
    let sdk = Copied::new();
    sdk.set("");
    let call = || scene.call().env("XBUILD_SDK", sdk.path());
    assert!(scene.build("the stock go.env", call()) == expected, "an SDK elsewhere makes other bytes");

    let variables: Vec<(&str, String)> = variables::all()
        .chain([("NOBODY_KNOWS", "1"), ("A B", "1")])
        .map(|(name, value)| (name, format!("{name}={}\n", scene.filled(value))))
        .collect();
    sdk.set(&variables.iter().map(|(_, line)| line.as_str()).collect::<String>());
    let outcome = scene.run("all at once", call());
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    outcome.says("which would reach every sealed build").says("--sdk DIR");
    let (_, names) = outcome.stderr.split_once("go.env sets ").unwrap();
    let refused: Vec<&str> = names.split_once(", which").unwrap().0.split(", ").collect();

    for name in MUST_BE_REFUSED {
        sdk.set(&format!("{name}={}\n", scene.filled("{canary}")));
        let outcome = scene.run(name, call());
        assert_eq!(outcome.code, 4, "{name}:\n{}", outcome.stderr);
        outcome.says(&format!("go.env sets {name}, which would reach every sealed build"));
        assert!(refused.contains(name), "{name}");
    }
    let closed: String =
        variables.iter().filter(|(name, _)| !refused.contains(name)).map(|(_, line)| line.as_str()).collect();
    for name in ["GOFLAGS", "GOPRIVATE", "GOPROXY", "GOTOOLCHAIN", "GOWORK", "GODEBUG", "home"] {
        assert!(closed.contains(&format!("{name}=")), "{name}");
    }
    sdk.set(&closed);
    assert!(scene.build("all others at once", call()) == expected, "go.env changes the bytes:\n{closed}");

    let result = |name| if refused.contains(name) { "refused by name" } else { "same bytes" };
    let mut rows: Vec<(&str, &str)> = variables.iter().map(|(name, _)| (*name, result(name))).collect();
    rows.sort_unstable();
    let mut text = format!("{} variables in GOROOT/go.env\n", rows.len());
    for (name, result) in &rows {
        writeln!(text, "  {name:<38} {result}, nothing run or written").unwrap();
    }
    table("hostile_go_env", &text);
}

#[test]
fn a_go_env_that_is_none() {
    let scene = Scene::new();
    let sdk = Copied::new();
    scene.outer().run("mkfifo", &[sdk.dir.path().join("go.env").to_str().unwrap()]);
    let outcome = scene.run("a FIFO", scene.call().env("XBUILD_SDK", sdk.path()));
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    outcome.says("go.env").says("not a regular file");

    fs::remove_file(sdk.dir.path().join("go.env")).unwrap();
    scene.build("an SDK without go.env", scene.call().env("XBUILD_SDK", sdk.path()));
    sdk.set("# GOCACHEPROG=x\n GOCACHEPROG=x\nexport GOCACHEPROG=x\nGOCACHEPROG=\n");
    scene.build("what is no setting to Go", scene.call().env("XBUILD_SDK", sdk.path()));
}
