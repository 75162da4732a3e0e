//! What the user asked for: targets.toml, the user's settings file, `XBUILD_*` and flags.
//!
//! Takes texts and layers, returns a [`ProjectFile`] and [`Settings`] of resolved domain types. Every mistake
//! of one file is found before any is reported; each carries the bytes that it is about and what to write
//! instead. Past this room nobody sees TOML.

mod check;
mod decode;
mod file;
mod flags;
mod grammar;
mod pattern;
mod problem;
mod recipe;
mod refused_keys;
mod sections;
mod settings;
mod suggest;
mod template;
mod tool_flags;
mod tool_words;
mod units;
mod user_file;
mod variables;
mod words;

pub use file::{Known, ProjectFile};
pub use pattern::{Expansion, PatternError, TargetPattern, expand};
pub use problem::{ConfigError, Located, Problem, Source};
pub use recipe::{Format, Recipe, RecipeFile, RecipeSource};
pub use sections::{BuildSection, FlagSection, OverrideSection, PackageSection, VersionSource};
pub use settings::{Color, FlagLayer, Layers, Settings, resolve};
pub use suggest::nearest;
pub use template::{PLACEHOLDERS, Template, TemplateError, Values};
pub use units::{DURATION, MEMORY, SEAL, SIZE, bytes, duration, memory};
pub use user_file::UserFile;
pub use variables::{SettingError, unknown_variables};
