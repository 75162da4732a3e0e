//! What is part of a program's key, and what is not. `xbuild explain --json` shows keys without building anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Call, Project, go, own_store, sample_dir, store_of, testdata};

const TARGETS: &[&str] = &["linux/amd64", "windows/amd64"];

const FILE: &str = "schema = 1\ntargets = [\"linux/amd64\", \"windows/amd64\"]\n\n[project]\nname = \"app\"\nversion = \"1.0.0\"\n\n\
                    [[build]]\nid = \"app\"\nmain = \"./cmd/app\"\nldflags = [\"-X main.version={version}\"]\nenv = [\"GOEXPERIMENT\"]\n";

/// Two programs that share a package, with files for some systems, files behind tags, tests and embedded files.
fn project() -> Project {
    Project::empty()
        .file("go.mod", "module example.test/app\n\ngo 1.24\n")
        .file("targets.toml", FILE)
        .file(
            "cmd/app/main.go",
            "package main\n\nimport \"example.test/app/shared\"\n\nvar version string\n\nfunc main() { println(version, shared.Name()) }\n",
        )
        .file("cmd/other/main.go", "package main\n\nfunc main() { println(1) }\n")
        .file(
            "shared/shared.go",
            "package shared\n\nimport _ \"embed\"\n\n//go:embed text.txt data\nvar text string\n\nfunc Name() string { return text + system() }\n"
                .replace("text.txt data", "text.txt")
                .as_str(),
        )
        .file("shared/text.txt", "text\n")
        .file("shared/other.txt", "no input\n")
        .file("shared/s_windows.go", "package shared\n\nfunc system() string { return \"windows\" }\n")
        .file("shared/s_other.go", "//go:build !windows\n\npackage shared\n\nfunc system() string { return \"other\" }\n")
        .file("shared/tagged.go", "//go:build extra\n\npackage shared\n\nfunc init() { println(\"extra\") }\n")
        .file("shared/shared_test.go", "package shared\n\nimport \"testing\"\n\nfunc TestName(t *testing.T) {}\n")
        .file("README.md", "Read me.\n")
}

/// The key of each target, and the answer as a whole.
fn explained(call: Call) -> (BTreeMap<String, String>, Value) {
    let outcome = call.ok();
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let key = |one: &Value| {
        let key = one["key"].as_str().unwrap_or_else(|| panic!("no key: {value:#}")).to_owned();
        (one["target"].as_str().unwrap().to_owned(), key)
    };
    (value.as_array().unwrap().iter().map(key).collect(), value)
}

fn keys(project: &Project) -> BTreeMap<String, String> {
    explained(project.xbuild(&["explain", "--json"])).0
}

/// Targets whose key differs.
fn differ(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    one.iter().filter(|(target, key)| other[*target] != **key).map(|(target, _)| target.clone()).collect()
}

/// How many questions have been asked of `go list`.
fn questions(store: &Path) -> usize {
    let files = walkdir::WalkDir::new(store.join("actions-v0")).into_iter().map(Result::unwrap);
    let records =
        files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "record"));
    records.filter(|entry| fs::read_to_string(entry.path()).unwrap().contains("\"kind\":\"list\"")).count()
}

/// A change, the targets whose key it changes, and whether Go is asked again which files there are.
struct Case {
    name: &'static str,
    edit: fn(&Project),
    changes: &'static [&'static str],
    asks: bool,
}

const NONE: &[&str] = &[];
const WINDOWS: &[&str] = &["windows/amd64"];
const LINUX: &[&str] = &["linux/amd64"];

