//! `{version}` and its siblings in flags and file names.

use std::collections::BTreeMap;

/// Every name that a template may hold, with what it becomes.
pub const PLACEHOLDERS: &[(&str, &str)] = &[
    ("project", "the project's name"),
    ("version", "the version without a leading v"),
    ("tag", "the version as the source wrote it"),
    ("commit", "the full commit id, empty outside git"),
    ("date", "the commit's time in RFC 3339"),
    ("id", "the build's id"),
    ("binary", "the program's file name"),
    ("target", "os/arch[/variant]"),
    ("os", "GOOS"),
    ("arch", "GOARCH"),
    ("variant", "armv7's v7, amd64v3's v3; empty without a variant"),
    ("format", "a package's format, which is also its file's ending"),
];

/// The values for a template's names.
pub type Values = BTreeMap<&'static str, String>;

/// A text with names between braces. `{{` and `}}` stand for the braces themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(&'static str),
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{nonsense}`.
    #[error("unknown placeholder {{{0}}}")]
    Unknown(String),
    /// `{` without its `}`.
    #[error("a {{ without its }}")]
    Open,
    /// `}` without its `{`.
    #[error("a }} without its {{")]
    Close,
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
            } else if brace == "}" {
                return Err(TemplateError::Close);
            } else {
                let end = rest.find('}').ok_or(TemplateError::Open)?;
                let name = &rest[..end];
                let (known, _) = PLACEHOLDERS
                    .iter()
                    .find(|(known, _)| *known == name)
                    .ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(Part::Name(known));
                rest = &rest[end + 1..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Template { parts })
    }

    /// Fills the template in; a name without a value becomes nothing.
    pub fn render(&self, values: &Values) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Name(name) => values.get(name).map_or("", String::as_str),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Template, TemplateError, Values};

    #[test]
    fn names_and_literal_braces() {
        let values = Values::from([("version", "1.2.3".to_owned()), ("os", "linux".to_owned())]);
        let render = |text: &str| Template::parse(text).unwrap().render(&values);
        assert_eq!(render("-X main.v={version}"), "-X main.v=1.2.3");
        assert_eq!(render("{os}_{version}{variant}"), "linux_1.2.3");
        assert_eq!(render("{{version}} }}{{"), "{version} }{");
        assert_eq!(render(""), "");
    }

    #[test]
    fn mistakes() {
        assert_eq!(Template::parse("{nope}"), Err(TemplateError::Unknown("nope".to_owned())));
        assert_eq!(Template::parse("{version"), Err(TemplateError::Open));
        assert_eq!(Template::parse("version}"), Err(TemplateError::Close));
    }
}
