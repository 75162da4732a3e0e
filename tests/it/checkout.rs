//! What git is asked, and when its answer may be remembered.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Project, table};

/// A checkout at v1.2.3, and a git on PATH that counts its calls.
struct Scene {
    project: Project,
    bin: tempfile::TempDir,
}

impl Scene {
    fn new(project: Project) -> Self {
        project.git(Some("v1.2.3"));
        let scene = Scene { project, bin: tempfile::tempdir().unwrap() };
        let real = std::env::var("PATH").unwrap();
        let real = real.split(':').map(|dir| Path::new(dir).join("git")).find(|git| git.is_file());
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>'{}'\nexec '{}' \"$@\"\n",
            scene.calls().display(),
            real.expect("git on PATH").display()
        );
        let git = scene.bin.path().join("git");
        fs::write(&git, script).unwrap();
        fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).unwrap();
        scene
    }

    fn calls(&self) -> std::path::PathBuf {
        self.bin.path().join("calls")
    }

    /// What a plan says of the version, and whether git was asked.
    fn plan(&self) -> (String, bool) {
        let _ = fs::remove_file(self.calls());
        let path = format!("{}:{}", self.bin.path().display(), std::env::var("PATH").unwrap());
        let said = self.project.xbuild(&["plan", "--json"]).env("PATH", path).env("HOME", self.bin.path());
        let said = said.ok().stdout;
        let said: Value = serde_json::from_str(&said).unwrap();
        let version = &said["project"]["version"];
        let text = format!("{} of {}", version["version"].as_str().unwrap(), version["tag"]);
        (text, self.calls().exists())
    }

    /// Lets files become old enough to be trusted, has git asked, and sees it remembered or not.
    #[track_caller]
    fn settled(&self, remembered: bool) -> String {
        std::thread::sleep(Duration::from_millis(1100));
        let (said, asked) = self.plan();
        assert!(asked, "what is new is asked for");
        let again = self.plan();
        assert_eq!(again, (said.clone(), !remembered));
        said
    }

    /// The answer some time later, which then is remembered, whether or not it was before.
    #[track_caller]
    fn later(&self) -> String {
        std::thread::sleep(Duration::from_millis(1100));
        let (said, _) = self.plan();
        assert_eq!(self.plan(), (said.clone(), false));
        said
    }

    fn git(&self, args: &[&str]) {
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.test"];
        self.project.run("git", &[&who, args].concat());
    }
}

fn small() -> Project {
    Project::hello().file("notes/plan.txt", "no input of a build\n")
}

#[test]
fn an_answer_lasts_until_something_that_git_looks_at_changes() {
    let scene = Scene::new(small());
    assert_eq!(scene.settled(true), "1.2.3 of \"v1.2.3\"");

    // Every kind of change gives git's answer of now, at once and from then on.
    let steps: &[(&str, &dyn Fn(), &str)] = &[
        (
            "a tracked file that no build reads",
            &|| scene.project.write("notes/plan.txt", "changed\n"),
            "dirty",
        ),
        ("and back", &|| scene.git(&["checkout", "-q", "notes/plan.txt"]), "1.2.3 of"),
        ("a file git does not track", &|| scene.project.write("notes/new.txt", "new\n"), "1.2.3 of"),
        ("added", &|| scene.git(&["add", "notes/new.txt"]), "dirty"),
        ("committed", &|| scene.git(&["commit", "-q", "-m", "two"]), "1.2.3-1-g"),
        ("tagged", &|| scene.git(&["tag", "v2.0.0"]), "2.0.0 of"),
        ("an older commit", &|| scene.git(&["checkout", "-q", "v1.2.3"]), "1.2.3 of"),
        ("the tag is gone", &|| scene.git(&["tag", "-d", "v1.2.3"]), "0.0.0-"),
        ("packed references", &|| scene.git(&["pack-refs", "--all"]), "0.0.0-"),
        ("a setting", &|| scene.git(&["config", "core.abbrev", "9"]), "0.0.0-"),
    ];
    let mut text = String::new();
    for (what, change, expected) in steps {
        change();
        let (said, asked) = scene.plan();
        assert!(asked, "{what}: {said}");
        assert!(said.contains(expected), "{what}: {said}");
        assert_eq!(scene.later(), said, "{what}");
        text += &format!("{what}: {said}\n");
    }
    table("checkout_changes", &text);
}

#[test]
fn where_git_looks_at_more_it_is_asked_each_time() {
    // A file of a directory that no scan goes into.
    let scene = Scene::new(small().file("dist/kept.txt", "tracked\n"));
    scene.git(&["add", "-f", "dist/kept.txt"]);
    scene.git(&["commit", "-q", "-m", "two"]);
    scene.settled(false);
    scene.project.write("dist/kept.txt", "changed\n");
    assert!(scene.plan().0.contains("dirty"));

    // Another checkout within.
    let scene = Scene::new(small());
    let inner = scene.project.path().join("inner");
    fs::create_dir(&inner).unwrap();
    scene.project.run("git", &["init", "-q", "inner"]);
    scene.git(&["-C", "inner", "commit", "-q", "--allow-empty", "-m", "x"]);
    scene.git(&["add", "inner"]);
    scene.git(&["commit", "-q", "-m", "two"]);
    scene.settled(false);

    // Settings elsewhere.
    let scene = Scene::new(small());
    scene.git(&["config", "include.path", "more"]);
    scene.settled(false);
}