fn append(project: &Project, path: &str, text: &str) {
    let before = project.read(path);
    project.write(path, &(before + text));
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Source files, each with its mirror.
    Case { name: "a function's body", edit: |p| append(p, "cmd/app/main.go", "\nfunc f() {}\n"), changes: TARGETS, asks: false },
    Case { name: "a body of another program", edit: |p| append(p, "cmd/other/main.go", "\nfunc f() {}\n"), changes: NONE, asks: false },
    Case { name: "a file for one system", edit: |p| append(p, "shared/s_windows.go", "// x\n"), changes: WINDOWS, asks: false },
    Case { name: "a file for the others", edit: |p| append(p, "shared/s_other.go", "// x\n"), changes: LINUX, asks: false },
    Case { name: "a file behind a tag that is not set", edit: |p| append(p, "shared/tagged.go", "// x\n"), changes: NONE, asks: false },
    Case { name: "a test's body", edit: |p| append(p, "shared/shared_test.go", "\nfunc TestTwo(t *testing.T) {}\n"), changes: NONE, asks: false },
    Case { name: "a test's imports", edit: |p| p.write("shared/shared_test.go", "package shared\n\nimport _ \"os\"\n"), changes: NONE, asks: true },
    Case { name: "a document", edit: |p| append(p, "README.md", "More.\n"), changes: NONE, asks: false },
    Case { name: "a new document", edit: |p| p.write("docs/new.md", "New.\n"), changes: NONE, asks: false },
    Case { name: "a file of dist/", edit: |p| p.write("dist/new.go", "package dist\n"), changes: NONE, asks: false },
    Case { name: "times alone", edit: |p| p.write("cmd/app/main.go", &p.read("cmd/app/main.go")), changes: NONE, asks: false },
    // Which files there are.
    Case { name: "a new file", edit: |p| p.write("shared/new.go", "package shared\n"), changes: TARGETS, asks: true },
    Case { name: "a new file for one system", edit: |p| p.write("shared/new_linux.go", "package shared\n"), changes: LINUX, asks: true },
    Case { name: "a new test", edit: |p| p.write("shared/new_test.go", "package shared\n"), changes: NONE, asks: true },
    Case { name: "a deleted file", edit: |p| fs::remove_file(p.path().join("shared/s_windows.go")).unwrap(), changes: WINDOWS, asks: true },
    Case { name: "an import", edit: |p| p.write("cmd/app/main.go", "package main\n\nimport _ \"example.test/app/shared\"\nimport _ \"os\"\n\nvar version string\n\nfunc main() {}\n"), changes: TARGETS, asks: true },
    Case { name: "a constraint", edit: |p| p.write("shared/tagged.go", "//go:build extra || linux\n\npackage shared\n\nfunc init() { println(\"extra\") }\n"), changes: LINUX, asks: true },
    Case { name: "an assembly file", edit: |p| p.write("shared/x_arm64.s", "// nothing\n"), changes: NONE, asks: true },
    Case { name: "a profile beside the main package", edit: |p| p.write("cmd/app/default.pgo", "profile"), changes: TARGETS, asks: true },
    Case { name: "a profile elsewhere", edit: |p| p.write("cmd/other/default.pgo", "profile"), changes: NONE, asks: true },
    // What is embedded.
    Case { name: "an embedded file", edit: |p| append(p, "shared/text.txt", "more\n"), changes: TARGETS, asks: false },
    Case { name: "a file beside it", edit: |p| append(p, "shared/other.txt", "more\n"), changes: NONE, asks: false },
    Case { name: "what is embedded", edit: |p| p.write("shared/shared.go", &p.read("shared/shared.go").replace("embed text.txt", "embed other.txt")), changes: TARGETS, asks: true },
    // Modules.
    Case { name: "go.mod", edit: |p| append(p, "go.mod", "// a comment\n"), changes: TARGETS, asks: true },
    Case { name: "go.sum", edit: |p| p.write("go.sum", "a.test/m v1.0.0 h1:ncwFv/Ij9yV4qHjkkgWKEYt2EL5xlHYSV0cWrUBRVxQ=\n"), changes: TARGETS, asks: false },
    Case { name: "go.mod of another module below", edit: |p| p.write("nested/go.mod", "module nested.test\n"), changes: NONE, asks: true },
    // Flags and the plan.
    Case { name: "ldflags", edit: |p| p.write("targets.toml", &FILE.replace("-X main", "-s -X main")), changes: TARGETS, asks: false },
    Case { name: "the version in ldflags", edit: |p| p.write("targets.toml", &FILE.replace("1.0.0", "1.0.1")), changes: TARGETS, asks: false },
    Case { name: "the version, nowhere in a flag", edit: |p| p.write("targets.toml", &FILE.replace("{version}", "x").replace("1.0.0", "1.0.1")), changes: TARGETS, asks: false },
    Case { name: "tags", edit: |p| append(p, "targets.toml", "tags = [\"extra\"]\n"), changes: TARGETS, asks: true },
    Case { name: "gcflags", edit: |p| append(p, "targets.toml", "gcflags = [\"-N\"]\n"), changes: TARGETS, asks: false },
    Case { name: "asmflags", edit: |p| append(p, "targets.toml", "asmflags = [\"-D\", \"X=1\"]\n"), changes: TARGETS, asks: false },
    Case { name: "flags of one system", edit: |p| append(p, "targets.toml", "[[override]]\ntargets = [\"windows/*\"]\nldflags = [\"-H windowsgui\"]\n"), changes: WINDOWS, asks: false },
    Case { name: "the build's id", edit: |p| p.write("targets.toml", &FILE.replace("id = \"app\"", "id = \"tool\"")), changes: TARGETS, asks: false },
    Case { name: "the main package", edit: |p| p.write("targets.toml", &FILE.replace("cmd/app", "cmd/other")), changes: TARGETS, asks: true },
    Case { name: "packages", edit: |p| append(p, "targets.toml", "[[package]]\nrecipe = \"zip\"\n"), changes: NONE, asks: false },
    Case { name: "settings", edit: |p| append(p, "targets.toml", "[settings]\njobs = 1\nmemory = \"4GiB\"\ntimeout = \"20m\"\nseal = \"strict\"\n"), changes: NONE, asks: false },
    Case { name: "the project's name", edit: |p| p.write("targets.toml", &FILE.replace("name = \"app\"", "name = \"suite\"")), changes: NONE, asks: false },
];

