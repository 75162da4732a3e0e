//! targets.toml as a whole.

use toml::de::DeTable;

use super::check;
use super::decode::Fields;
use super::grammar::parse;
use super::problem::{ConfigError, Problem, Source};
use super::refused_keys::refused_key;
use super::sections::{
    BuildSection, OverrideSection, PackageSection, Patterns, ProjectSection, SettingsSection, patterns,
};
use crate::model::Port;

/// A targets.toml that has been read and checked.
#[derive(Debug)]
pub struct ProjectFile {
    /// Its name and text.
    pub source: Source,
    /// `[project]`.
    pub project: ProjectSection,
    /// `targets`; the host alone by default.
    pub targets: Option<Patterns>,
    /// `[[build]]`; every main package by default.
    pub builds: Vec<BuildSection>,
    /// `[[override]]`.
    pub overrides: Vec<OverrideSection>,
    /// `[[package]]`; the recipe `archive` by default.
    pub packages: Vec<PackageSection>,
    /// `[settings]`.
    pub settings: SettingsSection,
}

/// What a check needs to know of the world outside the file.
pub struct Known<'k> {
    /// The SDK's pairs; without an SDK, targets stay unchecked.
    pub ports: Option<&'k [Port]>,
    /// Names of the recipes at hand.
    pub recipes: &'k [String],
}

const TOP: &str = "the top of the file";

impl ProjectFile {
    /// Reads the file and checks everything that can be checked without running anything.
    pub fn read(source: Source, known: &Known<'_>) -> Result<Self, ConfigError> {
        let text = source.text.clone();
        let document = parse(&source, &text)?;
        let mut problems = Vec::new();

        let mut top = Fields::new(document.get_ref(), TOP, &mut problems);
        let schema = top.number("schema", "schema = 1");
        if let Some(schema) = schema.filter(|schema| schema.value != 1) {
            // Of a file for another xbuild nothing else can be judged.
            let problem = Problem::new(
                schema.span,
                format!("schema {} is not known", schema.value),
                "this xbuild reads schema 1",
                "write `schema = 1`, or use the xbuild that the file was written for",
            );
            return Err(ConfigError { source_file: source, problems: vec![problem] });
        }
        if !top.has("schema") {
            top.problem(Problem::new(
                0..0,
                "the key `schema` is missing",
                "the file starts without it",
                "write `schema = 1` as the first line",
            ));
        }
        let targets = patterns(&mut top, "targets");
        let project = top.table("project", "[project]");
        let builds = top.tables("build");
        let overrides = top.tables("override");
        let packages = top.tables("package");
        let settings = top.table("settings", "[settings]");
        top.finish(|key| belongs(key, TOP));

        let project = project.map_or_else(ProjectSection::default, |table| {
            section(table.value, "[project]", &mut problems, ProjectSection::read)
        });
        let settings = settings.map_or_else(SettingsSection::default, |table| {
            section(table.value, "[settings]", &mut problems, |fields| SettingsSection::read(fields, false))
        });
        let builds = builds
            .into_iter()
            .map(|table| {
                section(table.value, "[[build]]", &mut problems, |f| {
                    BuildSection::read(f, table.span.clone())
                })
            })
            .collect();
        let overrides = overrides
            .into_iter()
            .map(|table| {
                section(table.value, "[[override]]", &mut problems, |f| {
                    OverrideSection::read(f, table.span.clone())
                })
            })
            .collect();
        let packages = packages
            .into_iter()
            .map(|table| {
                section(table.value, "[[package]]", &mut problems, |f| {
                    PackageSection::read(f, table.span.clone())
                })
            })
            .collect();
        let file = ProjectFile { source, project, targets, builds, overrides, packages, settings };
        check::check(&file, known, &mut problems);
        ConfigError::unless_empty(&file.source, problems)?;
        Ok(file)
    }
}

fn section<'t, T>(
    table: &'t DeTable<'t>,
    name: &'static str,
    problems: &mut Vec<Problem>,
    read: impl FnOnce(&mut Fields<'t, '_>) -> T,
) -> T {
    let mut fields = Fields::new(table, name, problems);
    let value = read(&mut fields);
    fields.finish(|key| belongs(key, name));
    value
}

/// Where a key that does not belong `here` does.
fn belongs(key: &str, here: &str) -> Option<String> {
    let table = match key {
        "targets" => {
            return Some(
                "`targets` belongs to the top of the file: move it above the first [table]".to_owned(),
            );
        }
        "schema" => {
            return Some("`schema` is the first line of the file, above the first [table]".to_owned());
        }
        "sdk" | "online" | "color" | "cache_size" => {
            return Some(format!(
                "`{key}` is the user's choice, not the project's: set it in the user's config.toml, with a flag or with XBUILD_{}",
                key.to_ascii_uppercase()
            ));
        }
        "name" if here == "[[build]]" => return Some("a build has an `id` and a `binary`".to_owned()),
        "name" | "dir" | "version" | "workspace" => "[project]",
        "id" | "main" | "binary" | "ldflags" | "tags" | "gcflags" | "asmflags" | "env" => "[[build]]",
        "recipe" => "[[package]]",
        "jobs" | "dist" | "cache_dir" | "fail_fast" | "seal" | "timeout" | "memory" | "processes"
        | "require_lock" => "[settings]",
        _ => return refused_key(key),
    };
    Some(format!("`{key}` belongs below {table}"))
}
