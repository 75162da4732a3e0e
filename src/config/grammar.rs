//! Mistakes of TOML's own grammar, in words, without those that only follow from another.

use std::ops::Range;

use super::problem::Problem;

/// What is wrong with a text that is not TOML; nothing when the parser found nothing.
///
/// A list that is never closed swallows the rest of the file, and a parser that goes on finds a mistake in each of
/// its lines: only the list is reported. On one line only the first kind of mistake is.
pub(super) fn grammar_problems(text: &str, errors: &[toml::de::Error]) -> Vec<Problem> {
    let swallowed = errors.iter().any(|error| {
        let message = error.message();
        message.starts_with("unclosed inline table")
            || message.starts_with("unclosed array") && !message.starts_with("unclosed array table")
    });
    let mut errors: Vec<(Range<usize>, &str)> =
        errors.iter().map(|error| (within(text, error.span()), error.message())).collect();
    // Of two at one place, the string that does not end explains the list that does not.
    errors.sort_by_key(|(span, message)| (span.start, message.starts_with("unclosed"), span.end));
    let starts = |place: &Range<usize>| errors.iter().any(|(span, _)| place.contains(&span.start));
    let open = swallowed.then(|| unclosed(text)).flatten().map(|(bracket, string)| match string {
        Some(string) if !starts(&(bracket.start..string.start)) => string,
        _ => bracket,
    });
    let end = open.as_ref().map_or(usize::MAX, |open| open.start);
    let mut problems: Vec<Problem> = Vec::new();
    let mut last: Option<(usize, &str)> = None;
    for (span, message) in errors {
        let line = text[..span.start].matches('\n').count();
        if span.start >= end || last.is_some_and(|(other, kind)| other == line && kind != message) {
            continue;
        }
        last = Some((line, message));
        problems.push(problem(text, span, message));
    }
    problems.extend(open.map(|span| {
        let (what, close) = match &text[span.clone()] {
            "[" => ("a list", "]"),
            "{" => ("a table", "}"),
            quote => ("a string", quote),
        };
        let title = format!("this is not TOML: {what} that is never closed");
        Problem::new(span, title, "begins here", format!("close it with `{close}`"))
    }));
    problems
}

fn within(text: &str, span: Option<Range<usize>>) -> Range<usize> {
    let span = span.unwrap_or(0..0);
    let end = (0..=span.end.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let start = (0..=span.start.min(end)).rev().find(|start| text.is_char_boundary(*start)).unwrap_or(0);
    start..end
}

fn problem(text: &str, span: Range<usize>, message: &str) -> Problem {
    let bare = ["string values must be quoted", "invalid boolean", "invalid float, expected"];
    let mut span = span;
    let (message, help) = if bare.iter().any(|start| message.starts_with(start)) {
        // The parser may have taken the first half for a number.
        let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
        span.start = text[..span.start].trim_end_matches(part).len();
        let word = text[span.clone()].trim();
        if word.is_empty() {
            ("a value is missing".to_owned(), "write a value behind the `=`".to_owned())
        } else {
            (format!("{word} is no value"), format!("a text stands in quotes: write `\"{word}\"`"))
        }
    } else {
        (message.to_owned(), help(message).to_owned())
    };
    Problem::new(span, format!("this is not TOML: {message}"), "here", help)
}

fn help(message: &str) -> &'static str {
    const HELP: &[(&str, &str)] = &[
        ("duplicate key", "each key and each [table] stands once: join the two, or take one out"),
        ("missing comma", "write a `,` between the two"),
        ("missing escaped value", "write `\\\\` for one backslash; paths are written with `/`"),
        ("invalid unquoted key", "write `key = value`"),
        ("key with no value", "write `key = value`"),
        ("unclosed array table", "close it with `]]`"),
        ("unclosed table", "close it with `]`"),
        ("invalid basic string, expected `\"`", "close it with `\"`"),
        ("invalid literal string, expected `'`", "close it with `'`"),
    ];
    let known = HELP.iter().find(|(start, _)| message.starts_with(start));
    known.map_or("see https://toml.io for how TOML is written", |(_, help)| help)
}

/// The outermost bracket that nothing closes, and the string behind it that its line does not end.
fn unclosed(text: &str) -> Option<(Range<usize>, Option<Range<usize>>)> {
    let mut open: Vec<usize> = Vec::new();
    let mut line_is_blank = true;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        let end_of_line = || text[at..].find('\n').map_or(text.len(), |length| at + length);
        match c {
            '\n' => line_is_blank = true,
            '#' => at = end_of_line(),
            '[' if line_is_blank && open.is_empty() => at = end_of_line(),
            '[' | '{' => open.push(at),
            ']' | '}' => {
                open.pop();
            }
            '"' | '\'' => match end_of_string(text, at) {
                Some(end) => at = end,
                None if open.is_empty() => at = end_of_line(),
                None => return Some((open[0]..open[0] + 1, Some(at..next))),
            },
            _ => {}
        }
        line_is_blank = c == '\n' || line_is_blank && c.is_whitespace();
        at = at.max(next);
    }
    open.first().map(|at| (*at..at + 1, None))
}

/// Where the string that begins at `start` ends; `None` when its line or the text does first.
fn end_of_string(text: &str, start: usize) -> Option<usize> {
    let quote = &text[start..=start];
    let long = quote.repeat(3);
    if text[start..].starts_with(&long) {
        return text[start + 3..].find(&long).map(|length| start + 3 + length + 3);
    }
    let mut escaped = false;
    for (offset, c) in text[start + 1..].char_indices() {
        match c {
            '\n' => return None,
            '\\' if quote == "\"" => escaped = !escaped,
            _ if !escaped && quote.starts_with(c) => return Some(start + 1 + offset + 1),
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::unclosed;

    fn open(text: &str) -> Option<usize> {
        unclosed(text).map(|(bracket, _)| bracket.start)
    }

    #[test]
    fn the_outermost_open_bracket() {
        assert_eq!(open("a = [\n  \"x\",\n\n[project]\nb = 1\n"), Some(4));
        assert_eq!(open("a = [1]\n[t]\nb = [[1], [2]\n"), Some(16));
        assert_eq!(open("a = { b = 1\nc = 2\n"), Some(4));
        assert_eq!(unclosed("a = [\"x]\n[t]\n"), Some((4..5, Some(5..6))));
    }

    #[test]
    fn brackets_that_do_not_count() {
        assert_eq!(open("# [\na = \"[\" # [\n[t]\nb = '[{'\nc = [\"]\\\"[\", ']']\n[[u]]\n"), None);
        assert_eq!(open("a = \"\"\"[\n[\n\"\"\"\n"), None);
        assert_eq!(open("[t\na = 1\n"), None);
    }
}
