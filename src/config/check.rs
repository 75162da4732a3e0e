//! What a targets.toml that is well formed may still get wrong.

use std::collections::BTreeMap;
use std::ops::Range;

use camino::{Utf8Component, Utf8Path};

use super::file::{Known, ProjectFile};
use super::pattern::expand;
use super::problem::{Located, Problem};
use super::sections::{FlagSection, Patterns, VersionSource};
use super::suggest::did_you_mean;
use crate::model::{Port, Target};

pub(super) fn check(file: &ProjectFile, known: &Known<'_>, problems: &mut Vec<Problem>) {
    let selected =
        known.ports.and_then(|ports| targets(file, ports, problems).map(|targets| (ports, targets)));
    project(file, problems);
    let ids = builds(file, problems);
    for flags in file.builds.iter().map(|b| &b.flags).chain(file.overrides.iter().map(|o| &o.flags)) {
        check_flags(flags, problems);
    }
    for patterns in file.builds.iter().filter_map(|build| build.targets.as_ref()) {
        selects(patterns, selected.as_ref(), problems);
    }
    for section in &file.overrides {
        match &section.targets {
            Some(patterns) => selects(patterns, selected.as_ref(), problems),
            None => problems.push(Problem::new(
                section.span.clone(),
                "an [[override]] without `targets`",
                "for which targets?",
                "write `targets = [\"windows/*\"]` in it, or move its keys to the [[build]]",
            )),
        }
        if section.flags.is_empty() {
            problems.push(Problem::new(
                section.span.clone(),
                "an [[override]] that overrides nothing",
                "no flag follows",
                "add `ldflags`, `tags`, `gcflags`, `asmflags` or `env`, or take the table out",
            ));
        }
        build_names(section.builds.as_deref(), &ids, problems);
    }
    for section in &file.packages {
        match &section.recipe {
            None => problems.push(Problem::new(
                section.span.clone(),
                "a [[package]] without `recipe`",
                "packaged how?",
                format!("write `recipe = \"archive\"`; the recipes are {}", known.recipes.join(", ")),
            )),
            Some(recipe) if !known.recipes.contains(&recipe.value) => problems.push(Problem::new(
                recipe.span.clone(),
                format!("unknown recipe {:?}", recipe.value),
                "no such recipe",
                did_you_mean(&recipe.value, known.recipes.iter().map(String::as_str), || {
                    format!("the recipes are {}", known.recipes.join(", "))
                }),
            )),
            Some(_) => {}
        }
        if let Some(patterns) = &section.targets {
            selects(patterns, selected.as_ref(), problems);
        }
        build_names(section.builds.as_deref(), &ids, problems);
    }
    settings(file, problems);
}

/// The list itself; `None` when it is wrong or the file leaves it to the host.
fn targets(file: &ProjectFile, ports: &[Port], problems: &mut Vec<Problem>) -> Option<Vec<Target>> {
    let list = file.targets.as_ref()?;
    let patterns: Vec<_> = list.value.iter().map(|item| item.value.clone()).collect();
    match expand(&patterns, ports) {
        Ok(expansion) => Some(expansion.targets),
        Err(errors) => {
            for error in errors {
                let span = error.index.map_or(list.span.clone(), |index| list.value[index].span.clone());
                // A list that lost elements to other mistakes is not also empty.
                let damaged = problems
                    .iter()
                    .any(|other| list.span.start <= other.span.start && other.span.end <= list.span.end);
                if error.index.is_some() || !damaged {
                    problems.push(Problem::new(span, error.cause, "in this list", error.help));
                }
            }
            None
        }
    }
}

/// A narrower list must pick from the file's targets.
fn selects(patterns: &Patterns, selected: Option<&(&[Port], Vec<Target>)>, problems: &mut Vec<Problem>) {
    let Some((ports, targets)) = selected else { return };
    for pattern in &patterns.value {
        if !targets.iter().any(|target| pattern.value.covers(target, ports)) {
            problems.push(Problem::new(
                pattern.span.clone(),
                format!("{:?} picks none of the file's targets", pattern.value.text),
                "nothing to pick",
                "add the target to the `targets` at the top of the file, or take it out here",
            ));
        }
    }
}

