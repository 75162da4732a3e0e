//! What a server does wrong, and what follows.

use std::process::Command;
use std::time::{Duration, Instant};

use super::{ONE_MOD, ONE_ZIP, Scene, TWO_MOD, TWO_ZIP};
use crate::support::{Answer, ModuleTree, wait_for};

#[test]
fn what_a_second_request_needs_none_of() {
    let Some(scene) = Scene::new() else { return };
    let outcome = scene.call(&["vendor", "-v"], &scene.server.url()).ok();
    outcome
        .says("fetch   go.mod 1/2  dep.test/")
        .says("fetch   zip 2/2  dep.test/")
        .says("hold 2 modules, verified");
    assert_eq!(scene.counts(), [1, 1, 1, 1]);
    assert_eq!(scene.server.asked().len(), 4, "{:?}", scene.server.asked());
    assert_eq!(scene.held("dep.test/one"), ["v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip"]);
    scene.is_clean();

    scene.vendor(&scene.server.url()).ok().says("are up to date, 2 modules, verified");
    // A tree that must be made anew is made from what has come.
    scene.project.write("more.go", "package main\n\nimport _ \"dep.test/two\"\n");
    scene.vendor(&scene.server.url()).ok().says("are up to date, 2 modules, verified");
    scene.project.write("more.go", "package main\n\nimport _ \"dep.test/one\"\n");
    std::fs::remove_dir_all(scene.project.path().join("vendor")).unwrap();
    std::fs::remove_file(scene.project.path().join("vendor.lock")).unwrap();
    scene.call(&["--target", "linux/amd64"], "off").ok().says("from this host's modules, 2 modules");
    assert_eq!(scene.counts(), [1, 1, 1, 1]);
}

#[test]
fn what_may_pass_is_asked_again() {
    let Some(scene) = Scene::new() else { return };
    scene.server.plan(ONE_MOD, &[Answer::status(502), Answer::status(503)]);
    scene.server.plan(TWO_MOD, &[Answer::Truncate, Answer::status(504)]);
    scene.server.plan(ONE_ZIP, &[Answer::Reset, Answer::Truncate]);
    scene.server.plan(TWO_ZIP, &[Answer::status(429)]);
    let outcome = scene.vendor(&scene.server.url()).ok();
    assert_eq!(scene.counts(), [3, 3, 3, 2]);
    outcome.says("answered 502 Bad Gateway; asking again in").says("attempt 2 of 5").says("attempt 3 of 5");
    outcome
        .says(&format!("note    dep.test/two@v1.0.0: {} answered 429 Too Many Requests", scene.server.url()));
    scene.is_clean();
}

#[test]
fn a_server_says_how_long_to_wait() {
    let Some(scene) = Scene::new() else { return };
    scene.server.plan(ONE_MOD, &[Answer::Status(429, "Retry-After: 2".to_owned())]);
    let date = |seconds: u64| {
        let then = std::time::SystemTime::now() + Duration::from_secs(seconds);
        let seconds = then.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let output = Command::new("date")
            .args(["-u", "-d", &format!("@{seconds}"), "+%a, %d %b %Y %T GMT"])
            .env("LC_ALL", "C")
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    };
    scene.server.plan(TWO_MOD, &[Answer::Status(503, format!("Retry-After: {}", date(3)))]);
    let started = Instant::now();
    scene.vendor(&scene.server.url()).ok().says("asking again in 2.0 s, attempt 2 of 5");
    let took = started.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(30)).contains(&took), "{took:?}");
    assert_eq!(scene.counts(), [2, 2, 1, 1]);
}

#[test]
fn what_will_not_pass_is_not() {
    for (code, words) in [(404, "Not Found"), (410, "Gone"), (500, "Internal Server Error"), (451, "")] {
        let Some(scene) = Scene::new() else { return };
        scene.server.always(ONE_ZIP, Answer::status(code));
        let outcome = scene.vendor(&scene.server.url()).code(5);
        outcome.says("1 file(s) of modules were not fetched:\n  dep.test/one@v1.0.0 (zip)\n");
        outcome.says(&format!("    {} answered {code} {words}", scene.server.url())).says("next:");
        outcome.never_says("asking again").never_says("dep.test/two");
        assert_eq!(scene.counts(), [1, 1, 1, 1]);
        scene.is_clean();
    }
}

#[test]
fn who_is_turned_away_is_told_how_to_come_in() {
    for code in [401, 403] {
        let Some(scene) = Scene::new() else { return };
        for path in [ONE_MOD, TWO_MOD, ONE_ZIP, TWO_ZIP] {
            scene.server.always(path, Answer::status(code));
        }
        let outcome = scene.vendor(&format!("{},direct", scene.server.url())).code(5);
        outcome.says(&format!("{} answered {code}", scene.server.url()));
        outcome.says("next: give credentials for that host").says("netrc").says("GOAUTH").says("GOPRIVATE");
        outcome.never_says("asking again").never_says("by way of go");
        assert_eq!(scene.counts(), [1, 1, 0, 0]);
    }
}

#[test]
fn a_dead_server_is_given_up() {
    let Some(scene) = Scene::new() else { return };
    scene.server.always(ONE_ZIP, Answer::status(503));
    let outcome = scene.vendor(&scene.server.url()).code(5);
    outcome.says("answered 503 Service Unavailable, 5 times").says("what has come is kept");
    assert_eq!(scene.counts(), [1, 1, 5, 1]);
    assert_eq!(scene.held("dep.test/one"), ["v1.0.0.info", "v1.0.0.mod"]);
    scene.is_clean();
}

