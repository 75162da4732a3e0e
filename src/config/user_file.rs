//! The user's own settings file.

use super::decode::Fields;
use super::grammar::parse;
use super::problem::{ConfigError, Problem, Source};
use super::sections::SettingsSection;
use super::settings::Color;

/// The user's own settings file.
#[derive(Debug)]
pub struct UserFile {
    /// Its name and text.
    pub source: Source,
    pub(super) section: SettingsSection,
}

impl UserFile {
    /// Reads the file; every mistake is reported.
    pub fn read(source: Source) -> Result<Self, ConfigError> {
        let text = source.text.clone();
        let document = parse(&source, &text)?;
        let mut problems = Vec::new();
        let mut fields = Fields::new(document.get_ref(), "config.toml", &mut problems);
        let section = SettingsSection::read(&mut fields, true);
        fields.finish(|_| None);
        if let Some(color) = section.color.as_ref().filter(|color| Color::parse(&color.value).is_none()) {
            problems.push(Problem::new(
                color.span.clone(),
                format!("{:?} is not a choice of colour", color.value),
                "not one of three",
                "write auto, always or never",
            ));
        }
        if let Some(jobs) = section.jobs.as_ref().filter(|jobs| jobs.value == 0 || jobs.value > 4096) {
            problems.push(Problem::new(
                jobs.span.clone(),
                format!("{} CPU slots cannot be used", jobs.value),
                "from 1 to 4096",
                "write `jobs = 4`",
            ));
        }
        ConfigError::unless_empty(&source, problems)?;
        Ok(UserFile { source, section })
    }

    /// The colour that the file asks for, which the terminal needs before anything else is resolved.
    pub fn color(&self) -> Option<Color> {
        self.section.color.as_ref().and_then(|color| Color::parse(&color.value))
    }
}
