//! Lists of proxies, credentials, and settings that cannot be meant.

use std::fs;

use super::{ONE_MOD, ONE_ZIP, Scene, TWO_MOD, TWO_ZIP, nowhere};
use crate::support::{Answer, ModuleTree, Project, Server, own_store};

const ALL: [&str; 4] = [ONE_MOD, TWO_MOD, ONE_ZIP, TWO_ZIP];

/// A second server with the same modules.
fn second(scene: &Scene) -> Option<Server> {
    Server::start(scene.tree.path())
}

#[test]
fn what_one_has_not_another_may() {
    for (code, separator, onwards) in [
        (404, ",", true),
        (410, ",", true),
        (404, "|", true),
        (403, "|", true),
        (500, "|", true),
        (403, ",", false),
        (500, ",", false),
    ] {
        let Some(scene) = Scene::new() else { return };
        let Some(other) = second(&scene) else { return };
        ALL.iter().for_each(|path| scene.server.always(path, Answer::status(code)));
        let call = scene.vendor(&format!("{}{separator}{}", scene.server.url(), other.url()));
        let outcome = call.code(if onwards { 0 } else { 5 });
        outcome.never_says("asking again");
        // Without its go.mod a module's zip is not asked for.
        let zips = usize::from(onwards);
        assert_eq!(scene.counts(), [1, 1, zips, zips], "{code}{separator}");
        assert_eq!(ALL.map(|path| other.count(path)), [usize::from(onwards); 4], "{code}{separator}");
    }
}

#[test]
fn what_breaks_each_time_leads_on() {
    let Some(scene) = Scene::new() else { return };
    let Some(other) = second(&scene) else { return };
    scene.server.always(ONE_ZIP, Answer::Truncate);
    scene.vendor(&format!("{},{}", scene.server.url(), other.url())).ok().says("attempt 5 of 5");
    assert_eq!(scene.counts(), [1, 1, 5, 1]);
    assert_eq!(ALL.map(|path| other.count(path)), [0, 0, 1, 0]);

    // Nobody there at all: once that is known, other files do not wait for it.
    let Some(scene) = Scene::new() else { return };
    let nobody = Server::nobody();
    let outcome = scene.vendor(&format!("{nobody},{}", scene.server.url())).ok();
    outcome.says(&format!("{nobody}: ")).says("refused");
    assert_eq!(scene.counts(), [1, 1, 1, 1]);
    assert!(outcome.stderr.matches("asking again").count() <= 8, "{}", outcome.stderr);

    // However many they are.
    let Some(scene) = Scene::new() else { return };
    let h1 = "h1:J7Y8YcW2NihsgmVo/mv3lAwl/skON4iLHjSsI+c5H38=";
    let old = (0..60).map(|minor| format!("dep.test/old v0.{minor}.0/go.mod {h1}\n")).collect::<String>();
    scene.project.write("go.sum", &format!("{}{old}", scene.tree.go_sum()));
    let outcome = scene.vendor(&format!("{nobody},{}", scene.server.url())).ok();
    assert!(outcome.stderr.matches("asking again").count() <= 8 * 4, "{}", outcome.stderr);
    assert_eq!(scene.server.asked().len(), 64);
}

#[test]
fn off_is_the_end() {
    let Some(scene) = Scene::new() else { return };
    let outcome = scene.vendor(&format!("off,{}", scene.server.url())).code(5);
    outcome.says("dep.test/one@v1.0.0 (").says("GOPROXY is off from here on").says("name one with --proxy");
    ALL.iter().for_each(|path| scene.server.always(path, Answer::status(404)));
    let outcome = scene.vendor(&format!("{},off", scene.server.url())).code(5);
    outcome.says("answered 404 Not Found\n    GOPROXY is off from here on");
    assert_eq!(scene.counts(), [1, 1, 0, 0]);
}

#[test]
fn the_flag_stands_for_goproxy() {
    let Some(scene) = Scene::new() else { return };
    scene.call(&["vendor", "--proxy", &scene.server.url()], "off").ok().says("hold 2 modules, verified");
    assert_eq!(scene.counts(), [1, 1, 1, 1]);
    let Some(scene) = Scene::new() else { return };
    scene.call(&["vendor", "--proxy", &scene.tree.url()], &scene.server.url()).ok();
    assert_eq!(scene.server.asked().len(), 0);
}

