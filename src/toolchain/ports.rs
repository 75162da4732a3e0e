//! The targets of an SDK, read from its own source.
//!
//! `go tool dist list` would have to compile `dist` first (SDKs since 1.25 ship without it); the same list is in
//! `src/internal/platform/zosarch.go`, which Go generates from `cmd/dist`.

use camino::Utf8Path;

use crate::fs;
use crate::model::Port;

/// The pairs of the SDK at `goroot`, in its order; empty when the list has another form.
pub(super) fn read(goroot: &Utf8Path) -> fs::Result<Vec<Port>> {
    Ok(parse(&fs::read_text(&goroot.join("src/internal/platform/zosarch.go"))?))
}

/// Reads the lines `{"linux", "amd64"}: {CgoSupported: true, FirstClass: true},` of the table `distInfo`.
fn parse(source: &str) -> Vec<Port> {
    let mut ports: Vec<Port> = source
        .lines()
        .skip_while(|line| !line.starts_with("var distInfo"))
        .filter_map(|line| {
            let (pair, flags) = line.trim().strip_prefix('{')?.split_once("}:")?;
            let (os, arch) = pair.split_once(',')?;
            let unquote = |word: &str| word.trim().trim_matches('"').to_owned();
            Some(Port {
                os: unquote(os),
                arch: unquote(arch),
                first_class: flags.contains("FirstClass: true"),
                broken: flags.contains("Broken: true"),
            })
        })
        .collect();
    ports.sort_by(|a, b| (&a.os, &a.arch).cmp(&(&b.os, &b.arch)));
    ports
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_the_table_counts() {
        let ports = parse(
            "var List = []OSArch{\n\t{\"aix\", \"ppc64\"},\n}\nvar distInfo = map[OSArch]osArchInfo{\n\
             \t{\"linux\", \"amd64\"}:   {CgoSupported: true, FirstClass: true},\n\
             \t{\"js\", \"wasm\"}:       {},\n\t{\"linux\", \"sparc64\"}: {CgoSupported: true, Broken: true},\n}\n",
        );
        let seen: Vec<_> = ports.iter().map(|p| (p.target().to_string(), p.first_class, p.broken)).collect();
        assert_eq!(
            seen,
            [
                ("js/wasm".to_owned(), false, false),
                ("linux/amd64".to_owned(), true, false),
                ("linux/sparc64".to_owned(), false, true)
            ]
        );
        assert!(parse("nothing").is_empty());
    }
}
