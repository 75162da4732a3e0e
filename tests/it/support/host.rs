//! What tests need of the host: stores of their own, the real `go`, other processes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{cache_dir, share_compiled};

/// targets.toml of the sample for the pairs that all tests share.
pub const SAMPLE_TARGETS: &str = r#"schema = 1
targets = ["windows/amd64", "linux/amd64", "linux/arm64"]

[project]
name = "hello"

[[build]]
id = "hello"
main = "./cmd/hello"
ldflags = ["-s", "-w", "-X main.version={version}", "-X main.commit={commit}", "-X main.date={date}"]

[[package]]
recipe = "archive"
"#;

/// A store that is empty but for what Go has compiled, and ends with the returned value.
pub fn own_store() -> tempfile::TempDir {
    let store = tempfile::tempdir().unwrap();
    share_compiled(store.path());
    store
}

/// Runs the real `go` as a developer would, with a store that xbuild never sees; it must succeed.
pub fn go(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> String {
    let plain = cache_dir().with_file_name("plain-go");
    let output = Command::new("go")
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("GOCACHE", plain.join("cache"))
        .env("GOPATH", plain.join("path"))
        .envs([("GOENV", "off"), ("GOTOOLCHAIN", "local"), ("GOWORK", "off"), ("CGO_ENABLED", "0")])
        .envs([("GOSUMDB", "off"), ("GOPROXY", "off")])
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("go: {error}; run `make test-setup`"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "go {args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// What `go version -m` says of a program: `path`, `-trimpath`, `GOOS` and so on, by name.
pub fn build_info(program: &Path) -> BTreeMap<String, String> {
    let said = go(program.parent().unwrap(), &["version", "-m", program.to_str().unwrap()], &[]);
    let mut info = BTreeMap::new();
    for line in said.lines().skip(1) {
        let words: Vec<&str> = line.trim().split('\t').collect();
        match words[..] {
            ["build", setting] => {
                let (name, value) = setting.split_once('=').unwrap();
                info.insert(name.to_owned(), value.to_owned());
            }
            ["dep", module, version, ..] => {
                info.insert(module.to_owned(), version.to_owned());
            }
            [name, value, ..] => {
                info.insert(name.to_owned(), value.to_owned());
            }
            _ => panic!("{line:?}"),
        }
    }
    info
}

/// Every path below a directory that xbuild uses for a moment only and should have taken away.
pub fn leftovers(dist: Option<&Path>, store: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut add = |dir: PathBuf, wanted: &dyn Fn(&str) -> bool| {
        for entry in fs::read_dir(dir).into_iter().flatten().map(Result::unwrap) {
            if wanted(entry.file_name().to_str().unwrap()) {
                found.push(entry.path());
            }
        }
    };
    if let Some(dist) = dist {
        add(dist.to_owned(), &|name| name.starts_with(".xbuild-"));
    }
    add(store.join("tmp"), &|_| true);
    add(store.join("vendor-v1"), &|name| name.starts_with("new-"));
    found
}

/// A process that runs now.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its number.
    pub pid: u32,
    /// Its command line.
    pub args: Vec<String>,
}

/// Processes whose command line, environment or directory names a path, or that have something mounted of it: what
/// runs in a sandbox knows other names.
pub fn processes(about: &Path) -> Vec<Running> {
    let needle = about.to_str().unwrap();
    let name = format!("/{}/", about.file_name().unwrap().to_str().unwrap());
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let args = read("cmdline");
        let dir = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        let named = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle.as_bytes());
        let mounts = read("mountinfo");
        let mounted = mounts.windows(name.len()).any(|part| part == name.as_bytes());
        if !named(&args) && !named(&read("environ")) && !dir.starts_with(about) && !mounted {
            continue;
        }
        let stat = String::from_utf8_lossy(&read("stat")).into_owned();
        // The name in parentheses may hold spaces; the state follows it.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let state = fields.next();
        if state.is_none_or(|state| state == "Z") {
            continue;
        }
        let args = args.split(|byte| *byte == 0).map(|arg| String::from_utf8_lossy(arg).into_owned());
        found.push(Running { pid, args: args.filter(|arg| !arg.is_empty()).collect() });
    }
    found
}

/// Asks until there is an answer, for at most a minute.
pub fn wait_for<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "there was no {what} within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
}