#[test]
fn a_build_fetches_where_it_may() {
    let Some(scene) = Scene::new() else { return };
    let build = |online: &str| scene.call(&["--target", "linux/amd64", online], &scene.server.url());
    build("--offline").code(5).says("2 module(s) are not on this host");
    assert!(scene.server.asked().is_empty());
    build("--online").ok().says("fetched, 2 modules").says("built   linux/amd64");
    assert_eq!(scene.counts(), [1, 1, 1, 1]);
}

#[test]
fn replacements_and_capitals_by_their_own_names() {
    let one = ("one.go", "package one\n\nfunc Name() string { return \"fork\" }\n");
    let go_mod = ("go.mod", "module dep.test/one\n\ngo 1.24\n");
    let tree = ModuleTree::new().module("dep.test/Fork", "v2.0.0+incompatible", &[go_mod, one]).module(
        "dep.test/two",
        "v1.0.0",
        &[("two.go", "package two\n\nfunc Name() string { return \"\" }\n")],
    );
    let Some(server) = Server::start(tree.path()) else { return };
    let replace = "\nreplace dep.test/one => dep.test/Fork v2.0.0+incompatible\n";
    let project = Project::empty()
        .file("go.mod", &format!("{}{replace}", super::GO_MOD))
        .file("go.sum", tree.go_sum())
        .file("main.go", super::MAIN);
    let store = own_store();
    let call = project.xbuild(&["vendor"]).env("XBUILD_CACHE_DIR", store.path());
    call.env("GOPROXY", server.url()).ok().says("hold 2 modules, verified");
    let fork = "/dep.test/!fork/@v/v2.0.0+incompatible";
    assert_eq!(
        [".mod", ".zip"].map(|end| server.count(&format!("{fork}{end}"))),
        [1, 1],
        "{:?}",
        server.asked()
    );
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn lists_that_cannot_be_meant() {
    let Some(scene) = Scene::new() else { return };
    for (list, words) in [
        (",", "the list has no entry"),
        (
            "ftp://user:hidden@dep.test/x",
            "ftp://dep.test has the scheme \"ftp\"; it must be https, http or file",
        ),
        ("proxy", "\"proxy\" is neither a URL nor `direct` nor `off`"),
        (
            "http://user:hidden@dep.test",
            "credentials for http://dep.test would cross the network unencrypted",
        ),
    ] {
        let outcome = scene.vendor(list).code(3);
        outcome.says("the modules' proxies cannot be asked").says(words).says("next: set GOPROXY");
        outcome.never_says("hidden");
    }
    let call = scene.vendor("https://dep.test").env("HTTPS_PROXY", "gopher://user:hidden@dep.test");
    call.code(3).says("HTTPS_PROXY is no address of an HTTP proxy").never_says("hidden");
    scene.is_clean();
}

#[test]
fn credentials_of_the_url() {
    let Some(scene) = Scene::new() else { return };
    scene.server.demand("user:hid/den");
    let url = scene.server.url_as("user:hid%2Fden@", "127.0.0.1");
    scene.server.plan(ONE_ZIP, &[Answer::status(503)]);
    let outcome = scene.call(&["vendor", "-v"], &url).ok();
    assert_eq!(scene.counts(), [1, 1, 2, 1]);
    outcome.says(&format!("{} answered 503", scene.server.url()));
    for secret in ["hid/den", "hid%2Fden", "dXNlcjpoaWQvZGVu"] {
        outcome.never_says(secret);
        nowhere(secret, scene.store.path());
        nowhere(secret, scene.project.path());
    }

    let Some(scene) = Scene::new() else { return };
    scene.server.demand("user:other");
    let outcome = scene.vendor(&scene.server.url_as("user:hidden@", "127.0.0.1")).code(5);
    outcome.says("answered 401 Unauthorized").never_says("hidden");
    nowhere("hidden", scene.store.path());
    assert_eq!(scene.counts(), [1, 1, 0, 0]);
}

#[test]
fn credentials_of_netrc() {
    let Some(scene) = Scene::new() else { return };
    scene.server.demand("user:hidden");
    let lines =
        "machine other.test login user password wrong\nmachine 127.0.0.1\nlogin user\npassword hidden\n";
    let call = scene.vendor(&scene.server.url()).env("GOAUTH", "off");
    fs::write(call.home().join(".netrc"), lines).unwrap();
    call.code(5).says("answered 401").never_says("hidden");
    assert!(scene.server.asked().iter().all(|asked| asked.authorization.is_none()));

    let call = scene.vendor(&scene.server.url());
    fs::write(call.home().join(".netrc"), lines).unwrap();
    call.ok().never_says("hidden");
    assert_eq!(scene.counts(), [2, 2, 1, 1]);
    nowhere("hidden", scene.store.path());

    let Some(scene) = Scene::new() else { return };
    scene.server.demand("user:hidden");
    let call = scene.vendor(&scene.server.url());
    let file = call.home().join("elsewhere");
    fs::write(&file, lines).unwrap();
    call.env("NETRC", file).ok();
}

#[test]
fn a_redirect_carries_no_credentials_to_another_host() {
    let Some(scene) = Scene::new() else { return };
    let Some(other) = second(&scene) else { return };
    scene.server.plan(
        ONE_ZIP,
        &[Answer::redirect(&format!("{}{ONE_ZIP}?token=hidden", other.url_as("", "localhost")))],
    );
    scene.server.plan(TWO_ZIP, &[Answer::redirect(TWO_ZIP)]);
    scene.server.demand("user:password");
    let outcome = scene.vendor(&scene.server.url_as("user:password@", "127.0.0.1")).ok();
    outcome.never_says("hidden");
    assert_eq!(scene.counts(), [1, 1, 1, 2]);
    let asked = other.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].authorization, None);

    let Some(scene) = Scene::new() else { return };
    scene.server.always(ONE_ZIP, Answer::redirect(ONE_ZIP));
    scene.vendor(&scene.server.url()).code(5).says("redirect");
    assert_eq!(scene.server.count(ONE_ZIP), 6);
}

