//! A diagnosis in words.

use super::table::Table;
use super::terminal::{Terminal, harmless, paint};
use crate::pipeline::{Diagnosis, Health};

/// Prints each finding, and below it what to do where there is something to do.
pub fn show_diagnosis(diagnosis: &Diagnosis, terminal: &Terminal) {
    let mut table = Table::default();
    for finding in &diagnosis.findings {
        let mark = match finding.health {
            Health::Good => "ok",
            Health::Reduced => "less",
            Health::Bad => "BAD",
        };
        table.row([mark, finding.subject, &harmless(&finding.text).replace('\n', " ")]);
    }
    let mut text = String::new();
    for (line, finding) in table.render(&[]).iter().zip(&diagnosis.findings) {
        let style = match finding.health {
            Health::Good => "32",
            Health::Reduced => "33",
            Health::Bad => "1;31",
        };
        let (mark, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
        text.push_str(&format!("{}{rest}\n", paint(terminal.styled_output(), style, mark)));
        if let Some(step) = &finding.next_step {
            text.push_str(&format!("      next: {}\n", harmless(step)));
        }
    }
    text.push_str(&format!("builds here are sealed as {} ({})\n", diagnosis.seal, diagnosis.seal.meaning()));
    terminal.data(&text);
}
