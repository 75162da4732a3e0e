//! The store, in words.

use super::table::{Table, seconds, size};
use super::terminal::harmless;
use crate::cache::{Kind, RunLine, Verification};
use crate::pipeline::{Collected, Statistics};

/// How full a store is, and how useful it was.
pub fn statistics(statistics: &Statistics) -> String {
    let mut table = Table::default();
    table.row(["KIND", "ENTRIES", "SIZE"]);
    for kind in Kind::ALL {
        if let Some(amount) = statistics.kinds.get(kind.as_str()) {
            table.row([kind.as_str().to_owned(), amount.entries.to_string(), size(amount.bytes)]);
        }
    }
    table.row(["all".to_owned(), String::new(), size(statistics.bytes)]);
    let limit = statistics.limit.map_or("no limit".to_owned(), |limit| format!("limit {}", size(limit)));
    let mut lines = vec![format!("{}  ({limit})", harmless(statistics.dir.as_str()))];
    lines.extend(table.render(&[1, 2]));
    for count in [1, 10, 100] {
        let runs = &statistics.runs[statistics.runs.len().saturating_sub(count)..];
        if runs.len() == count || (count > 1 && runs.len() > count / 10) {
            lines.push(rate(runs));
        }
    }
    lines.join("\n") + "\n"
}

fn rate(runs: &[RunLine]) -> String {
    let sum = |of: fn(&RunLine) -> u64| runs.iter().map(of).sum::<u64>();
    let (hits, built, failed) = (sum(|run| run.hits), sum(|run| run.built), sum(|run| run.failed));
    let all = hits + built + failed;
    let percent = (hits * 100).checked_div(all).map_or("-".to_owned(), |percent| format!("{percent} %"));
    let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
    let time = seconds(std::time::Duration::from_millis(sum(|run| run.milliseconds)));
    let which =
        if runs.len() == 1 { "the last run".to_owned() } else { format!("the last {} runs", runs.len()) };
    format!("{which}: {hits} of {all} programs from the store ({percent}), {built} built{failed}, {time}")
}

/// What went, or would go.
pub fn pruned(collected: &Collected) -> String {
    /// More entries than this are counted, not shown.
    const MOST: usize = 20;
    let mut table = Table::default();
    table.row(["KIND", "SIZE", "IDLE", "ENTRY"]);
    for entry in collected.entries.iter().take(MOST) {
        let path = harmless(entry.path.as_str());
        table.row([
            entry.kind.as_str().to_owned(),
            size(entry.bytes),
            format!("{} d", entry.idle_days),
            path,
        ]);
    }
    let mut lines = Vec::new();
    if !collected.entries.is_empty() {
        lines.extend(table.render(&[1, 2]));
    }
    if collected.entries.len() > MOST {
        lines.push(format!("and {} more; --json has all", collected.entries.len() - MOST));
    }
    for (kind, amount) in &collected.kinds {
        lines.push(format!("{kind}: {} entries, {}", amount.entries, size(amount.bytes)));
    }
    if collected.beside_builds {
        lines.push("a build runs: what Go may be reading stays".to_owned());
    }
    let verb = if collected.dry_run { "would go" } else { "removed" };
    let left = size(collected.before.saturating_sub(collected.freed));
    lines.push(format!("{verb}: {} of {}; {left} stay", size(collected.freed), size(collected.before)));
    lines.join("\n") + "\n"
}

/// What a look at everything found.
pub fn verified_store(verification: &Verification) -> String {
    let mut lines = Vec::new();
    for (word, list) in [("damaged", &verification.damaged), ("dangling", &verification.dangling)] {
        lines.extend(list.iter().map(|path| format!("{word}  {}", harmless(path.as_str()))));
    }
    let verdict = match (verification.damaged.len(), verification.dangling.len()) {
        (0, 0) => "all whole".to_owned(),
        (damaged, dangling) => format!(
            "{damaged} damaged and put aside, {dangling} records without content removed; the next builds make them anew"
        ),
    };
    lines.push(format!("{} entries, {}: {verdict}", verification.entries, size(verification.bytes)));
    lines.join("\n") + "\n"
}