#[test]
fn each_field_has_its_mirror() {
    let mut wrong = Vec::new();
    for case in CASES {
        let project = project();
        let before = keys(&project);
        let asked = questions(&store_of(project.path()));
        (case.edit)(&project);
        let after = keys(&project);
        let asks = questions(&store_of(project.path())) > asked;
        let changed = differ(&before, &after);
        if changed != case.changes || asks != case.asks {
            wrong.push(format!("{}: changes {changed:?}, asks {asks}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_caller_is_no_part_of_a_key() {
    let (one, store) = (project(), own_store());
    let elsewhere = Project::empty();
    elsewhere
        .run("cp", &["-R", one.path().to_str().unwrap(), elsewhere.path().join("copy").to_str().unwrap()]);
    let call = |dir: &Path, args: &[&str]| {
        Call::new(dir, &[&["explain", "--json"], args].concat()).env("XBUILD_CACHE_DIR", store.path())
    };
    let expected = explained(call(one.path(), &[])).0;
    let asked = questions(store.path());
    let copy = elsewhere.path().join("copy");
    for (name, call) in [
        ("another directory, other times", call(&copy, &[])),
        ("another store", Call::new(one.path(), &["explain", "--json"])),
        ("slots", call(one.path(), &["-j", "1"])),
        ("memory", call(one.path(), &["--memory", "3GiB"])),
        ("a weaker seal", call(one.path(), &["--seal=env"])),
        ("the user's Go settings", call(one.path(), &[]).env("GOFLAGS", "-x").env("GOAMD64", "v3")),
        ("a date that no flag names", call(one.path(), &[]).env("SOURCE_DATE_EPOCH", "7")),
        ("a time zone", call(one.path(), &[]).env("TZ", "Asia/Tokyo")),
        ("a mask", call(one.path(), &[]).masked("077")),
    ] {
        assert_eq!(explained(call).0, expected, "{name}");
    }
    assert_eq!(questions(store.path()), asked, "Go was asked what it had answered");
    let experiment = call(one.path(), &[]).env("GOEXPERIMENT", "jsonv2");
    let experiment = explained(experiment);
    assert_eq!(differ(&expected, &experiment.0), TARGETS, "a variable that the project lets in");
}

#[test]
fn the_target_and_its_variant() {
    let project = project();
    let key = |target: &str| {
        let (keys, _) = explained(project.xbuild(&["explain", "--json", target]));
        keys.into_values().collect::<Vec<_>>().concat()
    };
    let all: BTreeSet<String> =
        ["linux/amd64", "linux/amd64/v3", "linux/arm64", "linux/arm/6", "linux/arm/7", "freebsd/amd64"]
            .map(key)
            .into();
    assert_eq!(all.len(), 6);
}

/// A directory with a copy of the SDK in `go`.
fn copied_sdk() -> Project {
    let sdk = Project::empty();
    let goroot = go(sdk.path(), &["env", "GOROOT"], &[]);
    sdk.run("cp", &["-a", "--reflink=auto", goroot.trim(), sdk.path().join("go").to_str().unwrap()]);
    sdk
}

/// The keys for one target with this SDK.
fn keys_with(project: &Project, sdk: &Path) -> BTreeMap<String, String> {
    explained(project.xbuild(&["explain", "--json", "--sdk", sdk.to_str().unwrap(), "linux/amd64"])).0
}

/// A copy of the SDK, by links: an edit of what influences builds is another SDK, any other edit is not.
#[test]
fn the_sdk_as_a_whole() {
    let (project, sdk) = (project(), copied_sdk());
    let copy = sdk.path().join("go");
    let keys = || keys_with(&project, &copy);
    let expected = keys();
    let edit = |path: &str| {
        let path = copy.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = fs::read(&path).unwrap_or_default();
        let text: &[u8] = if before.is_empty() { b"package runtime\n" } else { b"\n// x\n" };
        fs::write(&path, [&before[..], text].concat()).unwrap();
        let found = keys();
        fs::write(&path, before).unwrap();
        found
    };
    for path in ["src/fmt/print.go", "src/runtime/new.go", "pkg/include/textflag.h", "VERSION.cache"] {
        assert_ne!(edit(path), expected, "{path}");
        let _ = fs::remove_file(copy.join("src/runtime/new.go"));
        let _ = fs::remove_file(copy.join("VERSION.cache"));
        assert_eq!(keys(), expected, "after {path}");
    }
    for path in
        ["src/fmt/fmt_test.go", "doc/new.html", "test/x.go", "src/fmt/testdata/x.go", "src/cmd/go/main.go"]
    {
        assert_eq!(edit(path), expected, "{path}");
    }
}

/// A tool that is not there is built from the SDK's own source, which then counts.
#[test]
fn the_source_of_a_tool_that_is_missing() {
    let (project, sdk) = (project(), copied_sdk());
    let copy = sdk.path().join("go");
    let host = go(project.path(), &["env", "GOHOSTOS", "GOHOSTARCH"], &[])
        .split_whitespace()
        .collect::<Vec<_>>()
        .join("_");
    fs::remove_file(copy.join("pkg/tool").join(host).join("preprofile")).unwrap();
    let keys = || keys_with(&project, &copy);
    let expected = keys();
    let path = copy.join("src/cmd/preprofile/main.go");
    let before = fs::read(&path).unwrap();
    fs::write(&path, [&before[..], b"\n// x\n"].concat()).unwrap();
    assert_ne!(keys(), expected);
}

/// What plain `go list` says of a build, as the paths of the files that it reads.
fn plainly(dir: &Path, target: &str, main: &str) -> BTreeSet<String> {
    let (os, arch) = target.split_once('/').unwrap();
    let template = "{{if not .Standard}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}\n{{end}}{{range .CgoFiles}}{{$d}}/{{.}}\n{{end}}\
                    {{range .HFiles}}{{$d}}/{{.}}\n{{end}}{{range .SFiles}}{{$d}}/{{.}}\n{{end}}{{range .CFiles}}{{$d}}/{{.}}\n{{end}}\
                    {{range .SysoFiles}}{{$d}}/{{.}}\n{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}\n{{end}}{{end}}";
    let env = [("GOOS", os), ("GOARCH", arch), ("GOFLAGS", "-mod=vendor")];
    let said = go(dir, &["list", "-deps", "-f", template, main], &env);
    let dir = dir.canonicalize().unwrap();
    let below = |line: &str| Path::new(line).strip_prefix(&dir).unwrap().to_str().unwrap().to_owned();
    said.lines().filter(|line| !line.is_empty()).map(below).collect()
}

fn same_files(project: &Path, store: &Path, main: &str) -> usize {
    let call = Call::new(project, &["explain", "--json", "first-class"]).env("XBUILD_CACHE_DIR", store);
    let (_, all) = explained(call);
    let all = all.as_array().unwrap();
    for one in all {
        let target = one["target"].as_str().unwrap();
        let paths =
            |field: &str| one["inputs"][field].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let found: BTreeSet<String> = [paths("files"), paths("embeds")].concat().into_iter().collect();
        let expected = plainly(project, target, main);
        let differ: Vec<_> = found.symmetric_difference(&expected).collect();
        assert!(differ.is_empty() && !found.is_empty(), "{target}: {differ:?}");
    }
    all.len()
}

#[test]
fn the_files_of_the_sample_are_those_of_go_list() {
    let (project, store) = (Project::empty(), own_store());
    let dir = project.path().join("sample");
    project.run("cp", &["-R", sample_dir().to_str().unwrap(), dir.to_str().unwrap()]);
    assert!(same_files(&dir, store.path(), "./cmd/hello") >= 7);
}

#[test]
fn the_files_of_a_real_program_are_those_of_go_list() {
    let (project, store) = (Project::empty(), own_store());
    let dir = project.path().join("task");
    project.run("cp", &["-R", testdata().join("task").to_str().unwrap(), dir.to_str().unwrap()]);
    let modcache = testdata().join("modcache");
    let modcache = [("GOMODCACHE", modcache.to_str().unwrap()), ("GOFLAGS", "-mod=mod")];
    go(&dir, &["mod", "vendor"], &modcache);
    fs::write(
        dir.join("targets.toml"),
        "schema = 1\ntargets = [\"first-class\"]\n\n[[build]]\nid = \"task\"\nmain = \"./cmd/task\"\n",
    )
    .unwrap();
    assert!(same_files(&dir, store.path(), "./cmd/task") >= 7);
}
