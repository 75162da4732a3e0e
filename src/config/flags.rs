//! Flags of builds and overrides.

use super::problem::{Located, Problem};
use super::sections::FlagSection;
use super::template::{PLACEHOLDERS, Template, Values};
use super::tool_flags::Tool;
use super::tool_words::check_words;
use super::words::variable_name;

/// Reports flags that no sealed build without a C toolchain can follow.
pub(super) fn check_flags(flags: &FlagSection, problems: &mut Vec<Problem>) {
    let ldflags: Option<Vec<Located<String>>> = flags.ldflags.as_ref().map(|list| {
        let filled = |flag: &Located<Template>| flag.value.render(&stand_ins());
        list.iter().map(|flag| Located { value: filled(flag), span: flag.span.clone() }).collect()
    });
    for (tool, list) in
        [(Tool::Link, &ldflags), (Tool::Compile, &flags.gcflags), (Tool::Assemble, &flags.asmflags)]
    {
        check_words(tool, list.as_deref().unwrap_or_default(), problems);
    }
    for tag in flags.tags.iter().flatten() {
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        if tag.value.is_empty() || !tag.value.chars().all(plain) {
            problems.push(Problem::new(
                tag.span.clone(),
                format!("{:?} is not a build tag", tag.value),
                "letters, digits, _ and . only",
                "write one tag per element: `tags = [\"netgo\", \"osusergo\"]`",
            ));
        }
    }
    for name in flags.env.iter().flatten() {
        if name.value.contains('=') {
            problems.push(Problem::new(
                name.span.clone(),
                "`env` lists names, not values",
                "has a value",
                "write the name alone: its value comes from the host's environment",
            ));
        } else if !variable_name(&name.value) {
            problems.push(Problem::new(
                name.span.clone(),
                format!("{:?} is not the name of a variable", name.value),
                "not a name",
                "write `env = [\"GOEXPERIMENT\"]`",
            ));
        } else if breaks_the_seal(&name.value) {
            problems.push(Problem::new(
                name.span.clone(),
                format!("{} cannot be let into a sealed build", name.value),
                "xbuild sets this itself, or it runs or swaps programs",
                "take it out; GOEXPERIMENT, GOFIPS140 and names that Go does not read may pass",
            ));
        }
    }
}

/// A value for every placeholder, itself. None of the real ones holds a space or a quote, so each is one part of a
/// word, as this is; and a word that is nothing but a placeholder would be a file's name.
fn stand_ins() -> Values {
    PLACEHOLDERS.iter().map(|(name, _)| (*name, format!("{{{name}}}"))).collect()
}

/// Variables that steer `go` itself, the C toolchain, git or the loader.
fn breaks_the_seal(name: &str) -> bool {
    const HARMLESS: &[&str] = &["GOEXPERIMENT", "GOFIPS140"];
    const HOST: &[&str] = &[
        "PATH",
        "HOME",
        "TMPDIR",
        "TMP",
        "TEMP",
        "CC",
        "CXX",
        "FC",
        "AR",
        "PKG_CONFIG",
        "PWD",
        "TZ",
        "IFS",
        "ENV",
        "BASH_ENV",
        "SHELL",
        "WORK",
        "ZONEINFO",
        "LANG",
        "NETRC",
        "BROWSER",
        "DISPLAY",
        "EDITOR",
        "PAGER",
        "PATHEXT",
        "SYSTEMROOT",
        "APPDATA",
        "LOCALAPPDATA",
        "USERPROFILE",
        "LOCALDOMAIN",
        "RES_OPTIONS",
        "HOSTALIASES",
        "CPATH",
        "C_INCLUDE_PATH",
        "LIBRARY_PATH",
        "COMPILER_PATH",
        "GCC_EXEC_PREFIX",
        "DEBUG_TRACE_INLHEUR",
        "DEBUG_HTTP2_GOROUTINES",
        "NODEFAULTCURRENTDIRECTORYINEXEPATH",
    ];
    const PREFIXES: &[&str] =
        &["GO", "CGO_", "LD_", "DYLD_", "GIT_", "XDG_", "LC_", "SSH_", "PKG_CONFIG_", "SSL_CERT_", "XBUILD_"];
    let name = name.to_ascii_uppercase();
    !HARMLESS.contains(&name.as_str())
        && (HOST.contains(&name.as_str())
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || name.ends_with("_PROXY"))
}
