//! The command line as such: help, exit codes, which stream, colour.

use crate::support::Project;

#[test]
fn help_lists_every_exit_code() {
    let project = Project::empty();
    let help = project.xbuild(&["--help"]).ok();
    assert_eq!(help.stderr, "");
    let (_, codes) = help.stdout.split_once("Exit codes:\n").expect("a section on exit codes");
    let numbers: Vec<&str> = codes.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "129+"]);
    for word in ["130", "143", "XBUILD_JOBS", "NO_COLOR", "SOURCE_DATE_EPOCH"] {
        assert!(help.stdout.contains(word), "{word} is not in:\n{}", help.stdout);
    }
    for command in ["build", "plan", "targets", "vendor", "init"] {
        let help = project.xbuild(&[command, "--help"]).ok();
        assert!(help.stdout.contains(&format!("Usage: xbuild {command}")), "{}", help.stdout);
    }
    let version = project.xbuild(&["--version"]).ok();
    assert_eq!(version.stdout, format!("xbuild {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_misspelt_word_is_a_usage_error_with_a_hint() {
    let project = Project::hello();
    for (args, hint) in [
        (&["plna"][..], "'plan'"),
        (&["plan", "--tagret", "linux/amd64"], "'--target'"),
        (&["--onlin"], "'--online'"),
        (&["-j", "0"], "1..=4096"),
        (&["-j", "x"], "invalid value 'x'"),
        (&["--color", "blue"], "auto, always, never"),
        (&["-q", "-v", "plan"], "cannot be used with"),
        (&["--online", "--offline"], "cannot be used with"),
        (&["--json", "plan"], "write the command first, then its flags"),
    ] {
        let outcome = project.xbuild(args).code(2);
        outcome.says("error: ").says(hint);
        assert_eq!(outcome.stdout, "", "{args:?}");
    }
    assert!(!project.exists("dist"));
}

#[test]
fn data_on_standard_output_words_on_standard_error() {
    let project = Project::hello();
    for args in
        [&["plan"][..], &["plan", "--json"], &["targets"], &["targets", "--json"], &["init", "--stdout"]]
    {
        let outcome = project.xbuild(args).ok();
        assert!(!outcome.stdout.is_empty() && outcome.stderr.is_empty(), "{args:?}: {outcome:?}");
        let quiet = project.xbuild(&[args, &["-q"]].concat()).ok();
        assert_eq!(quiet.stdout, outcome.stdout, "-q leaves data alone");
    }
    let noted = project.xbuild(&["plan", "--json"]).env("XBUILD_JOB", "1").ok();
    serde_json::from_str::<serde_json::Value>(&noted.stdout).unwrap();
    assert!(noted.stderr.starts_with("note"), "{}", noted.stderr);
    let quiet = project.xbuild(&["plan", "--json", "-q"]).env("XBUILD_JOB", "1").ok();
    assert_eq!(quiet.stderr, "", "-q holds notes back");
}

#[test]
fn quiet_still_says_what_failed() {
    let project = Project::hello().file("targets.toml", "schema = 1\n[settings]\njobs = 0\n");
    project.xbuild(&["-q", "plan"]).code(3).says("0 CPU slots cannot be used");
    let project = Project::hello();
    project.xbuild(&["-q", "plan", "-t", "nowhere/none"]).code(2).says("error: ").says("next: ");
    assert_eq!(project.xbuild(&["-q", "init"]).ok().stderr, "");
    assert!(project.exists("targets.toml"));
}

#[test]
fn colour_only_where_it_is_wanted() {
    let bad_file = Project::hello().file("targets.toml", "schema = 1\n[settings]\njobs = 0\n");
    let bad_request = Project::hello();
    for (project, args) in [(&bad_file, &["plan"][..]), (&bad_request, &["plan", "-t", "nowhere/none"])] {
        let call = |more: &[&str]| project.xbuild(&[args, more].concat());
        let coloured = |outcome: crate::support::Outcome| {
            assert_ne!(outcome.code, 0);
            outcome.stderr.contains('\u{1b}')
        };
        assert!(!coloured(call(&[]).run()), "not on a pipe");
        assert!(coloured(call(&["--color", "always"]).run()));
        assert!(coloured(call(&["--color", "always"]).env("NO_COLOR", "1").run()), "a flag beats NO_COLOR");
        assert!(coloured(call(&[]).env("XBUILD_COLOR", "always").run()));
        assert!(coloured(call(&[]).env("CLICOLOR_FORCE", "1").run()));
        assert!(!coloured(call(&[]).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").run()));
        assert!(!coloured(call(&["--color", "never"]).env("CLICOLOR_FORCE", "1").run()));
        let plain = call(&["--color", "never"]).run().stderr;
        assert!(plain.starts_with("error: "), "{plain}");
    }
    let plan = bad_request.xbuild(&["plan", "--color", "always"]).ok();
    assert!(!plan.stdout.contains('\u{1b}'), "data carries no colour");
}
