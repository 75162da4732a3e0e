//! Flags of builds and overrides.

use super::problem::Problem;
use super::sections::FlagSection;
use super::words::variable_name;

/// Reports flags that no sealed build without a C toolchain can follow.
pub(super) fn check_flags(flags: &FlagSection, problems: &mut Vec<Problem>) {
    let mut mode_follows = false;
    for flag in flags.ldflags.iter().flatten() {
        let text = flag.value.render(&super::template::Values::new());
        let mut external = false;
        // Go splits at spaces, whether they stand inside an element or between two.
        for word in text.split_whitespace() {
            external |= mode_follows && word == "external";
            let name = word.strip_prefix('-').map_or("", |name| name.strip_prefix('-').unwrap_or(name));
            external |= name == "linkmode=external" || name.starts_with("extld");
            mode_follows = name == "linkmode";
        }
        if external {
            problems.push(Problem::new(
                flag.span.clone(),
                "external linking needs a C toolchain, and cgo is off",
                "asks for the external linker",
                "take the flag out: Go's own linker makes a static program",
            ));
        }
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

/// Variables that steer `go` itself, the C toolchain or the loader.
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
    ];
    const PREFIXES: &[&str] =
        &["GO", "CGO_", "LD_", "DYLD_", "GIT_", "XDG_", "LC_", "SSH_", "PKG_CONFIG_", "XBUILD_"];
    let name = name.to_ascii_uppercase();
    !HARMLESS.contains(&name.as_str())
        && (HOST.contains(&name.as_str())
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || name.ends_with("_PROXY"))
}
