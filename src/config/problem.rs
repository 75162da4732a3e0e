//! Mistakes in a settings file, as data; `report/` draws them.

use std::ops::Range;

use camino::Utf8PathBuf;

/// A settings file's name and text.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name that a report shows.
    pub path: Utf8PathBuf,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// The line of a byte offset, counted from one.
    pub fn line(&self, offset: usize) -> usize {
        let end = offset.min(self.text.len());
        1 + self.text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count()
    }
}

/// A value and the bytes that wrote it.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Byte range in the file.
    pub span: Range<usize>,
}

/// One mistake.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Byte range in the file.
    pub span: Range<usize>,
    /// Subject and cause, one line.
    pub title: String,
    /// What stands beside the caret.
    pub label: String,
    /// What to write instead.
    pub help: String,
    /// Another place that matters (the first of two equal ids).
    pub also: Option<(Range<usize>, String)>,
}

impl Problem {
    /// A mistake at `span`.
    pub fn new(
        span: Range<usize>,
        title: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Problem { span, title: title.into(), label: label.into(), help: help.into(), also: None }
    }

    /// Names a second place.
    pub fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.also = Some((span, label.into()));
        self
    }
}

/// All the mistakes of one file, in its order.
#[derive(Debug, thiserror::Error)]
#[error("{} has {} mistake(s)", source_file.path, problems.len())]
pub struct ConfigError {
    /// The file.
    pub source_file: Source,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// `Ok` where there is nothing to report.
    pub fn unless_empty(source: &Source, mut problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
        Err(ConfigError { source_file: source.clone(), problems })
    }
}
