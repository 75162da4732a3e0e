//! Recipes: how an artifact is packaged, as data. The built-in ones are files of recipes/, compiled in; a
//! project's own recipes/*.toml add to them and override them by name.

use std::ops::Range;

use globset::Glob;
use serde::Serialize;
use toml::de::DeTable;

use super::decode::Fields;
use super::grammar::grammar_problems;
use super::problem::{ConfigError, Located, Problem, Source};
use super::sections::template;
use super::suggest::did_you_mean;
use super::template::Template;

/// A package's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Format {
    /// gzip over POSIX ustar.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// zip with deflate.
    #[serde(rename = "zip")]
    Zip,
}

impl Format {
    const ALL: &[Format] = &[Format::TarGz, Format::Zip];

    /// The word in recipes and artifacts.json.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::TarGz => "tar.gz",
            Format::Zip => "zip",
        }
    }
}

/// One recipe.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The file's name without `.toml`.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// BLAKE3 of the recipe's text, hexadecimal.
    pub digest: String,
    format: Format,
    file: Template,
    /// What goes in.
    pub files: Vec<RecipeFile>,
    overrides: Vec<(String, Format)>,
}

/// One `[[file]]`.
#[derive(Debug, Clone)]
pub struct RecipeFile {
    /// What to take.
    pub source: RecipeSource,
    /// A name inside the package; a directory where it ends in a slash.
    pub dest: Template,
    /// Permission bits.
    pub mode: u32,
}

/// What a `[[file]]` takes.
#[derive(Debug, Clone)]
pub enum RecipeSource {
    /// Every program of the target.
    Binary,
    /// The regular files of the project that a glob matches; none is fine.
    Glob(String),
}

impl Recipe {
    /// The format for a system.
    pub fn format(&self, os: &str) -> Format {
        self.overrides.iter().find(|(name, _)| name == os).map_or(self.format, |(_, format)| *format)
    }

    /// The template of the package's file name.
    pub fn file(&self) -> &Template {
        &self.file
    }

    /// The recipes that are compiled in.
    pub fn built_in() -> Result<Vec<Recipe>, ConfigError> {
        [
            ("archive", include_str!("../../recipes/archive.toml")),
            ("tar.gz", include_str!("../../recipes/tar.gz.toml")),
            ("zip", include_str!("../../recipes/zip.toml")),
        ]
        .into_iter()
        .map(|(name, text)| {
            Recipe::read(name, Source { path: format!("recipes/{name}.toml").into(), text: text.to_owned() })
        })
        .collect()
    }

    /// Reads a recipe; every mistake is reported.
    pub fn read(name: &str, source: Source) -> Result<Recipe, ConfigError> {
        let text = source.text.clone();
        let (document, errors) = DeTable::parse_recoverable(&text);
        ConfigError::unless_empty(&source, grammar_problems(&text, &errors))?;
        let mut problems = Vec::new();
        let mut fields = Fields::new(document.get_ref(), "the recipe", &mut problems);
        let schema = fields.number("schema", "schema = 1");
        let readable = schema.is_some() || !fields.has("schema");
        if readable && schema.as_ref().is_none_or(|schema| schema.value != 1) {
            let span = schema.map_or(0..0, |schema| schema.span);
            let help = "write `schema = 1` as the first line";
            fields.problem(Problem::new(
                span,
                "a recipe without schema 1",
                "this xbuild reads schema 1",
                help,
            ));
        }
        let description = fields.string("description", "description = \"one line\"");
        let format = required(&mut fields, "format", "format = \"tar.gz\"", 0..0)
            .and_then(|text| known_format(&mut fields, &text));
        let file = required(
            &mut fields,
            "name",
            "name = \"{project}_{version}_{os}_{arch}{variant}.{format}\"",
            0..0,
        )
        .and_then(|text| template(&mut fields, &text));
        let tables = fields.tables("file");
        let overrides = fields.tables("override");
        fields.finish(|_| None);
        let files = tables.into_iter().filter_map(|table| {
            let mut fields = Fields::new(table.value, "[[file]]", &mut problems);
            let file = recipe_file(&mut fields, table.span);
            fields.finish(|_| None);
            file
        });
        let files: Vec<RecipeFile> = files.collect();
        let overrides = overrides.into_iter().filter_map(|table| {
            let mut fields = Fields::new(table.value, "[[override]]", &mut problems);
            let os = required(&mut fields, "os", "os = \"windows\"", table.span.clone());
            let format = required(&mut fields, "format", "format = \"zip\"", table.span)
                .and_then(|text| known_format(&mut fields, &text));
            fields.finish(|_| None);
            Some((os?.value, format?))
        });
        let overrides: Vec<(String, Format)> = overrides.collect();
        ConfigError::unless_empty(&source, problems)?;
        // A part that could not be read has left a problem behind.
        let (format, file) =
            format.zip(file).ok_or(ConfigError { source_file: source, problems: Vec::new() })?;
        Ok(Recipe {
            name: name.to_owned(),
            description: description.map_or_else(String::new, |text| text.value),
            digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
            format,
            file,
            files,
            overrides,
        })
    }
}