fn project(file: &ProjectFile, problems: &mut Vec<Problem>) {
    if let Some(name) = &file.project.name {
        word(name, "a project's name", problems);
    }
    if let Some(dir) = &file.project.dir {
        relative(dir, "dir", "dir = \"app\"", problems);
    }
    match file.project.version.as_ref().map(|version| (&version.value, &version.span)) {
        Some((VersionSource::Env(name), span)) if !variable_name(name) => problems.push(Problem::new(
            span.clone(),
            format!("{name:?} is not the name of a variable"),
            "after `env:`",
            "write `version = \"env:VERSION\"`",
        )),
        Some((VersionSource::Literal(text), span)) if !version_text(text) => problems.push(Problem::new(
            span.clone(),
            format!("{text:?} cannot be a version"),
            "goes into file names",
            "use letters, digits and . + - _ ~, or `git`, or `env:NAME`",
        )),
        _ => {}
    }
}

/// Checks every build and returns the ids.
fn builds(file: &ProjectFile, problems: &mut Vec<Problem>) -> Vec<String> {
    let mut ids: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let mut mains: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for build in &file.builds {
        for (name, what) in [(&build.id, "a build's id"), (&build.binary, "a program's name")] {
            if let Some(name) = name {
                word(name, what, problems);
            }
        }
        // A path that is wrong names no id either.
        let main = build.main.as_ref().filter(|main| main_path(main, problems));
        let implied = main.and_then(|main| implied_id(main).map(|value| (value, main.span.clone())));
        let id = build.id.as_ref().map(|id| (id.value.clone(), id.span.clone())).or(implied);
        match id {
            Some((id, span)) => match ids.get(&id) {
                Some(first) => problems.push(
                    Problem::new(
                        span,
                        format!("two builds have the id {id:?}"),
                        "the second",
                        "give one of them another `id`",
                    )
                    .also(first.clone(), "the first"),
                ),
                None => {
                    ids.insert(id, span);
                }
            },
            None if file.builds.len() > 1 && build.main.is_none() => problems.push(Problem::new(
                build.span.clone(),
                "one of several builds has neither `id` nor `main`",
                "which program is this?",
                "write `main = \"./cmd/…\"` in each [[build]]",
            )),
            None => {}
        }
        let binary = build.binary.as_ref().or(build.id.as_ref());
        if let (Some(binary), None) = (binary, &build.targets) {
            match mains.get(&binary.value) {
                Some(first) if build.binary.is_some() => problems.push(
                    Problem::new(
                        binary.span.clone(),
                        format!("two builds write the program {:?}", binary.value),
                        "the second",
                        "give one of them another `binary`: they would overwrite each other in a package",
                    )
                    .also(first.clone(), "the first"),
                ),
                Some(_) => {}
                None => {
                    mains.insert(binary.value.clone(), binary.span.clone());
                }
            }
        }
    }
    ids.into_keys().collect()
}

fn build_names(names: Option<&[Located<String>]>, ids: &[String], problems: &mut Vec<Problem>) {
    // Without a [[build]] the ids are the main packages', which only `go list` knows.
    if ids.is_empty() {
        return;
    }
    for name in names.unwrap_or_default() {
        if !ids.contains(&name.value) {
            problems.push(Problem::new(
                name.span.clone(),
                format!("no build has the id {:?}", name.value),
                "unknown id",
                did_you_mean(&name.value, ids.iter().map(String::as_str), || {
                    format!("the ids are {}", ids.join(", "))
                }),
            ));
        }
    }
}

