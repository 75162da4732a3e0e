//! What differs between two keys, in the words of whoever changed it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::key::BuildKey;
use crate::model::Blake3;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of thing.
    pub what: What,
    /// Which: a path, a flag, a variable, a module.
    pub name: String,
    /// What it was; `None` where it was not there.
    pub old: Option<String>,
    /// What it is; `None` where it is not there any more.
    pub new: Option<String>,
    /// How many files changed with it, for a module.
    #[serde(skip_serializing_if = "is_zero")]
    pub files: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What kind of thing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// The version of keys: another xbuild.
    Format,
    /// The SDK.
    Sdk,
    /// A vendored module's version.
    Module,
    /// A flag or another word of the command line.
    Flag,
    /// A variable of the environment.
    Variable,
    /// The build itself: its target, its id, its main package.
    Build,
    /// A file that is about modules.
    Modules,
    /// A source file.
    File,
    /// An embedded file.
    Embed,
}

/// The differences, most telling first.
pub fn changes(old: &BuildKey, new: &BuildKey) -> Vec<Change> {
    let mut found = Vec::new();
    let mut one = |what, name: &str, old: &str, new: &str| {
        if old != new {
            found.push(Change {
                what,
                name: name.to_owned(),
                old: Some(old.to_owned()),
                new: Some(new.to_owned()),
                files: 0,
            });
        }
    };
    one(What::Format, "key", &old.format, &new.format);
    let sdk = |key: &BuildKey| format!("{} {}", key.sdk.version, key.sdk.digest.short());
    one(What::Sdk, "SDK", &sdk(old), &sdk(new));
    one(What::Build, "target", &old.target, &new.target);
    one(What::Build, "id", &old.build, &new.build);
    one(What::Build, "main package", &old.main, &new.main);
    let modules = maps(What::Module, &old.versions, &new.versions, String::clone);
    let mut files = maps(What::File, &old.files, &new.files, Blake3::short);
    files.extend(maps(What::Embed, &old.embeds, &new.embeds, Blake3::short));
    for mut module in modules {
        let prefix = format!("vendor/{}/", module.name);
        let before = files.len();
        files.retain(|file| !file.name.starts_with(&prefix));
        module.files = before - files.len();
        found.push(module);
    }
    found.extend(maps(What::Flag, &words(&old.argv), &words(&new.argv), String::clone));
    found.extend(maps(What::Variable, &old.env, &new.env, String::clone));
    found.extend(maps(What::Modules, &old.modules, &new.modules, Blake3::short));
    found.extend(files);
    found.sort_by(|a, b| (a.what, &a.name).cmp(&(b.what, &b.name)));
    found
}

fn maps<T: PartialEq>(
    what: What,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    show: impl Fn(&T) -> String,
) -> Vec<Change> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    differ
        .map(|name| Change {
            what,
            name: name.clone(),
            old: old.get(name).map(&show),
            new: new.get(name).map(&show),
            files: 0,
        })
        .collect()
}

/// A command line by flag; other words by their place.
fn words(argv: &[String]) -> BTreeMap<String, String> {
    let word = |(at, word): (usize, &String)| match word.split_once('=') {
        Some((flag, value)) if word.starts_with('-') => (flag.to_owned(), value.to_owned()),
        _ if word.starts_with('-') => (word.clone(), "set".to_owned()),
        _ => (format!("word {at}"), word.clone()),
    };
    argv.iter().enumerate().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::SdkKey;

    fn key() -> BuildKey {
        let digest = |text: &str| Blake3::of(text.as_bytes());
        BuildKey {
            format: "xbuild build 0".to_owned(),
            sdk: SdkKey { version: "go1.26.8".to_owned(), digest: digest("sdk") },
            target: "linux/amd64".to_owned(),
            variant: "GOAMD64=v1".to_owned(),
            build: "hello".to_owned(),
            main: "m/cmd".to_owned(),
            argv: ["/sdk/bin/go", "build", "-trimpath", "-ldflags=-s", "./cmd"].map(str::to_owned).into(),
            env: BTreeMap::from([("GOOS".to_owned(), "linux".to_owned())]),
            modules: BTreeMap::from([("go.mod".to_owned(), digest("go.mod"))]),
            versions: BTreeMap::from([("a.test/m".to_owned(), "v1.0.0".to_owned())]),
            files: ["cmd/main.go", "vendor/a.test/m/a.go", "vendor/a.test/m/b.go"]
                .map(|path| (path.to_owned(), digest(path)))
                .into(),
            embeds: BTreeMap::new(),
        }
    }

    #[test]
    fn equal_keys_have_no_difference() {
        assert_eq!(changes(&key(), &key()), []);
    }

    #[test]
    fn each_field_is_named() {
        let change = |edit: fn(&mut BuildKey)| {
            let mut new = key();
            edit(&mut new);
            changes(&key(), &new)
                .into_iter()
                .map(|change| {
                    (change.what, change.name, change.old.is_some(), change.new.is_some(), change.files)
                })
                .collect::<Vec<_>>()
        };
        let is = |what, name: &str, old, new| vec![(what, name.to_owned(), old, new, 0)];
        assert_eq!(change(|key| key.format.push('1')), is(What::Format, "key", true, true));
        assert_eq!(change(|key| key.sdk.digest = Blake3::of(b"x")), is(What::Sdk, "SDK", true, true));
        assert_eq!(change(|key| key.argv[3].push_str(" -w")), is(What::Flag, "-ldflags", true, true));
        assert_eq!(change(|key| key.argv.push("-x".to_owned())), is(What::Flag, "-x", false, true));
        assert_eq!(change(|key| key.env.clear()), is(What::Variable, "GOOS", true, false));
        assert_eq!(change(|key| key.modules.clear()), is(What::Modules, "go.mod", true, false));
        assert_eq!(change(|key| key.build.push('x')), is(What::Build, "id", true, true));
        assert_eq!(
            change(|key| _ = key.files.insert("new.go".to_owned(), Blake3::of(b""))),
            is(What::File, "new.go", false, true)
        );
        assert_eq!(
            change(|key| _ = key.embeds.insert("x.txt".to_owned(), Blake3::of(b""))),
            is(What::Embed, "x.txt", false, true)
        );
        let upgraded = change(|key| {
            key.versions.insert("a.test/m".to_owned(), "v1.1.0".to_owned());
            key.files.insert("vendor/a.test/m/a.go".to_owned(), Blake3::of(b"new"));
            key.files.remove("vendor/a.test/m/b.go");
        });
        assert_eq!(upgraded, [(What::Module, "a.test/m".to_owned(), true, true, 2)]);
    }
}
