//! Every way we know of changing vendor/, modules.txt, go.sum or vendor.lock after `xbuild vendor`: each is refused, by
//! `xbuild vendor --check` and by a build, and the file is named.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::support::{Call, ModuleTree, Project, own_store, table};

const ONE: &str = "vendor/dep.test/one/one.go";
const TWO: &str = "vendor/dep.test/two/two.go";
const DATA: &str = "vendor/dep.test/one/data.txt";
const MODULES: &str = "vendor/modules.txt";
const SUM: &str = "go.sum";
const LOCK: &str = "vendor.lock";

fn tree() -> ModuleTree {
    let package = |name: &str| format!("package {name}\n\nfunc Name() string {{ return \"{name}\" }}\n");
    ModuleTree::new()
        .module(
            "dep.test/one",
            "v1.2.0",
            &[
                ("one.go", &package("one")),
                ("one_test.go", "package one\n"),
                ("gen.go", "//go:build ignore\n\npackage main\n"),
                ("data.txt", "data\n"),
                ("more/more.go", &package("more")),
                ("unused/unused.go", &package("unused")),
                ("LICENSE", "As you like.\n"),
            ],
        )
        .module("dep.test/two", "v1.0.0", &[("two.go", &package("two"))])
        .module("fork.test/three", "v1.1.0", &[("three.go", &package("three"))])
}

/// A project with two modules, one that another module replaces and one that a directory replaces.
fn project(tree: &ModuleTree) -> Project {
    Project::empty()
        .file(
            "go.mod",
            "module example.test/app\n\ngo 1.24\n\nrequire (\n\tdep.test/four v1.0.0\n\tdep.test/one v1.2.0\n\t\
             dep.test/three v1.0.0\n\tdep.test/two v1.0.0\n)\n\nreplace dep.test/four => ./four\n\n\
             replace dep.test/three => fork.test/three v1.1.0\n",
        )
        .file("go.sum", tree.go_sum())
        .file("four/go.mod", "module dep.test/four\n\ngo 1.24\n")
        .file("four/four.go", "package four\n\nfunc Name() string { return \"four\" }\n")
        .file(
            "main.go",
            "package main\n\nimport (\n\t\"dep.test/four\"\n\t\"dep.test/one\"\n\t\"dep.test/one/more\"\n\t\
             \"dep.test/three\"\n\t\"dep.test/two\"\n)\n\nfunc main() {\n\tprintln(four.Name(), one.Name(), \
             more.Name(), three.Name(), two.Name())\n}\n",
        )
}

/// A copy of the vendored project, to be tampered with.
struct Copy {
    dir: PathBuf,
}