fn check_flags(flags: &FlagSection, problems: &mut Vec<Problem>) {
    let mut mode_follows = false;
    for flag in flags.ldflags.iter().flatten() {
        let text = flag.value.render(&super::template::Values::new());
        let mut external = false;
        // Go splits at spaces, whether they stand inside an element or between two.
        for word in text.split_whitespace() {
            external |= mode_follows && word == "external";
            let name = word.strip_prefix('-').map_or("", |name| name.strip_prefix('-').unwrap_or(name));
            external |= name == "linkmode=external" || name.starts_with("extld");
            mode_follows = name == "linkmode";
        }
        if external {
            problems.push(Problem::new(
                flag.span.clone(),
                "external linking needs a C toolchain, and cgo is off",
                "asks for the external linker",
                "take the flag out: Go's own linker makes a static program",
            ));
        }
    }
    for tag in flags.tags.iter().flatten() {
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        if tag.value.is_empty() || !tag.value.chars().all(plain) {
            problems.push(Problem::new(
                tag.span.clone(),
                format!("{:?} is not a build tag", tag.value),
                "letters, digits, _ and . only",
                "write one tag per element: `tags = [\"netgo\", \"osusergo\"]`",
            ));
        }
    }
    for name in flags.env.iter().flatten() {
        if name.value.contains('=') {
            problems.push(Problem::new(
                name.span.clone(),
                "`env` lists names, not values",
                "has a value",
                "write the name alone: its value comes from the host's environment",
            ));
        } else if !variable_name(&name.value) {
            problems.push(Problem::new(
                name.span.clone(),
                format!("{:?} is not the name of a variable", name.value),
                "not a name",
                "write `env = [\"GOEXPERIMENT\"]`",
            ));
        } else if breaks_the_seal(&name.value) {
            problems.push(Problem::new(
                name.span.clone(),
                format!("{} cannot be let into a sealed build", name.value),
                "xbuild sets this itself, or it runs or swaps programs",
                "take it out; GOEXPERIMENT, GOFIPS140 and names that Go does not read may pass",
            ));
        }
    }
}

/// Variables that steer `go` itself, the C toolchain or the loader.
fn breaks_the_seal(name: &str) -> bool {
    const HARMLESS: &[&str] = &["GOEXPERIMENT", "GOFIPS140"];
    const HOST: &[&str] = &[
        "PATH",
        "HOME",
        "TMPDIR",
        "TMP",
        "TEMP",
        "CC",
        "CXX",
        "FC",
        "AR",
        "PKG_CONFIG",
        "PWD",
        "TZ",
        "IFS",
        "ENV",
        "BASH_ENV",
        "SHELL",
    ];
    const PREFIXES: &[&str] =
        &["GO", "CGO_", "LD_", "DYLD_", "GIT_", "XDG_", "LC_", "SSH_", "PKG_CONFIG_", "XBUILD_"];
    let name = name.to_ascii_uppercase();
    !HARMLESS.contains(&name.as_str())
        && (HOST.contains(&name.as_str())
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || name.ends_with("_PROXY"))
}

fn settings(file: &ProjectFile, problems: &mut Vec<Problem>) {
    if let Some(jobs) = file.settings.jobs.as_ref().filter(|jobs| jobs.value == 0 || jobs.value > 4096) {
        problems.push(Problem::new(
            jobs.span.clone(),
            format!("{} CPU slots cannot be used", jobs.value),
            "from 1 to 4096",
            "write `jobs = 4`, or leave it out: the number of cores is the default",
        ));
    }
    for (key, path, example) in [
        ("dist", &file.settings.dist, "dist = \"dist\""),
        ("cache_dir", &file.settings.cache_dir, "cache_dir = \"cache\""),
    ] {
        if let Some(path) = path {
            relative(path, key, example, problems);
        }
    }
    let inside =
        |path: &Option<Located<String>>| path.as_ref().is_some_and(|path| stays_at_root(&path.value));
    if inside(&file.settings.dist) {
        let span = file.settings.dist.as_ref().map_or(0..0, |dist| dist.span.clone());
        problems.push(Problem::new(
            span,
            "`dist` cannot be the project itself",
            "would be filled and cleaned",
            "write `dist = \"dist\"`",
        ));
    }
}

fn stays_at_root(path: &str) -> bool {
    !path.is_empty() && Utf8Path::new(path).components().all(|part| part == Utf8Component::CurDir)
}

/// A path that a project's own file names stays below that file.
fn relative(path: &Located<String>, key: &str, example: &str, problems: &mut Vec<Problem>) {
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
fn main_path(main: &Located<String>, problems: &mut Vec<Problem>) -> bool {
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

fn implied_id(main: &Located<String>) -> Option<String> {
    Utf8Path::new(&main.value).file_name().map(str::to_owned)
}

fn word(name: &Located<String>, what: &str, problems: &mut Vec<Problem>) {
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

fn version_text(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_' | '~'))
}

fn variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
