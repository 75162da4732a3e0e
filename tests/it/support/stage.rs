//! Where the probe (tests/probe) plays: an SDK in which it stands for the compiler, and around a project everything
//! that a step must not reach.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::go;

/// A file that no step may read holds this.
const SECRET: &str = "PROBE-SECRET\n";

/// A user of whom the host knows nothing but the number.
const STRANGER: u32 = 54321;

/// Who calls xbuild, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Root, with mounts of its own: what escapes as root must not change the host.
    Root,
    /// An ordinary user without a home directory that the host knows.
    User,
    /// The one who runs the tests, in namespaces as a container has them.
    Container,
}

impl Place {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Place::Root => "root",
            Place::User => "user",
            Place::Container => "container",
        }
    }

    /// Who starts the processes there.
    fn wrapper(self) -> &'static [&'static str] {
        match self {
            Place::Root => &["unshare", "--mount", "--uts", "--propagation", "private"],
            Place::User if is_root() => {
                &["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--inh-caps=-all"]
            }
            Place::User => &["env"],
            Place::Container => &["unshare", "-Urmnpf", "--mount-proc"],
        }
    }

    /// Why it cannot be had here.
    pub fn missing(self) -> Option<String> {
        if self == Place::Root && !is_root() {
            return Some("these tests do not run as root".to_owned());
        }
        let [program, args @ ..] = self.wrapper() else { return None };
        let tried = Command::new(program).args(args).arg("true").stdin(Stdio::null()).output();
        match tried {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Some(format!("{program}: {error}")),
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The directory of it all.
pub struct Stage {
    dir: tempfile::TempDir,
}

impl Stage {
    /// Sets it up.
    pub fn new() -> Self {
        let stage = Stage { dir: tempfile::tempdir().unwrap() };
        open_to_all(stage.path());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe");
        let probe = Path::new(env!("CARGO_TARGET_TMPDIR")).join("probe");
        go(&source, &["build", "-buildvcs=false", "-o", probe.to_str().unwrap(), "."], &[]);
        fs::copy(&probe, stage.path().join("probe")).unwrap();
        // Where the tests' own directory is, another user may have no way in.
        fs::copy(env!("CARGO_BIN_EXE_xbuild"), stage.path().join("xbuild")).unwrap();
        copy_sdk(&stage.path().join("sdk"));
        let compiler = stage.compiler();
        fs::rename(&compiler, compiler.with_extension("real")).unwrap();
        fs::copy(&probe, compiler).unwrap();
        stage
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The project.
    pub fn project(&self) -> PathBuf {
        self.path().join("home/work/project")
    }

    /// Makes the home directory anew, with the project and the secrets around it.
    pub fn reset(&self, place: Place) {
        let home = self.path().join("home");
        let _ = fs::remove_dir_all(&home);
        for (path, text) in [
            ("secret", SECRET),
            ("work/secret", SECRET),
            ("work/other/secret", SECRET),
            ("store/outputs-v0/secret", SECRET),
            ("work/project/go.mod", "module example.test/app\n\ngo 1.24\n"),
            ("work/project/main.go", "package main\n\nfunc main() {}\n"),
            ("work/project/vendor/modules.txt", ""),
            ("work/project/dist/secret", SECRET),
            ("work/project/.git/secret", SECRET),
        ] {
            let path = home.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let user = match place {
            Place::User if is_root() => STRANGER,
            _ => rustix::process::geteuid().as_raw(),
        };
        // Of the SDK only what is no link to that of the host.
        let sdk = self.path().join("sdk");
        let own = [self.path().to_owned(), sdk.join("VERSION"), sdk];
        let below = walkdir::WalkDir::new(&home).into_iter().map(|entry| entry.unwrap().into_path());
        for path in own.into_iter().chain(below) {
            chown(path, Some(user), None).unwrap();
        }
    }

    /// Runs the probe itself, as a neighbour of the neighbour.
    pub fn probe(&self, place: Place) -> String {
        self.run(place, &[], &[self.compiler().to_str().unwrap(), "all"])
    }

    fn compiler(&self) -> PathBuf {
        let tools = self.path().join("sdk/pkg/tool");
        fs::read_dir(tools).unwrap().next().unwrap().unwrap().path().join("compile")
    }

    /// Runs a command beside the neighbour, both in one place, and returns what both said. `hints` tell the probe more.
    pub fn run(&self, place: Place, hints: &[String], command: &[&str]) -> String {
        self.reset(place);
        let [wrapper, args @ ..] = place.wrapper() else { panic!("nobody starts it") };
        let output = Command::new(wrapper)
            .args(args)
            .arg(self.path().join("probe"))
            .arg("serve")
            .arg(self.path())
            .args(hints)
            .arg("--")
            .args(command)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path().join("home"))
            .env("TMPDIR", self.path().join("home/work"))
            .env("XBUILD_CACHE_DIR", self.path().join("home/store"))
            .current_dir(self.project())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// Runs xbuild there, with the SDK in which the probe is, and with settings of its environment.
    pub fn xbuild(&self, place: Place, hints: &[String], settings: &[&str], args: &[&str]) -> String {
        let (xbuild, sdk) = (self.path().join("xbuild"), self.path().join("sdk"));
        let mut command = vec!["env"];
        command.extend(settings);
        command.extend([xbuild.to_str().unwrap(), "--sdk", sdk.to_str().unwrap(), "-j1", "--no-package"]);
        command.extend(args);
        self.run(place, hints, &command)
    }
}

fn open_to_all(dir: &Path) {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
}

/// What of the SDK a build needs: hard links, or copies across file systems and of what the probe tries to change.
fn copy_sdk(to: &Path) {
    let from = PathBuf::from(go(Path::new("/"), &["env", "GOROOT"], &[]).trim());
    for dir in ["bin", "src", "pkg/tool", "pkg/include"] {
        let wanted = |entry: &walkdir::DirEntry| entry.file_name() != "testdata";
        for entry in walkdir::WalkDir::new(from.join(dir)).into_iter().filter_entry(wanted) {
            let entry = entry.unwrap();
            let made = to.join(entry.path().strip_prefix(&from).unwrap());
            let name = entry.file_name().to_str().unwrap();
            if entry.file_type().is_dir() {
                fs::create_dir_all(made).unwrap();
            } else if !name.ends_with("_test.go") && fs::hard_link(entry.path(), &made).is_err() {
                fs::copy(entry.path(), made).unwrap();
            }
        }
    }
    for name in ["VERSION", "go.env"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}
