//! The single words and paths of a targets.toml.

use camino::{Utf8Component, Utf8Path};

use super::problem::{Located, Problem};

/// A path that a project's own file names stays below that file.
pub(super) fn relative(path: &Located<String>, key: &str, example: &str, problems: &mut Vec<Problem>) {
    let inside = !path.value.is_empty()
        && !path.value.contains(['\\', '\0'])
        && Utf8Path::new(&path.value)
            .components()
            .all(|part| matches!(part, Utf8Component::Normal(_) | Utf8Component::CurDir));
    if !inside {
        problems.push(Problem::new(
            path.span.clone(),
            format!("`{key}` must stay below the directory of this file"),
            "absolute, empty, with `..` or a backslash",
            format!("write a path such as `{example}`"),
        ));
    }
}

/// Whether a `main` can be a package's directory.
pub(super) fn main_path(main: &Located<String>, problems: &mut Vec<Problem>) -> bool {
    let path = main.value.as_str();
    let help = if path.contains("...") {
        Some((
            "a pattern, not one package",
            "name one directory; without a [[build]] every main package is built".to_owned(),
        ))
    } else if path.ends_with(".go") {
        Some(("a file, not a package", format!("name its directory: `main = \"{}\"`", parent(path))))
    } else if path == "." || path.starts_with("./") {
        let up = Utf8Path::new(path).components().any(|part| part == Utf8Component::ParentDir);
        up.then(|| {
            ("leaves the module", "name a directory of the module, `main = \"./cmd/hello\"`".to_owned())
        })
    } else if path.contains('\\') {
        Some(("holds a backslash", "write it with slashes, `main = \"./cmd/hello\"`".to_owned()))
    } else if path.starts_with('/') || path.starts_with("..") || path.is_empty() {
        Some(("not inside the module", "name a directory of the module, `main = \"./cmd/hello\"`".to_owned()))
    } else if path.split('/').next().is_some_and(|first| first.contains('.')) {
        Some((
            "reads like an import path",
            "name its directory from the module's, `main = \"./cmd/hello\"`".to_owned(),
        ))
    } else {
        Some((
            "reads like an import path",
            format!("write it from the module's directory: `main = \"./{path}\"`"),
        ))
    };
    let fine = help.is_none();
    if let Some((label, help)) = help {
        problems.push(Problem::new(
            main.span.clone(),
            format!("{path:?} is not a main package's directory"),
            label,
            help,
        ));
    }
    fine
}

fn parent(path: &str) -> String {
    match Utf8Path::new(path).parent() {
        None => ".".to_owned(),
        Some(dir) if dir.as_str().is_empty() => ".".to_owned(),
        Some(dir) if dir.starts_with(".") => dir.to_string(),
        Some(dir) => format!("./{dir}"),
    }
}

/// The id of a build that names only its `main`.
pub(super) fn implied_id(main: &Located<String>) -> Option<String> {
    Utf8Path::new(&main.value).file_name().map(str::to_owned)
}

/// A name that goes into file names.
pub(super) fn word(name: &Located<String>, what: &str, problems: &mut Vec<Problem>) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let dotted = name.value.starts_with(['.', '-']);
    if name.value.is_empty() || dotted || !name.value.chars().all(plain) {
        problems.push(Problem::new(
            name.span.clone(),
            format!("{:?} cannot be {what}", name.value),
            "goes into file names",
            "use letters, digits and . _ - +, beginning with a letter or digit",
        ));
    }
}

/// Whether a text can be a version.
pub(super) fn version_text(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_' | '~'))
}

/// Whether a text can be the name of a variable.
pub(super) fn variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
