//! Which files a build reads, by `go list -deps`, the authority on that.
//!
//! Takes Go's answer; returns paths below the source's root. The standard library is not among them: the SDK's digest
//! stands for it.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

/// The files of one program for one target, each with `/` and relative to the root of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Sources.
    pub files: BTreeSet<String>,
    /// What they embed.
    pub embeds: BTreeSet<String>,
    /// Packages besides those of the standard library.
    pub packages: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    #[serde(default)]
    dir: Utf8PathBuf,
    import_path: String,
    #[serde(default)]
    standard: bool,
    #[serde(default)]
    dep_only: bool,
    #[serde(default)]
    incomplete: bool,
    error: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    embed_files: Vec<String>,
    #[serde(flatten)]
    lists: Lists,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Lists {
    go_files: Vec<String>,
    cgo_files: Vec<String>,
    c_files: Vec<String>,
    #[serde(rename = "CXXFiles")]
    cxx_files: Vec<String>,
    m_files: Vec<String>,
    h_files: Vec<String>,
    f_files: Vec<String>,
    s_files: Vec<String>,
    swig_files: Vec<String>,
    #[serde(rename = "SwigCXXFiles")]
    swig_cxx_files: Vec<String>,
    syso_files: Vec<String>,
}

impl Lists {
    fn all(&self) -> impl Iterator<Item = &String> {
        [
            &self.go_files,
            &self.cgo_files,
            &self.c_files,
            &self.cxx_files,
            &self.m_files,
            &self.h_files,
            &self.f_files,
            &self.s_files,
            &self.swig_files,
            &self.swig_cxx_files,
            &self.syso_files,
        ]
        .into_iter()
        .flatten()
    }
}

impl Listing {
    /// Reads Go's answer about a source at `root`, as the step saw it. `read` returns the text of a file by its path
    /// below the root, if there is one: what assembly includes is followed, because Go does not list it.
    ///
    /// # Errors
    /// A sentence that says why the answer is not one to build on. `go build` will say it better.
    pub fn parse(
        answer: &str,
        root: &Utf8Path,
        read: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, String> {
        let mut listing = Listing::default();
        for package in serde_json::Deserializer::from_str(answer).into_iter::<Package>() {
            let package = package.map_err(|error| format!("`go list` answers {error}"))?;
            if package.error.is_some() || package.incomplete {
                return Err(format!("{} cannot be loaded", package.import_path));
            }
            if package.standard {
                continue;
            }
            let dir = package.dir.strip_prefix(root);
            let dir = dir.map_err(|_| format!("{} is outside of the project", package.import_path))?;
            let dir = dir.as_str().replace('\\', "/");
            let below = |name: &String| join(&dir, name);
            listing.packages += 1;
            listing.files.extend(package.lists.all().map(below));
            listing.embeds.extend(package.embed_files.iter().map(below));
            for source in &package.lists.s_files {
                listing.follow_includes(&dir, &below(source), read);
            }
            if !package.dep_only {
                // Taken by default, and on no list. Source: `-pgo=auto` in `go help build`.
                let profile = join(&dir, "default.pgo");
                if read(&profile).is_some() {
                    listing.files.insert(profile);
                }
            }
        }
        Ok(listing)
    }

    /// Adds what an assembly source includes, from its own directory or from that of the package.
    fn follow_includes(&mut self, dir: &str, source: &str, read: &dyn Fn(&str) -> Option<Vec<u8>>) {
        let mut open = vec![source.to_owned()];
        while let Some(file) = open.pop() {
            let Some(text) = read(&file) else { continue };
            let own = file.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned();
            for name in includes(&text) {
                for place in [dir, &own] {
                    let Some(path) = normal(&join(place, &name)) else { continue };
                    if read(&path).is_some() && self.files.insert(path.clone()) {
                        open.push(path);
                    }
                }
            }
        }
    }
}

fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}

/// The names that a source includes between quotes, conditions aside: a file too many is no mistake.
fn includes(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let name = |line: &str| {
        let rest = line.trim_start().strip_prefix('#')?.trim_start().strip_prefix("include")?;
        let (name, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
        Some(name.to_owned())
    };
    text.lines().filter_map(name).collect()
}

/// The path without `.` and `..`; `None` for one that leaves the root.
fn normal(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(answer: &str, files: &[(&str, &str)]) -> Result<Listing, String> {
        let read = |path: &str| {
            files.iter().find(|(name, _)| *name == path).map(|(_, text)| text.as_bytes().to_vec())
        };
        Listing::parse(answer, "/src".into(), &read)
    }

    #[test]
    fn every_list_counts_and_the_standard_library_does_not() {
        let answer = r#"{"Dir":"/sdk/src/fmt","ImportPath":"fmt","Standard":true,"GoFiles":["print.go"]}
            {"Dir":"/src/vendor/a","ImportPath":"a","DepOnly":true,"GoFiles":["a.go"],"SysoFiles":["a.syso"],"HFiles":["a.h"]}
            {"Dir":"/src","ImportPath":"m","GoFiles":["main.go"],"EmbedFiles":["static/x.txt"]}"#;
        let listing = parse(answer, &[("default.pgo", "x"), ("vendor/a/default.pgo", "x")]).unwrap();
        assert_eq!(
            listing.files.iter().map(String::as_str).collect::<Vec<_>>(),
            ["default.pgo", "main.go", "vendor/a/a.go", "vendor/a/a.h", "vendor/a/a.syso"]
        );
        assert_eq!(listing.embeds.into_iter().collect::<Vec<_>>(), ["static/x.txt"]);
        assert_eq!(listing.packages, 2);
    }

    #[test]
    fn includes_are_followed() {
        let answer = r#"{"Dir":"/src/a","ImportPath":"m/a","SFiles":["x_amd64.s"]}"#;
        let files = [
            ("a/x_amd64.s", "#include \"textflag.h\"\n# include \"../shared/one.def\"\n"),
            ("shared/one.def", "#include \"two.def\"\n#include \"../../../etc/passwd\"\n"),
            ("shared/two.def", "#include \"one.def\"\n"),
        ];
        let found = parse(answer, &files).unwrap().files;
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["a/x_amd64.s", "shared/one.def", "shared/two.def"]
        );
    }

    #[test]
    fn what_cannot_be_built_on() {
        for answer in [
            r#"{"Dir":"/src","ImportPath":"m","Incomplete":true}"#,
            r#"{"Dir":"/src","ImportPath":"m","Error":{"Err":"no"}}"#,
            r#"{"Dir":"/elsewhere","ImportPath":"m"}"#,
            "{",
        ] {
            assert!(parse(answer, &[]).is_err(), "{answer}");
        }
    }
}
