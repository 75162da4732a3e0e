//! `xbuild vendor`: vendor/ and vendor.lock in the project, whole or not at all; what Go prunes too far is put back.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::support::{Call, ModuleTree, Project, go, own_store, processes, table, wait_for};

const MAIN: &str = "package main\n\nimport \"dep.test/one\"\n\nfunc main() { println(one.Name()) }\n";

fn go_mod(version: &str) -> String {
    format!("module example.test/app\n\ngo 1.24\n\nrequire dep.test/one {version}\n")
}

/// dep.test/one at two versions.
fn tree() -> ModuleTree {
    ["v1.0.0", "v1.1.0"].into_iter().fold(ModuleTree::new(), |tree, version| {
        let one = format!("package one\n\nfunc Name() string {{ return \"{version}\" }}\n");
        tree.module(
            "dep.test/one",
            version,
            &[("one.go", &one), ("data.txt", version), ("one_test.go", "package one\n")],
        )
    })
}

fn app(tree: &ModuleTree) -> Project {
    Project::empty().file("go.mod", &go_mod("v1.0.0")).file("go.sum", tree.go_sum()).file("main.go", MAIN)
}

fn call(project: &Project, store: &Path, goproxy: &str, args: &[&str]) -> Call {
    project.xbuild(args).env("XBUILD_CACHE_DIR", store).env("GOPROXY", goproxy)
}

fn stamps(project: &Project) -> Vec<(u64, i64, i64)> {
    let paths = ["vendor.lock", "vendor", "vendor/modules.txt", "vendor/dep.test/one/one.go"];
    let stat = paths.map(|path| fs::metadata(project.path().join(path)).unwrap());
    stat.iter().map(|stat| (stat.ino(), stat.mtime(), stat.mtime_nsec())).collect()
}

/// Go's own command, with a module cache of its own: other tests have other modules of the same name.
fn go_mod_vendor(project: &Project, tree: &ModuleTree) {
    let cache = tempfile::tempdir().unwrap();
    let dir = cache.path().to_str().unwrap();
    let env =
        [("GOPROXY", tree.url()), ("GOMODCACHE", dir.to_owned()), ("GOFLAGS", "-modcacherw".to_owned())];
    go(project.path(), &["mod", "vendor"], &env.each_ref().map(|(name, value)| (*name, value.as_str())));
}

fn staged(project: &Project) -> Vec<String> {
    let names =
        fs::read_dir(project.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".xbuild-")).collect()
}

#[test]
fn what_is_up_to_date_is_left_alone_and_what_is_not_is_replaced() {
    let tree = tree();
    let (project, store) = (app(&tree), own_store());
    let vendor = || call(&project, store.path(), &tree.url(), &["vendor"]).ok();
    vendor().says("vendor/ and vendor.lock hold 1 module, verified");
    let (before, lock) = (stamps(&project), project.read("vendor.lock"));
    vendor().says("up to date, 1 module, verified");
    assert_eq!(stamps(&project), before);
    for path in ["vendor/dep.test/one/one.go", "vendor/modules.txt", "vendor.lock"] {
        let good = project.read(path);
        project.write(path, "edited\n");
        vendor().says("hold 1 module, verified");
        assert_eq!((project.read(path), project.read("vendor.lock")), (good, lock.clone()));
    }
    project.write("go.mod", &go_mod("v1.1.0"));
    call(&project, store.path(), "off", &["vendor", "--check"]).code(5).says("vendor/ holds v1.0.0");
    vendor().says("hold 1 module, verified");
    assert_eq!(project.read("vendor/dep.test/one/data.txt"), "v1.1.0");
    // Go's own command finds nothing to mend in it.
    let tree_before = project.snapshot("vendor");
    go_mod_vendor(&project, &tree);
    assert!(project.snapshot("vendor") == tree_before);

    project.write("go.mod", "module example.test/app\n\ngo 1.24\n");
    project.write("main.go", "package main\n\nfunc main() {}\n");
    vendor().says("the old vendor/ and vendor.lock are removed");
    assert!(!project.exists("vendor") && !project.exists("vendor.lock"));
    vendor().says("no module is required");
    assert_eq!(staged(&project), Vec::<String>::new());
}

