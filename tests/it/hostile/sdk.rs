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

    let (mut rows, mut closed) = (Vec::new(), String::new());
    let own = [("NOBODY_KNOWS", "1"), ("A B", "1")];
    for (name, value) in variables::all().chain(own) {
        let line = format!("{name}={}\n", scene.filled(value));
        sdk.set(&line);
        let outcome = scene.run(name, call().env("XBUILD_TARGETS", ""));
        match outcome.code {
            4 => {
                let said = format!("go.env sets {name}, which would reach every sealed build");
                outcome.says(&said).says("--sdk DIR");
                rows.push((name, "refused by name, nothing run or written"));
            }
            0 => {
                closed.push_str(&line);
                rows.push((name, "same bytes, nothing run or written"));
            }
            code => panic!("{name} ends with {code}:\n{}", outcome.stderr),
        }
    }
    sdk.set(&closed);
    assert!(
        scene.build("all closed ones at once", call()) == expected,
        "go.env changes the bytes:\n{closed}"
    );
    for name in MUST_BE_REFUSED {
        assert!(rows.iter().any(|row| row == &(*name, "refused by name, nothing run or written")), "{name}");
    }
    for name in ["GOFLAGS", "GOPRIVATE", "GOPROXY", "GOTOOLCHAIN", "GOWORK", "GODEBUG", "home"] {
        assert!(rows.iter().any(|row| row == &(name, "same bytes, nothing run or written")), "{name}");
    }
    rows.sort_unstable();
    let mut text = format!("{} variables in GOROOT/go.env\n", rows.len());
    for (name, result) in &rows {
        writeln!(text, "  {name:<38} {result}").unwrap();
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
