//! Which files a package holds, under which names.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use globset::GlobBuilder;

use super::{PackageError, PackageInputs};
use crate::config::{RecipeSource, Template};
use crate::fs::{self, EntryKind};

/// One file inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Slash-separated, relative.
    pub name: String,
    /// Where its bytes are.
    pub path: Utf8PathBuf,
    /// Permission bits.
    pub mode: u32,
}

/// The entries, sorted by name.
pub(super) fn entries(inputs: &PackageInputs<'_>) -> Result<Vec<Entry>, PackageError> {
    let recipe = &inputs.recipe.name;
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let mut add = |dest: &Template, below: &str, path: Utf8PathBuf, mode: u32| {
        let name = inside(&dest.render(inputs.values), below);
        let Some(name) = name else {
            return Err(PackageError::Name { recipe: recipe.clone(), name: dest.render(inputs.values) });
        };
        match entries.insert(name.clone(), Entry { name: name.clone(), path: path.clone(), mode }) {
            Some(first) if first.path != path => {
                Err(PackageError::SameName { recipe: recipe.clone(), name, first: first.path, second: path })
            }
            _ => Ok(()),
        }
    };
    for file in &inputs.recipe.files {
        match &file.source {
            RecipeSource::Binary => {
                for program in inputs.programs {
                    add(&file.dest, &program.name, program.path.clone(), file.mode)?;
                }
            }
            RecipeSource::Glob(glob) => {
                for (dir, below, path) in matches(inputs, glob)? {
                    add(&file.dest, below.as_str(), dir.join(path), file.mode)?;
                }
            }
        }
    }
    Ok(entries.into_values().collect())
}

/// A destination that ends in a slash is a directory; another is the whole name.
fn inside(dest: &str, below: &str) -> Option<String> {
    let name = if dest.ends_with('/') { format!("{dest}{below}") } else { dest.to_owned() };
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let plain = !parts.is_empty()
        && !name.starts_with('/')
        && !name.contains(['\\', '\0', '\n'])
        && parts.iter().all(|part| *part != "..");
    plain.then(|| parts.join("/"))
}

/// The regular files that a glob matches in the first directory where it matches any: the directory, the path
/// below the glob's fixed part, the path below the directory.
fn matches<'p>(
    inputs: &PackageInputs<'p>,
    glob: &str,
) -> Result<Vec<(&'p Utf8Path, Utf8PathBuf, Utf8PathBuf)>, PackageError> {
    let matcher =
        GlobBuilder::new(glob).literal_separator(true).build().map_err(|error| PackageError::Glob {
            recipe: inputs.recipe.name.clone(),
            glob: glob.to_owned(),
            cause: error.kind().to_string(),
        })?;
    let matcher = matcher.compile_matcher();
    let fixed: Utf8PathBuf = fixed_part(glob);
    let depth = if glob.contains("**") { usize::MAX } else { glob.split('/').count() };
    for dir in inputs.directories {
        let start = dir.join(&fixed);
        if !start.is_dir() {
            continue;
        }
        let found = fs::walk(&start, |path| {
            let relative = path.strip_prefix(dir).unwrap_or(path);
            relative.components().count() >= depth
                || matches!(path.file_name(), Some(".git" | ".hg" | ".svn" | ".jj"))
                || inputs.leave_out.contains(&path)
        })?;
        let inside = fs::canonical(dir)?;
        let matching: Vec<_> = found
            .into_iter()
            .filter(|(path, kind)| *kind != EntryKind::Special && matcher.is_match(fixed.join(path)))
            // A link counts as the file that it leads to, when that is in the same directory tree.
            .filter(|(path, kind)| {
                let full = start.join(path);
                *kind == EntryKind::File
                    || fs::canonical(&full).is_ok_and(|real| real.starts_with(&inside) && real.is_file())
            })
            .map(|(path, _)| (*dir, path.clone(), fixed.join(path)))
            .collect();
        if !matching.is_empty() {
            return Ok(matching);
        }
    }
    Ok(Vec::new())
}

/// The directories of a glob before its first special character.
fn fixed_part(glob: &str) -> Utf8PathBuf {
    let mut parts: Vec<&str> = glob.split('/').collect();
    parts.pop();
    parts.into_iter().take_while(|part| !part.contains(['*', '?', '[', '{'])).collect()
}

#[cfg(test)]
mod tests {
    use super::{fixed_part, inside};

    #[test]
    fn names_inside_stay_inside() {
        assert_eq!(inside("./", "README.md").as_deref(), Some("README.md"));
        assert_eq!(inside("docs/", "a/b.md").as_deref(), Some("docs/a/b.md"));
        assert_eq!(inside("LICENSE.txt", "LICENSE").as_deref(), Some("LICENSE.txt"));
        for (dest, below) in
            [("/etc/", "passwd"), ("../", "x"), ("a/../../", "x"), ("./", "a\\b"), ("./", "")]
        {
            assert_eq!(inside(dest, below), None, "{dest:?} {below:?}");
        }
    }

    #[test]
    fn globs_start_where_they_are_fixed() {
        assert_eq!(fixed_part("README*"), "");
        assert_eq!(fixed_part("docs/man/*.1"), "docs/man");
        assert_eq!(fixed_part("docs/**/x/*.1"), "docs");
        assert_eq!(fixed_part("docs/file"), "docs");
    }
}
