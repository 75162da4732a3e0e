//! Which files a project needs: what go.sum vouches for, as far as the build list has it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::model::ModuleVersion;

/// The `h1:` sums of one kind of file. Go takes any of them where a file has several.
pub(super) type Sums = BTreeMap<ModuleVersion, BTreeSet<String>>;

/// What a go.sum vouches for.
#[derive(Debug, Default)]
pub(super) struct GoSum {
    /// go.mod files.
    pub(super) go_mods: Sums,
    /// Whole modules.
    pub(super) zips: Sums,
}

impl GoSum {
    /// Reads a go.sum. Lines that Go would not take, such as a path that leaves its directory, name nothing.
    /// Source of the format: <https://go.dev/ref/mod#go-sum-files>.
    pub(super) fn parse(text: &str) -> Self {
        let mut sums = GoSum::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some(path), Some(version), Some(sum), None) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            let (version, kind) = match version.strip_suffix("/go.mod") {
                Some(version) => (version, &mut sums.go_mods),
                None => (version, &mut sums.zips),
            };
            if is_path(path) && is_version(version) && sum.starts_with("h1:") {
                let module = ModuleVersion { path: path.to_owned(), version: version.to_owned() };
                kind.entry(module).or_default().insert(sum.to_owned());
            }
        }
        sums
    }
}

/// Whether a text can be a module's path. Source of the rules: <https://go.dev/ref/mod#module-path>.
fn is_path(text: &str) -> bool {
    text.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    }) && !text.starts_with('-')
}

fn is_version(text: &str) -> bool {
    text.starts_with('v')
        && !text.contains("..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+~".contains(&byte))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    path: String,
    version: Option<String>,
    replace: Option<Box<Listed>>,
}

/// The modules that `go list -m -json all` names, replaced ones by their replacement; those in directories are
/// left out. `None` for what is not its output.
pub(super) fn build_list(json: &[u8]) -> Option<BTreeSet<ModuleVersion>> {
    let mut modules = BTreeSet::new();
    for listed in serde_json::Deserializer::from_slice(json).into_iter::<Listed>() {
        let listed = listed.ok()?;
        let listed =
            listed.replace.map_or_else(|| (listed.path, listed.version), |with| (with.path, with.version));
        if let (path, Some(version)) = listed {
            modules.insert(ModuleVersion { path, version });
        }
    }
    Some(modules)
}

#[cfg(test)]
mod tests {
    use super::{GoSum, build_list};

    #[test]
    fn only_lines_that_name_a_module_count() {
        let sums = GoSum::parse(
            "a.test/M v1.0.0 h1:AAA=\na.test/M v1.0.0/go.mod h1:BBB=\na.test/M v1.0.0/go.mod h1:CCC=\n\
             a.test/m v1.0.0 h2:DDD=\n../../etc v1.0.0 h1:EEE=\n/etc v1.0.0 h1:EEE=\na.test/m v1/../../x h1:EEE=\n\
             a.test//m v1.0.0 h1:EEE=\n-flag v1.0.0 h1:EEE=\na.test/ü v1.0.0 h1:EEE=\na.test/m master h1:EEE=\n\
             a.test/m v1.0.0 h1:EEE= more\nbroken\n\u{0}\n",
        );
        assert_eq!(sums.zips.keys().map(ToString::to_string).collect::<Vec<_>>(), ["a.test/M@v1.0.0"]);
        assert_eq!(sums.go_mods.len(), 1);
        assert_eq!(sums.go_mods.values().next().unwrap().len(), 2);
    }

    #[test]
    fn replacements_stand_for_what_they_replace() {
        let json = br#"{"Path":"main","Main":true}
            {"Path":"a.test/one","Version":"v1.0.0"}
            {"Path":"a.test/two","Version":"v1.0.0","Replace":{"Path":"a.test/fork","Version":"v1.1.0"}}
            {"Path":"a.test/three","Version":"v1.0.0","Replace":{"Path":"./three"}}"#;
        let list = build_list(json).unwrap();
        let names: Vec<String> = list.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a.test/fork@v1.1.0", "a.test/one@v1.0.0"]);
        assert!(build_list(b"{\"Path\":1}").is_none());
    }
}