impl Copy {
    fn path(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{from:?} is not in {path}:\n{text}");
        self.write(path, text.replacen(from, to, 1));
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Puts a file's own SHA-256 into its line of the lock.
    fn relock(&self, path: &str, line: &str) {
        let text = self.read(LOCK);
        let old = text.lines().find(|old| old.ends_with(&format!("  {line}"))).unwrap();
        let sum: String = Sha256::digest(fs::read(self.path(path)).unwrap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.edit(LOCK, old, &format!("{}{sum}  {line}", &old[..2]));
    }

    fn line(&self, path: &str) -> String {
        let text = self.read(LOCK);
        text.lines().find(|line| line.ends_with(&format!("  {path}"))).unwrap().to_owned() + "\n"
    }

    fn fifo(&self, path: &str) {
        assert!(Command::new("mkfifo").arg(self.path(path)).status().unwrap().success());
    }
}

/// What was done, the exit code of `--check`, the file that must be named, and how it is done.
type Case = (&'static str, i32, &'static str, fn(&Copy));

const CASES: &[Case] = &[
    ("a byte is edited", 7, ONE, |p| p.edit(ONE, "\"one\"", "\"onE\"")),
    ("an edit of the same size, mtime restored", 7, ONE, |p| {
        let before = fs::metadata(p.path(ONE)).unwrap().modified().unwrap();
        p.edit(ONE, "\"one\"", "\"evl\"");
        fs::File::options().write(true).open(p.path(ONE)).unwrap().set_modified(before).unwrap();
    }),
    ("bytes are appended", 7, ONE, |p| p.write(ONE, p.read(ONE) + "\n")),
    ("a file is emptied", 7, ONE, |p| p.write(ONE, "")),
    ("a Go file is deleted", 7, ONE, |p| p.remove(ONE)),
    ("a data file is deleted", 7, DATA, |p| p.remove(DATA)),
    ("a licence is deleted", 7, "vendor/dep.test/one/LICENSE", |p| p.remove("vendor/dep.test/one/LICENSE")),
    ("a package is deleted", 7, "vendor/dep.test/one/more/more.go", |p| {
        fs::remove_dir_all(p.path("vendor/dep.test/one/more")).unwrap();
    }),
    ("a Go file is added", 7, "vendor/dep.test/one/evil.go", |p| {
        p.write("vendor/dep.test/one/evil.go", "package one\n")
    }),
    ("an assembly file is added", 7, "vendor/dep.test/one/e.s", |p| p.write("vendor/dep.test/one/e.s", "")),
    ("a .syso file is added", 7, "vendor/dep.test/one/e.syso", |p| {
        p.write("vendor/dep.test/one/e.syso", "\x7fELF")
    }),
    ("another file is added", 7, "vendor/dep.test/one/e.txt", |p| p.write("vendor/dep.test/one/e.txt", "x")),
    ("a hidden file is added", 7, "vendor/dep.test/one/.e", |p| p.write("vendor/dep.test/one/.e", "x")),
    ("a directory with a package is added", 7, "vendor/dep.test/one/evil/evil.go", |p| {
        p.write("vendor/dep.test/one/evil/evil.go", "package evil\n");
    }),
    ("a module is added", 7, "vendor/evil.test/e/e.go", |p| {
        p.write("vendor/evil.test/e/e.go", "package e\n")
    }),
    ("a file beside modules.txt is added", 7, "vendor/evil.go", |p| {
        p.write("vendor/evil.go", "package evil\n")
    }),
    ("a test that the zip holds is added", 7, "vendor/dep.test/one/one_test.go", |p| {
        p.write("vendor/dep.test/one/one_test.go", "package one\n");
    }),
    ("two files change places", 7, ONE, |p| {
        p.rename(ONE, "aside");
        p.rename(TWO, ONE);
        p.rename("aside", TWO);
    }),
    ("a file is renamed", 7, ONE, |p| p.rename(ONE, "vendor/dep.test/one/uno.go")),
    ("a name's case is changed", 7, "vendor/dep.test/one/One.go", |p| {
        p.rename(ONE, "vendor/dep.test/one/One.go")
    }),
    ("a directory's case is changed", 7, "vendor/dep.test/One/one.go", |p| {
        p.rename("vendor/dep.test/one", "vendor/dep.test/One");
    }),
    ("a link inside vendor/ in place of a file", 7, ONE, |p| {
        p.rename(ONE, "vendor/dep.test/one/more/one.go");
        symlink("more/one.go", p.path(ONE)).unwrap();
    }),
    ("a link to the same bytes outside", 7, ONE, |p| {
        p.rename(ONE, "aside");
        symlink(p.path("aside"), p.path(ONE)).unwrap();
    }),
    ("a link that leads nowhere is added", 7, "vendor/dep.test/one/e.go", |p| {
        symlink("/nowhere", p.path("vendor/dep.test/one/e.go")).unwrap();
    }),
    ("a link in place of a directory", 7, "vendor/dep.test/one", |p| {
        p.rename("vendor/dep.test/one", "aside");
        symlink(p.path("aside"), p.path("vendor/dep.test/one")).unwrap();
    }),
    ("a link in place of vendor/", 7, "vendor:", |p| {
        p.rename("vendor", "aside");
        symlink("aside", p.path("vendor")).unwrap();
    }),
    ("a FIFO in place of a file", 7, ONE, |p| {
        p.remove(ONE);
        p.fifo(ONE);
    }),
    ("a FIFO is added", 7, "vendor/dep.test/one/e", |p| p.fifo("vendor/dep.test/one/e")),
    ("a directory in place of a file", 7, ONE, |p| {
        p.remove(ONE);
        fs::create_dir(p.path(ONE)).unwrap();
    }),
    ("a file in place of vendor/", 7, "vendor:", |p| {
        fs::remove_dir_all(p.path("vendor")).unwrap();
        p.write("vendor", "");
    }),
    ("modules.txt: another version", 7, MODULES, |p| {
        p.edit(MODULES, "dep.test/one v1.2.0", "dep.test/one v1.3.0")
    }),
    ("modules.txt: a package more", 7, MODULES, |p| {
        p.edit(MODULES, "dep.test/one/more\n", "dep.test/one/more\ndep.test/one/unused\n");
    }),
    ("modules.txt: a package less", 7, MODULES, |p| p.edit(MODULES, "dep.test/one/more\n", "")),
    ("modules.txt: a mark less", 7, MODULES, |p| p.edit(MODULES, "## explicit; go 1.24\n", "## go 1.24\n")),
    ("modules.txt: a comment more", 7, MODULES, |p| p.write(MODULES, p.read(MODULES) + "#\n")),
    ("modules.txt: a package of another module", 7, MODULES, |p| {
        p.edit(MODULES, "dep.test/two\n", "dep.test/two\ndep.test/one/unused\n");
    }),
    ("modules.txt: deleted", 7, MODULES, |p| p.remove(MODULES)),
    ("modules.txt: bytes that are no text", 7, MODULES, |p| p.write(MODULES, b"\xff\xfe")),
    ("modules.txt: a FIFO", 7, MODULES, |p| {
        p.remove(MODULES);
        p.fifo(MODULES);
    }),
    ("go.sum: another h1", 7, SUM, |p| {
        let line =
            p.read(SUM).lines().find(|line| line.starts_with("dep.test/one v1.2.0 ")).unwrap().to_owned();
        p.edit(SUM, &line, &line.replace("h1:", "h1:A"));
    }),
    ("go.sum: a line less", 7, SUM, |p| {
        let line =
            p.read(SUM).lines().find(|line| line.starts_with("dep.test/one v1.2.0 ")).unwrap().to_owned();
        p.edit(SUM, &(line + "\n"), "");
    }),
    ("go.sum: a line of another version", 7, SUM, |p| {
        p.edit(SUM, "dep.test/one v1.2.0 ", "dep.test/one v1.2.1 ")
    }),
    ("go.sum: two lines that contradict", 7, SUM, |p| {
        p.write(SUM, p.read(SUM) + "dep.test/one v1.2.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    }),
    ("go.sum: deleted", 7, SUM, |p| p.remove(SUM)),
    ("the lock: another digest", 7, LOCK, |p| {
        let line = p.line("one.go");
        p.edit(LOCK, &line, &line.replace(&line[2..10], "00000000"));
    }),
    ("the lock: another h1", 7, LOCK, |p| p.edit(LOCK, "sum h1:", "sum h1:A")),
    ("the lock: a line less", 7, LOCK, |p| p.edit(LOCK, &p.line("one_test.go"), "")),
    ("the lock: a line more", 7, LOCK, |p| {
        let line = p.line("one_test.go");
        p.edit(LOCK, &line, &(line.clone() + &line.replace("one_test", "one_zest")));
    }),
    ("the lock: lines out of order", 7, LOCK, |p| {
        let (one, test) = (p.line("one.go"), p.line("one_test.go"));
        p.edit(LOCK, &(one.clone() + &test), &(test + &one));
    }),
    ("the lock: a line twice", 7, LOCK, |p| {
        let line = p.line("one.go");
        p.edit(LOCK, &line, &line.repeat(2));
    }),
    ("the lock: a file marked as left out", 7, ONE, |p| {
        let line = p.line("one.go");
        p.edit(LOCK, &line, &line.replacen('+', ".", 1));
    }),
    ("the lock: a file marked as vendored", 7, "vendor/dep.test/one/one_test.go", |p| {
        let line = p.line("one_test.go");
        p.edit(LOCK, &line, &line.replacen('.', "+", 1));
    }),
    ("the lock: a module less", 7, LOCK, |p| {
        let text = p.read(LOCK);
        let module = text.split("\n\n").find(|part| part.starts_with("module dep.test/one ")).unwrap();
        p.edit(LOCK, &format!("{module}\n\n"), "");
    }),
    ("the lock: a module more", 7, LOCK, |p| {
        p.write(LOCK, p.read(LOCK) + "\nmodule zzz.test/z v1.0.0\nsum h1:AAA=\n");
    }),
    ("the lock: a directory in place of a sum", 7, LOCK, |p| {
        let text = p.read(LOCK);
        let module = text.split("\n\n").find(|part| part.starts_with("module dep.test/two ")).unwrap();
        let vendored = p.line("two.go");
        p.edit(
            LOCK,
            module.trim_end(),
            &format!("module dep.test/two v1.0.0 => ./two\n{}", vendored.trim_end()),
        );
    }),
    ("the lock: cut short", 7, LOCK, |p| p.write(LOCK, &p.read(LOCK)[..400])),
    ("the lock: empty", 7, LOCK, |p| p.write(LOCK, "")),
    ("the lock: other words", 7, LOCK, |p| p.write(LOCK, "words\n")),
    ("the lock: bytes that are no text", 7, LOCK, |p| p.write(LOCK, b"\x00\xff\x80")),
    ("the lock: of an unknown layout", 7, LOCK, |p| p.edit(LOCK, "vendor.lock 1", "vendor.lock 2")),
    ("the lock: lines that end otherwise", 7, LOCK, |p| p.write(LOCK, p.read(LOCK).replace('\n', "\r\n"))),
    ("the lock: a path with ..", 7, LOCK, |p| p.edit(LOCK, "  data.txt", "  ../data.txt")),
    ("the lock: an absolute path", 7, LOCK, |p| p.edit(LOCK, "  data.txt", "  /data.txt")),
    ("the lock: of another project", 7, LOCK, |p| {
        p.write(LOCK, format!("xbuild vendor.lock 1\nmodules.txt {}\n", "0".repeat(64)));
    }),
    ("the lock: deleted", 7, LOCK, |p| p.remove(LOCK)),
    ("the lock: a FIFO", 7, LOCK, |p| {
        p.remove(LOCK);
        p.fifo(LOCK);
    }),
    ("the lock: a link to itself elsewhere", 7, LOCK, |p| {
        p.rename(LOCK, "aside");
        symlink("aside", p.path(LOCK)).unwrap();
    }),
    ("consistently: a file and its line", 7, LOCK, |p| {
        p.edit(ONE, "\"one\"", "\"onE\"");
        p.relock(ONE, "one.go");
    }),
    ("consistently: a file, its line and the lock's h1", 7, SUM, |p| {
        p.edit(ONE, "\"one\"", "\"onE\"");
        p.relock(ONE, "one.go");
        let outcome = Command::new(env!("CARGO_BIN_EXE_xbuild"))
            .args(["vendor", "--check"])
            .current_dir(&p.dir)
            .output();
        let said = String::from_utf8(outcome.unwrap().stderr).unwrap();
        let sums: Vec<&str> = said
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| word.starts_with("h1:"))
            .collect();
        p.edit(LOCK, sums[1], sums[0]);
    }),
    ("consistently: a file is added to its module's list", 7, LOCK, |p| {
        p.write("vendor/dep.test/one/evil.go", "package one\n");
        let line = p.line("gen.go");
        p.edit(LOCK, &line, &(line.replacen('.', "+", 1).replace("gen.go", "evil.go") + &line));
        p.relock("vendor/dep.test/one/evil.go", "evil.go");
    }),
    ("consistently: a data file is taken out", 7, DATA, |p| {
        p.remove(DATA);
        let line = p.line("data.txt");
        p.edit(LOCK, &line, &line.replacen('+', ".", 1));
    }),
    ("consistently: a package's only Go file is taken out", 7, "vendor/dep.test/one/more", |p| {
        p.remove("vendor/dep.test/one/more/more.go");
        let line = p.line("more/more.go");
        p.edit(LOCK, &line, &line.replacen('+', ".", 1));
    }),
    ("consistently: a file moves to another module", 7, LOCK, |p| {
        p.rename(DATA, "vendor/dep.test/two/side.txt");
        let (data, two) = (p.line("data.txt"), p.line("two.go"));
        p.edit(LOCK, &data, "");
        p.edit(LOCK, &two, &(data.replace("data", "side") + &two));
    }),
    ("a file of another module's list in the wrong place", 7, "vendor/dep.test/two/one.go", |p| {
        fs::copy(p.path(ONE), p.path("vendor/dep.test/two/one.go")).unwrap();
    }),
    ("consistently: the copy of a local module", 7, "vendor/dep.test/four/four.go", |p| {
        p.edit("vendor/dep.test/four/four.go", "\"four\"", "\"evil\"");
        p.relock("vendor/dep.test/four/four.go", "four.go");
    }),
    ("a local module is edited, and not its copy", 7, "vendor/dep.test/four/four.go", |p| {
        p.edit("four/four.go", "\"four\"", "\"newer\"");
    }),
    ("a local module gets a file more", 7, "vendor/dep.test/four/more.go", |p| {
        p.write("four/more.go", "package four\n")
    }),
];

fn copied(from: &Project, to: &Path) -> Copy {
    assert!(Command::new("cp").arg("-R").arg(from.path()).arg(to).status().unwrap().success());
    Copy { dir: to.to_owned() }
}

/// A vendored project and the store that it was vendored with.
fn vendored() -> (Project, tempfile::TempDir, ModuleTree) {
    let tree = tree();
    let (project, store) = (project(&tree), own_store());
    let call = project.xbuild(&["vendor"]).env("GOPROXY", tree.url());
    call.env("XBUILD_CACHE_DIR", store.path()).ok().says("vendor/ and vendor.lock hold 4 modules, verified");
    (project, store, tree)
}

fn call(copy: &Copy, store: &Path, args: &[&str]) -> Call {
    Call::new(&copy.dir, args).env("GOPROXY", "off").env("XBUILD_CACHE_DIR", store)
}

#[test]
fn nothing_that_was_changed_is_accepted() {
    let (project, store, _tree) = vendored();
    let place = tempfile::tempdir().unwrap();
    let copies: Vec<Copy> =
        (0..CASES.len()).map(|index| copied(&project, &place.path().join(format!("case-{index}")))).collect();
    // Each copy is verified once, when its files have settled, so that the stat index knows all of them.
    std::thread::sleep(Duration::from_millis(200));
    for copy in &copies {
        call(copy, store.path(), &["vendor", "--check"]).ok();
    }
    let mut rows = vec![format!("{:<52} {:>5} {:>5}  said", "CHANGED", "check", "build")];
    let (mut accepted, mut wrong) = (Vec::new(), Vec::new());
    for ((name, code, file, change), copy) in CASES.iter().zip(&copies) {
        change(copy);
        let started = Instant::now();
        let check = call(copy, store.path(), &["vendor", "--check"]).run();
        let build = call(copy, store.path(), &["--target", "linux/amd64"]).run();
        let said = check.stderr.replace(&format!("{}/", copy.dir.display()), "").replace("error: ", "");
        let named = said
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with(&format!("{}:", file.trim_end_matches(':'))));
        let named = named.or_else(|| said.lines().find(|line| line.contains(file))).unwrap_or_default();
        let shown = named.replace(copy.dir.to_str().unwrap(), "the project");
        let build_code = match build.code {
            0 => "said".to_owned(),
            code => code.to_string(),
        };
        let shown: String = shown.chars().take(110).collect();
        rows.push(format!("{name:<52} {:>5} {build_code:>5}  {shown}", check.code));
        if check.code == 0 || (build.code == 0 && !build.stderr.contains("unverified")) || build.code == 1 {
            accepted.push(format!("{name}\n{}{}", check.stderr, build.stderr));
        }
        if check.code != *code || named.is_empty() || started.elapsed() > Duration::from_secs(20) {
            wrong.push(format!("{name}: {file}\n{}", check.stderr));
        }
    }
    rows.push("said: built, and said to be unverified in the summary and in metadata.json".to_owned());
    rows.push(format!("{} changes, {} accepted", CASES.len(), accepted.len()));
    table("tamper", &rows.join("\n"));
    assert!(accepted.is_empty(), "accepted:\n{}", accepted.join("\n"));
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

#[test]
fn what_changes_no_byte_is_no_change() {
    let (project, store, _tree) = vendored();
    let place = tempfile::tempdir().unwrap();
    let copy = copied(&project, &place.path().join("copy"));
    let check = || call(&copy, store.path(), &["vendor", "--check"]).ok();
    check().says("7 files of 4 modules are what go.sum says");
    fs::hard_link(copy.path(ONE), place.path().join("other-name")).unwrap();
    fs::File::options()
        .write(true)
        .open(copy.path(TWO))
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    fs::create_dir_all(copy.path("vendor/empty/deep")).unwrap();
    check();
    let outcome = call(&copy, store.path(), &["vendor", "--check", "--json"]).ok();
    let said: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&said["proof"], &said["files"]), (&"verified".into(), &7.into()));
    call(&copy, store.path(), &["--target", "linux/amd64"]).ok().says("4 modules, verified");
    let metadata: serde_json::Value = serde_json::from_str(&copy.read("dist/metadata.json")).unwrap();
    assert_eq!(metadata["vendor"]["proof"], "verified");
}

#[test]
fn every_finding_is_listed_up_to_a_screenful() {
    let (project, store, _tree) = vendored();
    for name in 10..40 {
        project.write(&format!("vendor/dep.test/one/extra{name}.go"), "package one\n");
    }
    project.write(ONE, "package one\n");
    let call = project.xbuild(&["vendor", "--check"]).env("XBUILD_CACHE_DIR", store.path());
    let outcome = call.code(7);
    outcome
        .says("vendor/dep.test/one/extra10.go: dep.test/one@v1.2.0 has no such file\n")
        .says("  and 11 more\n");
    outcome.says("next: ").says("`xbuild vendor`").never_says("extra30");
}

#[test]
fn without_a_lock_a_build_says_so_or_is_refused() {
    let (project, store, _tree) = vendored();
    fs::remove_file(project.path().join(LOCK)).unwrap();
    let build = |args: &[&str]| {
        let call = project.xbuild(&[&["--target", "linux/amd64"], args].concat()).env("GOPROXY", "off");
        call.env("XBUILD_CACHE_DIR", store.path())
    };
    build(&[]).ok().says("4 modules, unverified: there is no vendor.lock");
    let metadata: serde_json::Value = serde_json::from_str(&project.read("dist/metadata.json")).unwrap();
    assert_eq!(metadata["vendor"]["proof"], "unverified");
    build(&["--require-lock"]).code(7).says("a vendor/ and no vendor.lock").says("--lock-only");
    build(&[]).env("XBUILD_REQUIRE_LOCK", "1").code(7);
    project.write(
        "targets.toml",
        "schema = 1\ntargets = [\"linux/amd64\"]\n\n[settings]\nrequire_lock = true\n",
    );
    build(&[]).code(7).says("vendor.lock");
    // A tree that xbuild makes has a lock of its own.
    fs::remove_dir_all(project.path().join("vendor")).unwrap();
    build(&[]).ok().says("from this host's modules, 4 modules, verified");
}

#[test]
fn files_in_vendor_that_no_module_accounts_for() {
    let project = Project::hello().file("vendor/evil.test/e/e.go", "package e\n");
    let build = || project.xbuild(&["--target", "linux/amd64"]);
    build().ok().says("unverified");
    build().env("XBUILD_REQUIRE_LOCK", "1").code(7);
    project.xbuild(&["vendor", "--check"]).code(7).says("vendor.lock");
    fs::remove_dir_all(project.path().join("vendor")).unwrap();
    build().ok().says("no module is required");
    project.xbuild(&["vendor", "--check"]).ok().says("no module is required");
    assert!(!project.exists("vendor"));
}

#[test]
fn the_store_s_own_module_cache_is_not_believed() {
    let tree = tree();
    let (project, store) = (project(&tree), own_store());
    let vendor = || {
        let call = project.xbuild(&["vendor"]).env("GOPROXY", tree.url());
        call.env("XBUILD_CACHE_DIR", store.path())
    };
    vendor().ok();
    fs::remove_dir_all(project.path().join("vendor")).unwrap();
    let unpacked = store.path().join("gomodcache-v0/dep.test/one@v1.2.0/one.go");
    fs::write(&unpacked, "package one\n\nfunc Name() string { return \"evil\" }\n").unwrap();
    let outcome = vendor().code(7);
    outcome
        .says("vendor/dep.test/one/one.go: its bytes are not those of")
        .says("gomodcache-v0")
        .says("next: remove");
    assert!(!project.exists("vendor"));
    fs::remove_dir_all(store.path().join("gomodcache-v0")).unwrap();
    vendor().ok();
}

#[test]
fn a_tree_of_the_store_that_was_changed_is_made_anew() {
    let tree = tree();
    let (project, store) = (project(&tree), own_store());
    let build = || {
        let call = project.xbuild(&["--target", "linux/amd64"]).env("GOPROXY", tree.url());
        call.env("XBUILD_CACHE_DIR", store.path()).ok()
    };
    build().says("from this host's modules");
    let entry = fs::read_dir(store.path().join("vendor-v1")).unwrap().next().unwrap().unwrap().path();
    let one = entry.join(ONE);
    let good = fs::read(&one).unwrap();
    build().says("from the cache, 4 modules, verified");
    for change in [0, 1, 2] {
        match change {
            0 => fs::write(&one, "package one\n\nfunc Name() string { return \"evil\" }\n").unwrap(),
            1 => fs::write(entry.join("vendor/evil.go"), "package evil\n").unwrap(),
            _ => fs::remove_file(entry.join(LOCK)).unwrap(),
        }
        build().says("from this host's modules, 4 modules, verified");
        assert!(fs::read(&one).unwrap() == good && !entry.join("vendor/evil.go").exists());
    }
}
