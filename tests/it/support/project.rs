//! A project in a directory of its own, and calls of xbuild in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where `make test` puts what tests read: `target/testdata`.
pub fn testdata() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("testdata")
}

/// The sample program's directory.
pub fn sample_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample")
}

/// One store for all tests, so that Go compiles its standard library once per target and not once per test.
pub fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// The store of calls in a directory: empty but for what Go has compiled. What one test has built must not be there for
/// another that is about building.
pub fn store_of(dir: &Path) -> PathBuf {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    dir.hash(&mut hasher);
    let store = cache_dir().join("stores").join(format!("{:016x}", hasher.finish()));
    share_compiled(&store);
    store
}

/// The parts of a store in which is what Go has compiled. The blobs are shared with everything else that is kept by its
/// content: what a test damages on purpose belongs into a store that shares nothing.
pub const COMPILED: &[&str] = &["gocache-v1", "compile-v0", "cas-v0"];

/// Has a store share what Go has compiled with all others, or every test would pay for the standard library.
pub fn share_compiled(store: &Path) {
    fs::create_dir_all(store).unwrap();
    for bucket in COMPILED {
        let shared = cache_dir().join(bucket);
        fs::create_dir_all(&shared).unwrap();
        let link = store.join(bucket);
        match std::os::unix::fs::symlink(&shared, &link) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                panic!("{}: {error}", link.display())
            }
            _ => {}
        }
    }
}

/// A directory that ends with the test.
pub struct Project {
    dir: tempfile::TempDir,
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(store_of(self.path()));
    }
}

impl Project {
    /// An empty directory.
    pub fn empty() -> Self {
        Project { dir: tempfile::tempdir().unwrap() }
    }

    /// A module `example.test/app` with one program that needs nothing and prints `hello`.
    pub fn hello() -> Self {
        Project::empty().file("go.mod", "module example.test/app\n\ngo 1.24\n").file(
            "main.go",
            "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"hello\\n\") }\n",
        )
    }

    /// A copy of the sample, without its vendor directory unless `vendor`.
    pub fn sample(vendor: bool) -> Self {
        let project = Project::empty();
        copy(&sample_dir(), project.path(), &|path| vendor || !path.ends_with("vendor"));
        project
    }

    /// Adds or replaces a file.
    pub fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Adds or replaces a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A file's text.
    pub fn read(&self, path: &str) -> String {
        let path = self.path().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Whether a path exists.
    pub fn exists(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    /// dist/artifacts.json.
    pub fn artifacts(&self) -> Vec<serde_json::Value> {
        serde_json::from_str(&self.read("dist/artifacts.json")).unwrap()
    }

    /// Every file below a directory with its bytes, by relative path.
    pub fn snapshot(&self, dir: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path().join(dir);
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&root) {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
        files
    }

    /// A call of xbuild in this project.
    pub fn xbuild(&self, args: &[&str]) -> Call {
        Call::new(self.path(), args)
    }

    /// Runs a program in this project and returns what it printed; it must succeed.
    pub fn run(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(program).args(args).current_dir(self.path()).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}; run `make test-setup`"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{program} {args:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// Makes the project a git repository with one commit at a fixed time, and a tag if one is given.
    pub fn git(&self, tag: Option<&str>) {
        let git = |args: &[&str]| {
            let status = Command::new("git")
                .args([
                    "-c",
                    "user.name=t",
                    "-c",
                    "user.email=t@example.test",
                    "-c",
                    "init.defaultBranch=main",
                ])
                .args(args)
                .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
                .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .current_dir(self.path())
                .stdout(Stdio::null())
                .status();
            assert!(status.unwrap().success(), "git {args:?}");
        };
        git(&["init", "-q"]);
        self.write(".git/info/exclude", "/dist/\n");
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "one"]);
        if let Some(tag) = tag {
            git(&["tag", tag]);
        }
    }
}

/// One call of the program, with an environment that no test inherits from the developer: an empty home, no user
/// settings, no Go configuration.
pub struct Call {
    command: Command,
    _home: tempfile::TempDir,
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Call {
    /// A call in a directory.
    pub fn new(dir: &Path, args: &[&str]) -> Self {
        Call::of(Command::new(env!("CARGO_BIN_EXE_xbuild")), dir, args)
    }

    /// A call of another copy of the program.
    pub fn with(program: &Path, dir: &Path, args: &[&str]) -> Self {
        Call::of(Command::new(program), dir, args)
    }

    /// A call in a network namespace of its own, in which there is not even a loopback device.
    pub fn without_network(dir: &Path, args: &[&str]) -> Self {
        let mut command = Command::new("unshare");
        command.args(["-rn", env!("CARGO_BIN_EXE_xbuild")]);
        Call::of(command, dir, args)
    }

    fn of(mut command: Command, dir: &Path, args: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        command.args(args).current_dir(dir).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", home.path());
        command.env("XBUILD_CACHE_DIR", store_of(dir));
        Call { command, _home: home }
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Unsets a variable.
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Has another program start the call: its words stand before those of xbuild.
    pub fn wrapped(mut self, program: &str, args: &[&str]) -> Self {
        let mut outer = Command::new(program);
        outer.args(args).arg(self.command.get_program()).args(self.command.get_args());
        outer.env_clear().stdin(Stdio::null()).current_dir(self.command.get_current_dir().unwrap());
        outer.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = outer;
        self
    }

    /// Puts a file creation mask, in octal, around the call.
    pub fn masked(self, mask: &str) -> Self {
        let script = format!("umask {mask}; exec \"$0\" \"$@\"");
        self.wrapped("/bin/sh", &["-c", &script])
    }

    /// The home directory of the call.
    pub fn home(&self) -> &Path {
        self._home.path()
    }

    /// Runs it.
    pub fn run(mut self) -> Outcome {
        let output = self.command.output().unwrap();
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts it with both streams piped; the home stays until the returned value ends.
    pub fn start(mut self) -> (Child, tempfile::TempDir) {
        let child = self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        (child, self._home)
    }

    /// Runs it; it must succeed.
    #[track_caller]
    pub fn ok(self) -> Outcome {
        self.code(0)
    }

    /// Runs it; it must end with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Outcome {
        let outcome = self.run();
        assert_eq!(outcome.code, code, "stdout:\n{}\nstderr:\n{}", outcome.stdout, outcome.stderr);
        outcome
    }
}

impl Outcome {
    /// Standard error must hold a text.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "{text:?} is not in:\n{}", self.stderr);
        self
    }

    /// Standard error must not hold a text.
    #[track_caller]
    pub fn never_says(&self, text: &str) -> &Self {
        assert!(!self.stderr.contains(text), "{text:?} is in:\n{}", self.stderr);
        self
    }
}

fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&Path) -> bool) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if !wanted(&path) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&path, &target, wanted);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
