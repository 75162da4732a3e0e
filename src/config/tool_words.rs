//! `ldflags`, `gcflags` and `asmflags`, word by word as Go takes them.

use std::iter::Peekable;
use std::ops::Range;

use super::problem::{Located, Problem};
use super::tool_flags::{Tool, Verdict, debug_setting_writes};

/// Why a word cannot stand.
struct Refusal {
    title: String,
    label: &'static str,
    help: String,
}

/// Reports what a sealed build cannot give to a tool. A flag that no table has is refused as well: nobody knows what
/// it would read or run.
pub(super) fn check_words(tool: Tool, list: &[Located<String>], problems: &mut Vec<Problem>) {
    let words = match split(tool, list) {
        Ok(words) => words,
        Err(problem) => return problems.push(*problem),
    };
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        if let Some(Refusal { title, label, help }) = judge(tool, &word.value, &mut words) {
            let told = |other: &Problem| other.span == word.span && other.title == title;
            if !problems.iter().any(told) {
                problems.push(Problem::new(word.span, title, label, help));
            }
        }
    }
}

/// What is wrong with a word. Takes its value from the words behind it where it has one there.
fn judge(
    tool: Tool,
    word: &str,
    behind: &mut Peekable<impl Iterator<Item = Located<String>>>,
) -> Option<Refusal> {
    if word.starts_with('@') {
        return Some(response_file(word));
    }
    let Some(flag) =
        word.strip_prefix("--").or_else(|| word.strip_prefix('-')).filter(|flag| !flag.is_empty())
    else {
        return refuse(
            format!("`{word}` in `{}` is not a flag", tool.key()),
            "a file's name to the tool",
            match tool {
                Tool::Link => "take it out; a value with spaces stands in quotes: `-X 'main.name=two words'`",
                _ => "take it out; a pattern such as `all=` stands once, at the beginning of the list",
            },
        );
    };
    let (name, mut value) = match flag.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (flag, None),
    };
    let verdict = tool.verdict(name);
    if value.is_none() {
        // A flag that is refused takes its value along, or what is likely its value: one mistake is told once.
        let likely = |next: &Located<String>| !next.value.starts_with(['-', '@']);
        value = match verdict {
            Verdict::Alone => None,
            Verdict::WithValue | Verdict::Names | Verdict::External => behind.next().map(|next| next.value),
            _ => behind.next_if(likely).map(|next| next.value),
        };
    }
    match verdict {
        Verdict::Alone => None,
        Verdict::WithValue => judge_value(tool, name, value.as_deref()),
        Verdict::External => external(),
        Verdict::Names => refuse(
            format!("-{name} cannot be given to the {} of a sealed build", tool.name()),
            "names what lies outside the plan",
            format!("take it out: `go build` tells the {} what it reads and writes", tool.name()),
        ),
        Verdict::GoSets if name == "trimpath" => refuse(
            format!("-trimpath is for `go build` to give to the {}", tool.name()),
            "would take the place of Go's own",
            "take it out: xbuild always builds with -trimpath",
        ),
        Verdict::GoSets => refuse(
            format!("-{name} is for `go build` to give to the {}", tool.name()),
            "concerns every tool of the build",
            "take it out: a sealed build makes ordinary programs, as the plan says",
        ),
        Verdict::OfGoBuild => of_go_build(tool, name),
        Verdict::Unknown => refuse(
            format!("-{name} is not a flag of Go's {}", tool.name()),
            "not one that xbuild knows",
            format!("take it out; `go tool {} -h` lists what there is", tool.command()),
        ),
    }
}

fn judge_value(tool: Tool, name: &str, value: Option<&str>) -> Option<Refusal> {
    match value {
        None => refuse(
            format!("-{name} in `{}` has no value", tool.key()),
            "would take the next word of Go's own",
            format!("write the value behind it, `-{name}=VALUE`"),
        ),
        Some(value) if value.starts_with('@') => Some(response_file(value)),
        Some("external") if name == "linkmode" => external(),
        Some(value) if tool == Tool::Compile && name == "d" && debug_setting_writes(value) => refuse(
            format!("-d={value} makes the compiler write files"),
            "writes past the seal",
            "take it out, and run `go build` by hand where the dump is wanted",
        ),
        Some(_) => None,
    }
}

fn refuse(title: impl Into<String>, label: &'static str, help: impl Into<String>) -> Option<Refusal> {
    Some(Refusal { title: title.into(), label, help: help.into() })
}

fn external() -> Option<Refusal> {
    refuse(
        "external linking needs a C toolchain, and cgo is off",
        "asks for the external linker",
        "take the flag out: Go's own linker makes a static program",
    )
}

fn response_file(word: &str) -> Refusal {
    Refusal {
        title: format!("`{word}` would be replaced by what a file holds"),
        label: "Go's tools read flags from it",
        help: "write the flags themselves into the list".to_owned(),
    }
}

fn of_go_build(tool: Tool, name: &str) -> Option<Refusal> {
    let help = match name {
        "tags" => "write `tags = [\"netgo\"]` in the [[build]]".to_owned(),
        "ldflags" | "gcflags" | "asmflags" => format!("write it as `{name} = [...]` in the [[build]]"),
        "o" => "take it out: `dist` and `binary` say where programs go".to_owned(),
        "p" => "take it out: `jobs` in [settings] says how many run at once".to_owned(),
        "C" => "take it out: `dir` in [project] names the module".to_owned(),
        "pgo" => "take it out: Go uses the default.pgo beside the main package".to_owned(),
        "toolexec" | "exec" => {
            "take it out: a sealed build runs the SDK's own tools and nothing else".to_owned()
        }
        "overlay" | "mod" | "modfile" | "modcacherw" | "pkgdir" | "installsuffix" => {
            "take it out: a sealed build reads the module, its vendor tree and the SDK and nothing else"
                .to_owned()
        }
        _ => "take it out: xbuild gives `go build` its flags, as the plan shows them".to_owned(),
    };
    refuse(format!("-{name} is a flag of `go build`, not of the {}", tool.name()), "not for the tool", help)
}

