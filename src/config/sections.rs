//! The tables of targets.toml, each read from its fields.

use std::time::Duration;

use super::decode::Fields;
use super::pattern::TargetPattern;
use super::problem::{Located, Problem};
use super::suggest::did_you_mean;
use super::template::{PLACEHOLDERS, Template, TemplateError};
use super::units::{DURATION, MEMORY, SEAL, SIZE, bytes, duration, memory};
use crate::model::{SealChoice, SealLevel};

/// A list of target patterns and the bytes of each.
pub type Patterns = Located<Vec<Located<TargetPattern>>>;

/// Where the version comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionSource {
    /// `git describe` where there is a repository, `0.0.0-dev` elsewhere.
    Auto,
    /// `git describe`, or an error.
    Git,
    /// A variable of the environment, or an error.
    Env(String),
    /// As written.
    Literal(String),
}

/// `[project]`.
#[derive(Debug, Default)]
pub struct ProjectSection {
    /// Name in file names; the last part of the module's path by default, in a workspace the directory's name.
    pub name: Option<Located<String>>,
    /// The directory of go.mod or go.work, relative to the file.
    pub dir: Option<Located<String>>,
    /// Where the version comes from.
    pub version: Option<Located<VersionSource>>,
    /// Whether a go.work in `dir` counts; by default it does where it is there.
    pub workspace: Option<Located<bool>>,
}

/// What goes to the compiler and linker.
#[derive(Debug, Default)]
pub struct FlagSection {
    /// `-ldflags`, with placeholders.
    pub ldflags: Option<Vec<Located<Template>>>,
    /// `-tags`.
    pub tags: Option<Vec<Located<String>>>,
    /// `-gcflags`.
    pub gcflags: Option<Vec<Located<String>>>,
    /// `-asmflags`.
    pub asmflags: Option<Vec<Located<String>>>,
    /// Names of host variables that the build sees.
    pub env: Option<Vec<Located<String>>>,
}

/// `[[build]]`.
#[derive(Debug)]
pub struct BuildSection {
    /// Bytes of the table's header or body.
    pub span: std::ops::Range<usize>,
    /// Names the build; the last part of `main` by default.
    pub id: Option<Located<String>>,
    /// The main package's directory, `./cmd/hello`; the only one by default.
    pub main: Option<Located<String>>,
    /// The program's name without `.exe`; the id by default.
    pub binary: Option<Located<String>>,
    /// The targets of the file that this build is for; all by default.
    pub targets: Option<Patterns>,
    /// Flags.
    pub flags: FlagSection,
}

/// `[[override]]`: flags that replace a build's for some targets.
#[derive(Debug)]
pub struct OverrideSection {
    /// Bytes of the table's header or body.
    pub span: std::ops::Range<usize>,
    /// The targets; required.
    pub targets: Option<Patterns>,
    /// The builds; all by default.
    pub builds: Option<Vec<Located<String>>>,
    /// What replaces.
    pub flags: FlagSection,
}

/// `[[package]]`.
#[derive(Debug)]
pub struct PackageSection {
    /// Bytes of the table's header or body.
    pub span: std::ops::Range<usize>,
    /// A file of recipes/, without `.toml`; required.
    pub recipe: Option<Located<String>>,
    /// The targets; all by default.
    pub targets: Option<Patterns>,
    /// The builds inside; all by default.
    pub builds: Option<Vec<Located<String>>>,
}

/// The settings that targets.toml and the user's file may both hold.
#[derive(Debug, Default)]
pub struct SettingsSection {
    /// CPU slots.
    pub jobs: Option<Located<u64>>,
    /// Where results go.
    pub dist: Option<Located<String>>,
    /// The store.
    pub cache_dir: Option<Located<String>>,
    /// Whether the first failure stops the others.
    pub fail_fast: Option<Located<bool>>,
    /// How strongly steps are shut in. A project can only ask for the strongest.
    pub seal: Option<Located<SealChoice>>,
    /// Wall time of a target.
    pub timeout: Option<Located<Duration>>,
    /// Bytes of memory of a step.
    pub memory: Option<Located<u64>>,
    /// Processes of a step.
    pub processes: Option<Located<u64>>,
    /// Whether a vendor/ without a vendor.lock is refused.
    pub require_lock: Option<Located<bool>>,
    /// The SDK; the user's file only.
    pub sdk: Option<Located<String>>,
    /// Whether modules may be fetched; the user's file only.
    pub online: Option<Located<bool>>,
    /// Bytes that the store may hold; the user's file only.
    pub cache_size: Option<Located<u64>>,
    /// Colour; the user's file only.
    pub color: Option<Located<String>>,
}

impl ProjectSection {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Self {
        let name = fields.string("name", "name = \"hello\"");
        let dir = fields.string("dir", "dir = \"app\"");
        let version = fields.string("version", "version = \"git\"").map(|text| Located {
            value: match text.value.as_str() {
                "git" => VersionSource::Git,
                "auto" => VersionSource::Auto,
                literal => match literal.strip_prefix("env:") {
                    Some(name) => VersionSource::Env(name.to_owned()),
                    None => VersionSource::Literal(literal.to_owned()),
                },
            },
            span: text.span,
        });
        let workspace = fields.boolean("workspace", "workspace = false");
        ProjectSection { name, dir, version, workspace }
    }
}

