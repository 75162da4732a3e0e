//! Errors: subject, cause, next step; mistakes in a file with an excerpt and a caret.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::terminal::{Terminal, harmless, paint};
use crate::config::ConfigError;
use crate::error::Error;

/// Width of excerpts, so that a message is the same whatever the terminal.
const WIDTH: usize = 140;

/// Says why the run failed.
pub fn show_error(error: &Error, terminal: &Terminal) {
    if let Error::Config(error) = error {
        terminal.say(&render_config_error(error, terminal.styled()));
        return;
    }
    let styled = terminal.styled();
    let mut text = format!("{} {}\n", paint(styled, "1;31", "error:"), harmless(&error.to_string()));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = harmless(&cause.to_string());
        if !text.contains(&cause_text) {
            text.push_str(&format!("  {cause_text}\n"));
        }
        source = cause.source();
    }
    if let Some(step) = error.next_step() {
        text.push_str(&format!("{} {}\n", paint(styled, "1;36", "next:"), harmless(&step)));
    }
    terminal.say(&text);
}

/// Every mistake of a file with its place, as text.
pub fn render_config_error(error: &ConfigError, styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH);
    let path = error.source_file.path.as_str();
    let mut text = String::new();
    for problem in &error.problems {
        let main = AnnotationKind::Primary.span(problem.span.clone()).label(&problem.label);
        let mut snippet = Snippet::source(&error.source_file.text).path(path).annotation(main);
        if let Some((span, label)) = &problem.also {
            snippet = snippet.annotation(AnnotationKind::Context.span(span.clone()).label(label));
        }
        let group = Level::ERROR.primary_title(&problem.title).element(snippet);
        let help = Level::HELP.message(&problem.help);
        text.push_str(&renderer.render(&[group.element(help)]));
        text.push_str("\n\n");
    }
    let count = error.problems.len();
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    text.push_str(&format!(
        "{} {path} has {count} {noun}; nothing was built\n",
        paint(styled, "1;31", "error:")
    ));
    text
}