#[test]
fn other_bytes_are_never_believed() {
    let Some(scene) = Scene::new() else { return };
    let forged =
        ModuleTree::new().module("dep.test/one", "v1.0.0", &[("one.go", "package one\n// forged\n")]);
    let zip = std::fs::read(forged.path().join(ONE_ZIP.trim_start_matches('/'))).unwrap();
    scene.server.always(ONE_ZIP, Answer::Bytes(zip));
    // Not by another proxy of the list either: somebody has to look at this.
    let other = format!("{0}|{0}", scene.server.url());
    let outcome = scene.vendor(&other).code(5);
    outcome.says(
        "1 file(s) of modules are not what go.sum says:\n  dep.test/one@v1.0.0 (zip) from http://127.0.0.1:",
    );
    let sum = |tree: &ModuleTree| tree.go_sum().split_whitespace().nth(2).unwrap().to_owned();
    outcome.says(&format!("    go.sum: {}\n    found:  {}\n", sum(&scene.tree), sum(&forged)));
    outcome.says("do not use these files").never_says("asking again");
    assert_eq!(scene.counts(), [1, 1, 1, 1]);
    assert_eq!(scene.held("dep.test/one"), ["v1.0.0.info", "v1.0.0.mod"]);

    scene.server.plan(ONE_ZIP, &[Answer::Bytes(b"<html>Log in first</html>".to_vec())]);
    scene
        .vendor(&scene.server.url())
        .code(5)
        .says("dep.test/one@v1.0.0 (zip)")
        .says("found:  no zip of a module");
    scene.vendor(&scene.server.url()).ok();
    scene.is_clean();
}

#[test]
fn another_go_mod_is_never_believed() {
    let Some(scene) = Scene::new() else { return };
    scene
        .server
        .always(TWO_MOD, Answer::Bytes(b"module dep.test/two\n\nrequire evil.test v1.0.0\n".to_vec()));
    let outcome = scene.vendor(&scene.server.url()).code(5);
    outcome.says("dep.test/two@v1.0.0 (go.mod) from").never_says("dep.test/one");
    assert_eq!(scene.counts(), [1, 1, 0, 0]);
    assert_eq!(scene.held("dep.test/two"), Vec::<String>::new());
}

#[test]
fn sizes_are_bounded() {
    let Some(scene) = Scene::new() else { return };
    scene.server.always(ONE_ZIP, Answer::Announce((500 << 20) + 1));
    scene.vendor(&scene.server.url()).code(5).says("sends more than the 500 MiB that Go allows");
    assert_eq!(scene.counts(), [1, 1, 1, 1]);
    let Some(scene) = Scene::new() else { return };
    scene.server.always(ONE_MOD, Answer::Endless);
    scene.vendor(&scene.server.url()).code(5).says("sends more than the 16 MiB that Go allows");
    assert_eq!(scene.counts()[..2], [1, 1]);
    scene.is_clean();
}

#[test]
fn what_nothing_needs_may_be_missing() {
    let Some(scene) = Scene::new() else { return };
    let h1 = "h1:J7Y8YcW2NihsgmVo/mv3lAwl/skON4iLHjSsI+c5H38=";
    let more = format!("dep.test/old v0.9.0 {h1}\ndep.test/old v0.9.0/go.mod {h1}\n");
    scene.project.write("go.sum", &format!("{}{more}", scene.tree.go_sum()));
    scene.vendor(&scene.server.url()).ok().says("hold 2 modules, verified");
    assert_eq!(scene.server.count("/dep.test/old/@v/v0.9.0.mod"), 1);
    assert_eq!(scene.server.count("/dep.test/old/@v/v0.9.0.zip"), 0);
}

#[test]
fn a_killed_run_leaves_nothing_that_is_believed() {
    let Some(scene) = Scene::new() else { return };
    scene.server.always(ONE_ZIP, Answer::Endless);
    let (mut child, _home) = scene.vendor(&scene.server.url()).start();
    wait_for("request", || (scene.server.count(ONE_ZIP) > 0).then_some(()));
    std::thread::sleep(Duration::from_millis(100));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(scene.held("dep.test/one"), ["v1.0.0.info", "v1.0.0.mod"]);
    assert!(!scene.project.exists("vendor") && !scene.project.exists("vendor.lock"));
    scene.server.plan(ONE_ZIP, &[]);
    scene.vendor(&scene.server.url()).ok();
    assert_eq!(scene.server.count(ONE_MOD), 1);
}

#[test]
fn a_signal_ends_it_at_once() {
    for answer in [Answer::Silence, Answer::Status(503, "Retry-After: 50".to_owned())] {
        let Some(scene) = Scene::new() else { return };
        scene.server.always(ONE_ZIP, answer);
        let (mut child, _home) = scene.vendor(&scene.server.url()).start();
        wait_for("request", || (scene.server.count(ONE_ZIP) > 0).then_some(()));
        std::thread::sleep(Duration::from_millis(200));
        let sent = Instant::now();
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let status = wait_for("end", || child.try_wait().unwrap());
        assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
        assert_eq!(status.code(), Some(130));
        scene.is_clean();
        assert_eq!(scene.held("dep.test/one"), ["v1.0.0.info", "v1.0.0.mod"]);
    }
}