impl FlagSection {
    fn read(fields: &mut Fields<'_, '_>) -> Self {
        let ldflags = fields.strings("ldflags", "ldflags = [\"-s\", \"-w\"]").map(|list| {
            list.value
                .into_iter()
                .filter_map(|flag| Some(Located { value: template(fields, &flag)?, span: flag.span }))
                .collect()
        });
        let mut list = |key, example| fields.strings(key, example).map(|list| list.value);
        FlagSection {
            ldflags,
            tags: list("tags", "tags = [\"netgo\"]"),
            gcflags: list("gcflags", "gcflags = [\"all=-l\"]"),
            asmflags: list("asmflags", "asmflags = [\"all=-D=NAME\"]"),
            env: list("env", "env = [\"GOEXPERIMENT\"]"),
        }
    }

    /// Whether nothing is set.
    pub(super) fn is_empty(&self) -> bool {
        self.ldflags.is_none()
            && self.tags.is_none()
            && self.gcflags.is_none()
            && self.asmflags.is_none()
            && self.env.is_none()
    }
}

/// A text with placeholders.
pub(super) fn template(fields: &mut Fields<'_, '_>, text: &Located<String>) -> Option<Template> {
    match Template::parse(&text.value) {
        Ok(template) => Some(template),
        Err(error) => {
            let names: Vec<String> = PLACEHOLDERS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
            let list =
                || format!("the placeholders are {}; a brace itself is written twice", names.join(" "));
            let help = match &error {
                TemplateError::Unknown(name) if !name.is_empty() => {
                    did_you_mean(&format!("{{{name}}}"), names.iter().map(String::as_str), list)
                }
                _ => list(),
            };
            fields.problem(Problem::new(
                text.span.clone(),
                format!("this text cannot be filled in: {error}"),
                "in this text",
                help,
            ));
            None
        }
    }
}

pub(super) fn patterns(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<Patterns> {
    let list = fields.choice(key, "targets = [\"linux/amd64\"]")?;
    let mut value = Vec::new();
    for text in list.value {
        match TargetPattern::parse(&text.value) {
            Ok(pattern) => value.push(Located { value: pattern, span: text.span }),
            Err(error) => fields.problem(Problem::new(text.span, error.cause, "in this list", error.help)),
        }
    }
    Some(Located { value, span: list.span })
}

impl BuildSection {
    pub(super) fn read(fields: &mut Fields<'_, '_>, span: std::ops::Range<usize>) -> Self {
        BuildSection {
            span,
            id: fields.string("id", "id = \"hello\""),
            main: fields.string("main", "main = \"./cmd/hello\""),
            binary: fields.string("binary", "binary = \"hello\""),
            targets: patterns(fields, "targets"),
            flags: FlagSection::read(fields),
        }
    }
}

impl OverrideSection {
    pub(super) fn read(fields: &mut Fields<'_, '_>, span: std::ops::Range<usize>) -> Self {
        OverrideSection {
            span,
            targets: patterns(fields, "targets"),
            builds: fields.choice("builds", "builds = [\"hello\"]").map(|list| list.value),
            flags: FlagSection::read(fields),
        }
    }
}

impl PackageSection {
    pub(super) fn read(fields: &mut Fields<'_, '_>, span: std::ops::Range<usize>) -> Self {
        PackageSection {
            span,
            recipe: fields.string("recipe", "recipe = \"archive\""),
            targets: patterns(fields, "targets"),
            builds: fields.choice("builds", "builds = [\"hello\"]").map(|list| list.value),
        }
    }
}

/// What is built must not decide how well it is watched: weaker seals are the user's choice.
fn seal(fields: &mut Fields<'_, '_>, own: bool) -> Option<Located<SealChoice>> {
    let strict = SealChoice::Only(SealLevel::Strict);
    let expected = if own { SEAL } else { "\"strict\", which is all that a project can ask for" };
    fields.word("seal", "seal = \"strict\"", expected, |text| {
        SealChoice::parse(text).filter(|choice| own || *choice == strict)
    })
}

impl SettingsSection {
    /// Reads what both files may hold, and with `own` what only the user's own file may.
    pub(super) fn read(fields: &mut Fields<'_, '_>, own: bool) -> Self {
        SettingsSection {
            jobs: fields.number("jobs", "jobs = 4"),
            dist: fields.string("dist", "dist = \"dist\""),
            cache_dir: fields.string("cache_dir", "cache_dir = \"cache\""),
            fail_fast: fields.boolean("fail_fast", "fail_fast = true"),
            seal: seal(fields, own),
            timeout: fields.word("timeout", "timeout = \"20m\"", DURATION, duration),
            memory: fields.word("memory", "memory = \"4GiB\"", MEMORY, memory),
            processes: fields.number("processes", "processes = 200"),
            require_lock: fields.boolean("require_lock", "require_lock = true"),
            sdk: own.then(|| fields.string("sdk", "sdk = \"/usr/local/go\"")).flatten(),
            online: own.then(|| fields.boolean("online", "online = false")).flatten(),
            cache_size: own
                .then(|| fields.word("cache_size", "cache_size = \"20GiB\"", SIZE, bytes))
                .flatten(),
            color: own.then(|| fields.string("color", "color = \"auto\"")).flatten(),
        }
    }
}