#[test]
fn a_failed_run_leaves_the_old_ones() {
    let tree = tree();
    let (project, store) = (app(&tree), own_store());
    call(&project, store.path(), &tree.url(), &["vendor"]).ok();
    let before = stamps(&project);
    for (go_sum, code) in
        [("", 5), ("dep.test/one v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 5)]
    {
        project.write("go.sum", go_sum);
        let store = own_store();
        call(&project, store.path(), &tree.url(), &["vendor"]).code(code).says("next:");
        assert_eq!(stamps(&project), before);
        assert_eq!(staged(&project), Vec::<String>::new());
    }
}

#[test]
fn a_run_that_is_killed_leaves_the_old_or_the_new() {
    let tree = tree();
    let (project, store) = (app(&tree), own_store());
    let state = || (project.snapshot("vendor"), project.read("vendor.lock"));
    let mut states = Vec::new();
    let mut longest = Duration::ZERO;
    for version in ["v1.0.0", "v1.1.0"] {
        project.write("go.mod", &go_mod(version));
        let started = Instant::now();
        call(&project, store.path(), &tree.url(), &["vendor"]).ok();
        longest = longest.max(started.elapsed());
        states.push(state());
    }
    const ROUNDS: u32 = 24;
    let (mut untouched, mut done, mut between) = (0, 0, 0);
    for round in 0..ROUNDS {
        let before = state();
        let (now, next) = if before.0 == states[0].0 { (0, 1) } else { (1, 0) };
        project.write("go.mod", &go_mod(["v1.0.0", "v1.1.0"][next]));
        let (mut child, _home) = call(&project, store.path(), &tree.url(), &["vendor"]).start();
        std::thread::sleep(longest * round * 11 / (ROUNDS * 10));
        child.kill().unwrap();
        child.wait().unwrap();
        wait_for("end of the orphans", || processes(project.path()).is_empty().then_some(()));
        let after = state();
        if after == states[now] {
            untouched += 1;
        } else if after == states[next] {
            done += 1;
        } else {
            // Between the two renames: never accepted, and mended by the next run.
            assert!(after == (states[next].0.clone(), states[now].1.clone()), "round {round}");
            between += 1;
            call(&project, store.path(), "off", &["vendor", "--check"]).code(7);
            call(&project, store.path(), &tree.url(), &["vendor"]).ok();
        }
    }
    assert!(untouched > 0, "no run was killed before it was done");
    table(
        "vendor-killed",
        &format!(
            "xbuild vendor killed {ROUNDS} times: {untouched} untouched, {done} done, {between} refused by --check"
        ),
    );
    // What the killed runs left is removed once it is old enough to be nobody's.
    for name in staged(&project) {
        let dir = fs::File::open(project.path().join(name)).unwrap();
        dir.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    }
    call(&project, store.path(), &tree.url(), &["vendor"]).ok();
    assert_eq!(staged(&project), Vec::<String>::new());
    call(&project, store.path(), "off", &["vendor", "--check"]).ok();
}

#[test]
fn a_lock_for_a_vendor_directory_that_is_there() {
    let tree = tree();
    let project = app(&tree);
    go_mod_vendor(&project, &tree);
    let store = own_store();
    let lock_only = |goproxy: &str| call(&project, store.path(), goproxy, &["vendor", "--lock-only"]);
    lock_only("off").code(5).says("dep.test/one@v1.0.0").says("next:");
    assert!(!project.exists("vendor.lock"));
    lock_only(&tree.url()).ok().says("hold 1 module, verified");
    let lock = project.read("vendor.lock");
    call(&project, store.path(), "off", &["vendor", "--check"]).ok();
    lock_only(&tree.url()).ok().says("up to date");

    let one = project.read("vendor/dep.test/one/one.go");
    project.write("vendor/dep.test/one/one.go", &(one.clone() + "\n"));
    lock_only(&tree.url()).code(7).says("vendor/dep.test/one/one.go: its bytes are not those of");
    project.write("vendor/dep.test/one/one.go", &one);
    project.write("vendor/dep.test/one/more.txt", "more");
    lock_only(&tree.url()).code(7).says("vendor/dep.test/one/more.txt: ");
    fs::remove_file(project.path().join("vendor/dep.test/one/more.txt")).unwrap();
    fs::remove_file(project.path().join("vendor/dep.test/one/data.txt")).unwrap();
    lock_only(&tree.url()).code(7).says("vendor/dep.test/one/data.txt: ");
    assert_eq!(project.read("vendor.lock"), lock);
    // The same lock as comes with a vendor/ of xbuild's.
    call(&project, store.path(), &tree.url(), &["vendor"]).ok();
    assert_eq!(project.read("vendor.lock"), lock);
    fs::remove_dir_all(project.path().join("vendor")).unwrap();
    lock_only(&tree.url()).code(5).says("no vendor/modules.txt");
    call(&project, store.path(), "off", &["vendor", "--check"]).code(7).says("vendor: it is missing");
    call(&project, store.path(), "off", &["--target", "linux/amd64"]).ok().says("1 module, verified");
}

#[test]
fn an_assembly_include_without_go_files_around_it() {
    let tree = ModuleTree::new().module(
        "dep.test/asm",
        "v1.0.0",
        &[
            ("asm.go", "package asm\n\nfunc F() int\n"),
            (
                "asm_amd64.s",
                "#include \"textflag.h\"\n#include \"hdr/answer.h\"\n\nTEXT ·F(SB), NOSPLIT, $0-8\n\tMOVQ $ANSWER, ret+0(FP)\n\tRET\n",
            ),
            ("hdr/answer.h", "#define ANSWER 42\n"),
            ("other/note.h", "#define NOTE 1\n"),
        ],
    );
    let project = Project::empty()
        .file("go.mod", "module example.test/app\n\ngo 1.24\n\nrequire dep.test/asm v1.0.0\n")
        .file("go.sum", tree.go_sum())
        .file("main.go", "package main\n\nimport \"dep.test/asm\"\n\nfunc main() { println(asm.F()) }\n");
    let store = own_store();
    let build = || call(&project, store.path(), &tree.url(), &["--target", "linux/amd64"]);
    let note = "dep.test/asm needs hdr of dep.test/asm@v1.0.0, which `go mod vendor` leaves out";
    build().ok().says(note).says("1 module, verified");
    call(&project, store.path(), &tree.url(), &["vendor"]).ok().says(note);
    assert!(
        project.exists("vendor/dep.test/asm/hdr/answer.h") && !project.exists("vendor/dep.test/asm/other")
    );
    build().ok().says("the project's vendor/, 1 module, verified");
    let said = std::process::Command::new(project.path().join("dist/app_linux_amd64/app")).output().unwrap();
    assert_eq!(said.stderr, b"42\n");
    // Go's own vendor/ is without it.
    go_mod_vendor(&project, &tree);
    assert!(project.exists("vendor/dep.test/asm/asm_amd64.s") && !project.exists("vendor/dep.test/asm/hdr"));
}

#[test]
fn what_cgo_leads_to() {
    let go_file = "package one\n\n/*\n#cgo CFLAGS: -I${SRCDIR}/inc\n#cgo LDFLAGS: -L${SRCDIR}/../lib ${SRCDIR}/obj/x.o\n\
                   #include \"sub/x.h\"\n#include <deep/y.h>\n#include \"../shared/z.h\"\n*/\nimport \"C\"\n\n\
                   func Name() int { return int(C.X) }\n";
    let files = [
        ("one/one.go", go_file),
        ("one/sub/x.h", "#include \"w.h\"\n#include \"../far/v.h\"\n#define X W\n"),
        ("one/sub/w.h", "#define W 1\n"),
        ("one/sub/other/no.h", "#define NO 1\n"),
        ("one/far/v.h", "#include \"../../shared/z.h\"\n"),
        ("one/inc/plain.h", "#define P 1\n"),
        ("one/inc/deep/y.h", "#define Y 2\n"),
        ("one/obj/x.o", "object"),
        ("one/testdata/t.h", "#define T 1\n"),
        ("lib/libx.a", "archive"),
        ("shared/z.h", "#define Z 4\n"),
        ("shared/z.go", "package shared\n"),
        ("elsewhere/e.h", "#define E 1\n"),
    ];
    let tree = ModuleTree::new().module("dep.test/cgo", "v1.0.0", &files);
    let project = Project::empty()
        .file("go.mod", "module example.test/app\n\ngo 1.24\n\nrequire dep.test/cgo v1.0.0\n")
        .file("go.sum", tree.go_sum())
        .file(
            "main.go",
            "package main\n\nimport \"dep.test/cgo/one\"\n\nfunc main() { println(one.Name()) }\n",
        );
    let store = own_store();
    let outcome = call(&project, store.path(), &tree.url(), &["vendor", "--json"]).ok();
    outcome.says("dep.test/cgo/one needs one/sub of dep.test/cgo@v1.0.0");
    let said: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let directories: Vec<&str> =
        said["completed"].as_array().unwrap().iter().map(|one| one["directory"].as_str().unwrap()).collect();
    assert_eq!(directories, ["lib", "one/far", "one/inc", "one/inc/deep", "one/obj", "one/sub", "shared"]);
    let vendored: Vec<String> = project.snapshot("vendor/dep.test/cgo").into_keys().collect();
    let expected = [
        "lib/libx.a",
        "one/far/v.h",
        "one/inc/deep/y.h",
        "one/inc/plain.h",
        "one/obj/x.o",
        "one/one.go",
        "one/sub/w.h",
        "one/sub/x.h",
        "shared/z.h",
    ];
    assert_eq!(vendored, expected);
    // A directory in place of the module is completed from there.
    for (path, text) in files {
        project.write(&format!("local/{path}"), text);
    }
    project.write("local/go.mod", "module dep.test/cgo\n\ngo 1.24\n");
    project.write("go.mod", &(project.read("go.mod") + "\nreplace dep.test/cgo => ./local\n"));
    call(&project, store.path(), "off", &["vendor"]).ok();
    assert_eq!(project.snapshot("vendor/dep.test/cgo").into_keys().collect::<Vec<_>>(), expected);
    call(&project, store.path(), "off", &["vendor", "--check"]).ok();
    project.write("local/one/sub/x.h", "#define X 2\n");
    call(&project, store.path(), "off", &["vendor", "--check"])
        .code(7)
        .says("vendor/dep.test/cgo/one/sub/x.h: ");
}

#[test]
fn embedded_files_of_every_kind() {
    let emb = |patterns: &str| {
        format!("package emb\n\nimport \"embed\"\n\n//go:embed {patterns}\nvar FS embed.FS\n")
    };
    let files = |patterns: &str| {
        ModuleTree::new().module(
            "dep.test/emb",
            "v1.0.0",
            &[
                ("emb.go", &emb(patterns)),
                ("vendor/text.txt", "text"),
                ("data/a.txt", "a"),
                ("data/_left", "out"),
                ("data/vendor/deep/b.txt", "b"),
                ("all/.hidden/c.txt", "c"),
                (".dot", "dot"),
                ("gen.go", "//go:build ignore\n\npackage main\n"),
            ],
        )
    };
    let project = Project::empty()
        .file("go.mod", "module example.test/app\n\ngo 1.24\n\nrequire dep.test/emb v1.0.0\n")
        .file("main.go", "package main\n\nimport \"dep.test/emb\"\n\nfunc main() { _ = emb.FS }\n");
    let store = own_store();
    let tree = files("vendor/text.txt data all:all .dot gen.go go.mod");
    project.write("go.sum", tree.go_sum());
    call(&project, store.path(), &tree.url(), &["vendor"]).ok();
    let vendored: Vec<String> = project.snapshot("vendor/dep.test/emb").into_keys().collect();
    let expected = [
        ".dot",
        "all/.hidden/c.txt",
        "data/a.txt",
        "data/vendor/deep/b.txt",
        "emb.go",
        "gen.go",
        "go.mod",
        "vendor/text.txt",
    ];
    assert_eq!(vendored, expected);
    call(&project, store.path(), "off", &["--target", "linux/amd64"]).ok().says("1 module, verified");

    let store = own_store();
    let tree = files("data generated/*.txt");
    project.write("go.sum", tree.go_sum());
    let before = project.snapshot("vendor");
    let outcome = call(&project, store.path(), &tree.url(), &["vendor"]).code(5);
    outcome.says("dep.test/emb embeds generated/*.txt, and no file of its module matches that").says("next:");
    assert!(project.snapshot("vendor") == before);
}
