//! Why programs were built, or would be, in one screen.

use jiff::Timestamp;

use super::table::{Table, seconds};
use super::terminal::{harmless, paint};
use crate::model::Target;
use crate::pipeline::{Explanation, Last, Verdict};
use crate::seal::{Change, What};

/// More differences than this are counted, not shown.
const MOST: usize = 20;

/// The explanations in words. Programs with the same story stand together.
pub fn explanation(all: &[Explanation], styled: bool) -> String {
    let mut groups: Vec<(Vec<&Target>, &str, Vec<String>)> = Vec::new();
    for one in all {
        let story = story(one, styled);
        match groups.iter_mut().find(|(_, build, told)| *build == one.build && *told == story) {
            Some((targets, _, _)) => targets.push(&one.target),
            None => groups.push((vec![&one.target], &one.build, story)),
        }
    }
    let mut lines = Vec::new();
    for (targets, build, story) in groups {
        let targets: Vec<String> = targets.into_iter().map(ToString::to_string).collect();
        lines.push(paint(styled, "1", &format!("{build}  {}", targets.join(" "))));
        lines.extend(story.into_iter().map(|line| format!("  {line}")));
    }
    lines.join("\n") + "\n"
}

fn story(one: &Explanation, styled: bool) -> Vec<String> {
    let mut lines = Vec::new();
    match one.verdict {
        Verdict::UpToDate => {
            let made = one.last.as_ref().and_then(|last| last.record.as_ref()).map(|record| {
                let seal = record.seal.map_or(String::new(), |seal| format!(", seal {seal}"));
                let vendor =
                    record.vendor.map_or(String::new(), |proof| format!(", vendor {}", proof.as_str()));
                let took = seconds(std::time::Duration::from_millis(record.milliseconds));
                format!(": built {} in {took}{seal}{vendor}", time(record.made))
            });
            lines.push(paint(styled, "1;32", "up to date") + &made.unwrap_or_default());
        }
        Verdict::Build => {
            let reasons = one.reasons.iter().map(|reason| harmless(reason)).collect::<Vec<_>>();
            lines.push(paint(styled, "1;33", "would be built") + ": " + &reasons.join("; "));
        }
    }
    if !one.changes.is_empty() {
        let since = one.last.as_ref().map_or(String::new(), |last| format!(" of {}", time(last.since)));
        lines.push(format!("changed since the program{since}:"));
        lines.extend(table(&one.changes));
    }
    if let (Verdict::UpToDate, Some(last)) = (one.verdict, &one.last) {
        lines.extend(because(last));
    }
    lines
}

fn because(last: &Last) -> Vec<String> {
    if !last.has_previous {
        return vec!["it was built because there was none before".to_owned()];
    }
    let mut lines = vec!["it was built because of".to_owned()];
    lines.extend(table(&last.changes));
    lines
}

fn table(changes: &[Change]) -> Vec<String> {
    /// Both values of a flag together, in bytes, that are shown as they are.
    const LONG: usize = 60;
    let mut table = Table::default();
    for change in changes.iter().take(MOST) {
        let files = match change.files {
            0 => String::new(),
            1 => "  (1 file)".to_owned(),
            count => format!("  ({count} files)"),
        };
        let (old, new) = match (&change.old, &change.new) {
            (Some(old), Some(new))
                if matches!(change.what, What::Flag | What::Variable) && old.len() + new.len() > LONG =>
            {
                let (old, new) = differing(old, new);
                (Some(old), Some(new))
            }
            (old, new) => (old.clone(), new.clone()),
        };
        let side = |side: Option<String>| side.as_deref().map_or("-".to_owned(), harmless);
        let values = format!("{} -> {}{files}", side(old), side(new));
        table.row([word(change.what).to_owned(), harmless(&change.name), values]);
    }
    let mut lines: Vec<String> = table.render(&[]).into_iter().map(|line| format!("  {line}")).collect();
    if changes.len() > MOST {
        lines.push(format!("  and {} more; --json has all", changes.len() - MOST));
    }
    lines
}

/// Of two lists of words what is between the words that both begin and end with; `…` stands for those.
fn differing(old: &str, new: &str) -> (String, String) {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split(' ').collect(), new.split(' ').collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let before = old.iter().zip(&new).take_while(same).count();
    let least = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take(least).take_while(same).count();
    let part = |words: &[&str]| {
        let dots = |count: usize| if count > 0 { "…" } else { "" };
        let middle = words[before..words.len() - after].join(" ");
        if middle.is_empty() {
            return dots(before + after).to_owned();
        }
        let parts = [dots(before), middle.as_str(), dots(after)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    (part(&old), part(&new))
}

fn word(what: What) -> &'static str {
    match what {
        What::Format => "format",
        What::Sdk => "sdk",
        What::Module => "module",
        What::Flag => "flag",
        What::Variable => "variable",
        What::Build => "build",
        What::Modules => "modules",
        What::File => "file",
        What::Embed => "embed",
    }
}

/// `2026-11-25 04:02:11Z`.
fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or(seconds.to_string(), |time| time.to_string().replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::differing;

    #[test]
    fn of_long_values_the_words_that_differ() {
        for (old, new, shown) in [
            ("a", "b", ("a", "b")),
            ("-s -X v=1 -X c=2", "-s -X v=3 -X c=2", ("… v=1 …", "… v=3 …")),
            ("-s", "-s -w", ("…", "… -w")),
            ("-w -s", "-s", ("-w …", "…")),
            ("", "-s", ("", "-s")),
            ("a a", "a a a", ("…", "… a")),
            ("-s -w -X v=1", "-s -X v=1", ("… -w …", "…")),
        ] {
            let (a, b) = differing(old, new);
            assert_eq!((a.as_str(), b.as_str()), shown);
        }
    }
}
