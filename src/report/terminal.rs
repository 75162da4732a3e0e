//! Standard output and standard error, with colour where it is wanted.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use anstream::{AutoStream, ColorChoice};

use crate::config::Color;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Progress and a summary.
    Normal,
    /// Also what each target is doing.
    Verbose,
}

/// The two streams of the process.
pub struct Terminal {
    stderr: Mutex<AutoStream<io::Stderr>>,
    styled: bool,
    interactive: bool,
    verbosity: Verbosity,
}

impl Terminal {
    /// The process's own streams. `Auto` follows NO_COLOR, CLICOLOR_FORCE, TERM and whether the stream is a
    /// terminal.
    pub fn new(color: Color, verbosity: Verbosity) -> Self {
        let stderr = io::stderr();
        let choice = match color {
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
            Color::Auto => AutoStream::choice(&stderr),
        };
        let interactive = stderr.is_terminal() && verbosity != Verbosity::Quiet;
        Terminal {
            styled: choice != ColorChoice::Never,
            stderr: Mutex::new(AutoStream::new(stderr, choice)),
            interactive,
            verbosity,
        }
    }

    /// How much is said.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Whether bars may be drawn.
    pub fn interactive(&self) -> bool {
        self.interactive
    }

    /// Whether text for standard error may carry colour.
    pub fn styled(&self) -> bool {
        self.styled
    }

    /// Whether text for standard output may carry colour.
    pub fn styled_output(&self) -> bool {
        self.styled && io::stdout().is_terminal()
    }

    /// Writes text to standard error as one piece. A reader that has gone away is no error of ours.
    pub fn say(&self, text: &str) {
        let mut stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    /// Writes a line to standard error.
    pub fn line(&self, text: &str) {
        self.say(&format!("{text}\n"));
    }

    /// Writes data to standard output.
    pub fn data(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }
}

/// Text in a style, where styles are wanted.
pub(super) fn paint(styled: bool, style: &str, text: &str) -> String {
    if styled { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Text of a child or a file, with control characters other than line ends and tabs made visible: nothing that a
/// project says may steer the user's terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let plain = !c.is_control() || c == '\n' || c == '\t';
            let escaped = (!plain).then(|| c.escape_default());
            plain.then_some(c).into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_child_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\tb\n\u{1b}[2Jc\u{7}"), "a\tb\n\\u{1b}[2Jc\\u{7}");
    }
}