fn recipe_file(fields: &mut Fields<'_, '_>, span: Range<usize>) -> Option<RecipeFile> {
    let source = required(fields, "source", "source = \"README*\"", span.clone());
    let dest = required(fields, "dest", "dest = \"./\"", span).and_then(|text| destination(fields, &text));
    let mode = fields.string("mode", "mode = \"0644\"").map(|text| {
        let mode = u32::from_str_radix(&text.value, 8).ok().filter(|mode| *mode <= 0o777);
        if mode.is_none() {
            let title = format!("{:?} is not a mode", text.value);
            fields.problem(Problem::new(
                text.span,
                title,
                "three or four octal digits",
                "write `mode = \"0644\"`",
            ));
        }
        mode.unwrap_or(0o644)
    });
    let source = source?;
    let outside =
        |path: &str| path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..");
    if source.value.is_empty() || outside(&source.value) {
        let title = format!("{:?} leaves the project", source.value);
        fields.problem(Problem::new(
            source.span,
            title,
            "absolute, empty or with ..",
            "write a glob such as `README*`",
        ));
        return None;
    }
    if let Err(error) = Glob::new(&source.value) {
        fields.problem(Problem::new(
            source.span,
            format!("{:?} is not a glob: {}", source.value, error.kind()),
            "cannot be matched",
            "write a glob such as `README*`",
        ));
        return None;
    }
    let source = match source.value.as_str() {
        "binary" => RecipeSource::Binary,
        glob => RecipeSource::Glob(glob.to_owned()),
    };
    Some(RecipeFile { source, dest: dest?, mode: mode.unwrap_or(0o644) })
}

fn required(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    example: &str,
    span: Range<usize>,
) -> Option<Located<String>> {
    let present = fields.has(key);
    let text = fields.string(key, example);
    if !present {
        let title = format!("the key `{key}` is missing");
        fields.problem(Problem::new(span, title, "needed here", format!("write `{example}`")));
    }
    text
}

fn known_format(fields: &mut Fields<'_, '_>, text: &Located<String>) -> Option<Format> {
    let found = Format::ALL.iter().copied().find(|format| format.as_str() == text.value);
    if found.is_none() {
        let names = || Format::ALL.iter().map(|format| format.as_str());
        let help = did_you_mean(&text.value, names(), || {
            format!("the formats are {}", names().collect::<Vec<_>>().join(", "))
        });
        let title = format!("unknown format {:?}", text.value);
        fields.problem(Problem::new(text.span.clone(), title, "no such format", help));
    }
    found
}

/// A name inside a package never leaves the directory that it is unpacked in.
fn destination(fields: &mut Fields<'_, '_>, text: &Located<String>) -> Option<Template> {
    let outside =
        text.value.starts_with(['/', '\\']) || text.value.split(['/', '\\']).any(|part| part == "..");
    if text.value.is_empty() || outside {
        let title = format!("{:?} leaves the package", text.value);
        fields.problem(Problem::new(
            text.span.clone(),
            title,
            "absolute, empty or with ..",
            "write `dest = \"./\"`",
        ));
        return None;
    }
    template(fields, text)
}
