//! The tables of flags hold those of the SDK at hand.

use std::process::Command;

use crate::support::Project;

/// Each tool's flags, one `[[override]]` each: none is unknown, and those that take a value are known to.
#[test]
fn every_flag_of_the_tools_is_judged() {
    for (tool, key, at_least) in
        [("link", "ldflags", 45), ("compile", "gcflags", 60), ("asm", "asmflags", 15)]
    {
        let output = Command::new("go").args(["tool", tool, "-h"]).output().unwrap();
        let help = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let flags: Vec<(&str, bool)> = help
            .lines()
            .filter_map(|line| line.strip_prefix("  -"))
            .map(|line| {
                let head = line.split('\t').next().unwrap();
                let mut words = head.split_whitespace();
                (words.next().unwrap(), words.next().is_some())
            })
            .collect();
        assert!(flags.len() >= at_least, "go tool {tool} -h is written in another way:\n{help}");
        let mut text = "schema = 1\ntargets = [\"linux/amd64\"]\n".to_owned();
        let mut lines = Vec::new();
        for (name, _) in &flags {
            text.push_str(&format!("\n[[override]]\ntargets = [\"linux/*\"]\n{key} = [\"-{name}\"]\n"));
            lines.push(text.lines().count());
        }
        let outcome =
            Project::hello().file("targets.toml", &text).xbuild(&["plan", "--color", "never"]).code(3);
        let said = |line: usize| -> Option<&str> {
            let place = format!("--> targets.toml:{line}:");
            let at = outcome.stderr.lines().position(|other| other.trim_start().starts_with(&place))?;
            outcome.stderr.lines().nth(at - 1)
        };
        for ((name, takes_value), line) in flags.iter().zip(lines) {
            let said = said(line);
            assert!(!said.is_some_and(|said| said.contains("is not a flag of")), "{tool} -{name}: {said:?}");
            let no_value = said.is_some_and(|said| said.contains("has no value"));
            let allowed = said.is_none();
            assert!(!(allowed && *takes_value), "{tool} -{name} takes a value");
            assert!(!no_value || *takes_value, "{tool} -{name} takes no value");
        }
    }
}