#[test]
fn an_http_proxy_is_used() {
    let Some(scene) = Scene::new() else { return };
    // Nobody listens there; this machine itself is never asked through it.
    let nobody = Server::nobody();
    scene.vendor(&scene.server.url()).env("HTTP_PROXY", &nobody).env("HTTPS_PROXY", &nobody).ok();
    let Some(scene) = Scene::new() else { return };
    let call = scene.vendor(&format!("http://dep.test,{}", scene.server.url()));
    call.env("http_proxy", scene.server.url()).ok().never_says("asking again");
    assert!(
        scene.server.asked().iter().any(|asked| asked.path == "dep.test:80"),
        "{:?}",
        scene.server.asked()
    );
    let Some(scene) = Scene::new() else { return };
    let call = scene.vendor(&format!("http://x.dep.test|{}", scene.server.url()));
    call.env("HTTP_PROXY", scene.server.url()).env("NO_PROXY", "a.test, dep.test").ok();
    assert_eq!(scene.counts(), [1, 1, 1, 1]);
    assert_eq!(scene.server.asked().len(), 4);
}

#[test]
fn a_go_mod_that_names_not_every_module() {
    // As Go wrote them before 1.17: the packages can be listed only when the others' go.mod files are there.
    let one = "module dep.test/one\n\ngo 1.16\n\nrequire dep.test/two v1.0.0\n";
    let tree = ModuleTree::new()
        .module(
            "dep.test/one",
            "v1.0.0",
            &[("go.mod", one), ("one.go", "package one\n\nimport _ \"dep.test/two\"\n")],
        )
        .module(
            "dep.test/two",
            "v1.0.0",
            &[("go.mod", "module dep.test/two\n\ngo 1.16\n"), ("two.go", "package two\n")],
        );
    let Some(server) = Server::start(tree.path()) else { return };
    let project = Project::empty()
        .file("go.mod", "module example.test/app\n\ngo 1.16\n\nrequire dep.test/one v1.0.0\n")
        .file("go.sum", tree.go_sum())
        .file("main.go", "package main\n\nimport _ \"dep.test/one\"\n\nfunc main() {}\n");
    let store = own_store();
    let call = || project.xbuild(&["vendor"]).env("XBUILD_CACHE_DIR", store.path());
    server.always(TWO_MOD, Answer::status(404));
    call().env("GOPROXY", server.url()).code(5).says("dep.test/two@v1.0.0 (go.mod)\n    http://");
    server.plan(TWO_MOD, &[]);
    call().env("GOPROXY", server.url()).ok().says("hold 2 modules, verified");
    assert_eq!(ALL.map(|path| server.count(path)), [1, 2, 1, 1]);
}

#[test]
fn go_itself_is_asked_where_only_it_can_authenticate() {
    let Some(scene) = Scene::new() else { return };
    scene.server.demand("user:password");
    let call = scene.vendor(&scene.server.url()).env("GOAUTH", "true");
    call.code(5).says("by way of go: ").says("401 Unauthorized").says("give credentials for that host");
    // xbuild itself never asks for a .info.
    assert_eq!(scene.server.count("/dep.test/one/@v/v1.0.0.info"), 1, "{:?}", scene.server.asked());
}