/// The words of a list with the place of the element that each begins in.
///
/// The elements reach Go as one text with spaces between, behind an optional `pattern=`. A quote counts only at a
/// word's beginning. Source: `PerPackageFlag` in cmd/go/internal/load, `Split` in cmd/internal/quoted.
fn split(tool: Tool, list: &[Located<String>]) -> Result<Vec<Located<String>>, Box<Problem>> {
    const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];
    let texts: Vec<&str> = list.iter().map(|element| element.value.as_str()).collect();
    let joined = texts.join(" ");
    let span = |at: usize| -> Range<usize> {
        let mut end = 0;
        let found = list.iter().find(|element| {
            end += element.value.len() + 1;
            at < end
        });
        found.map_or(0..0, |element| element.span.clone())
    };
    let problem =
        |at: usize, title: String, label: &str, help: &str| Problem::new(span(at), title, label, help);
    let mut at = joined.len() - joined.trim_start().len();
    let first = &joined[at..];
    if !first.is_empty() && !first.starts_with(['-', '@']) {
        let equals = first.find('=').filter(|equals| *equals > 0 && !first.starts_with(['\'', '"']));
        let Some(equals) = equals else {
            return Err(Box::new(problem(
                at,
                format!("`{}` does not begin with a flag", tool.key()),
                "neither a flag nor a pattern",
                &format!("write `{0}`, or `all={0}` for every package", tool.example()),
            )));
        };
        at += equals + 1;
    }
    let mut words = Vec::new();
    while let Some(skipped) = joined[at..].find(|c| !SPACES.contains(&c)) {
        at += skipped;
        let rest = &joined[at..];
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let (text, length) = match quote {
            Some(quote) => match rest[1..].find(quote) {
                Some(length) => (&rest[1..=length], length + 2),
                None => {
                    return Err(Box::new(problem(
                        at,
                        format!("a {quote} in `{}` is never closed", tool.key()),
                        "the quote begins here",
                        "close it, or take it out: Go reads no backslash before a quote",
                    )));
                }
            },
            None => {
                let length = rest.find(SPACES).unwrap_or(rest.len());
                (&rest[..length], length)
            }
        };
        words.push(Located { value: text.to_owned(), span: span(at) });
        at += length;
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<(String, usize)> {
        let list: Vec<Located<String>> = (0..).zip(list).map(|(at, text)| element(text, at)).collect();
        let words = split(Tool::Link, &list).unwrap();
        words.into_iter().map(|word| (word.value, word.span.start)).collect()
    }

    fn element(text: &str, at: usize) -> Located<String> {
        Located { value: text.to_owned(), span: at..at + 1 }
    }

    fn mistakes(tool: Tool, list: &[&str]) -> usize {
        let list: Vec<Located<String>> = (0..).zip(list).map(|(at, text)| element(text, at)).collect();
        let mut problems = Vec::new();
        check_words(tool, &list, &mut problems);
        problems.len()
    }

    #[test]
    fn words_as_go_splits_them() {
        let expected =
            [("-s", 0), ("-X", 0), ("m.v=a  b", 1), ("-w", 2)].map(|(word, at)| (word.to_owned(), at));
        assert_eq!(words(&["-s -X", "'m.v=a  b'", "-w"]), expected);
        assert_eq!(words(&["all=-l", "x"]), [("-l".to_owned(), 0), ("x".to_owned(), 1)]);
        assert_eq!(words(&["-s", "'-n'-w"])[1..], [("-n".to_owned(), 1), ("-w".to_owned(), 1)]);
        assert_eq!(words(&["-X=a'b"]), [("-X=a'b".to_owned(), 0)]);
        assert_eq!(words(&["", "  "]), []);
        assert_eq!(words(&["-s '-X", "m.v=ü'"])[1..], [("-X m.v=ü".to_owned(), 0)]);
    }

    #[test]
    fn what_may_stand() {
        for list in [
            &["-s", "-w", "-X main.v=1"][..],
            &["-X", "main.v=-extld"],
            &["-X 'main.v=-o @x'", "-H windowsgui", "-buildid=", "--linkmode=internal"],
            &["./cmd/...=-s"],
        ] {
            assert_eq!(mistakes(Tool::Link, list), 0, "{list:?}");
        }
        assert_eq!(mistakes(Tool::Compile, &["all=-N -l", "-m=2", "-d=ssa/check/on,checkptr=0"]), 0);
        assert_eq!(mistakes(Tool::Assemble, &["-D NAME=1", "-S"]), 0);
    }

    #[test]
    fn a_refused_flag_is_one_mistake() {
        assert_eq!(mistakes(Tool::Compile, &["-N -toolexec /x -l"]), 1);
        assert_eq!(mistakes(Tool::Link, &["-tmpdir", "/x", "-s"]), 1);
        assert_eq!(mistakes(Tool::Link, &["-X", "@x"]), 1);
        assert_eq!(mistakes(Tool::Link, &["-", "--", "x", "-X"]), 4);
        assert_eq!(mistakes(Tool::Compile, &["-d ssa/opt/dump=main"]), 1);
    }
}
