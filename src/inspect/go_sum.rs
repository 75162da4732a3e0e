//! The sums that a program's modules are held to.

use std::collections::BTreeMap;

/// The `h1:` sums of module contents in a go.sum, by module path and version.
/// Source of the format: <https://go.dev/ref/mod#go-sum-files>.
pub fn go_sums(text: &str) -> BTreeMap<(String, String), String> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (path, version, sum) = (words.next()?, words.next()?, words.next()?);
            let content = !version.ends_with("/go.mod") && sum.starts_with("h1:");
            content.then(|| ((path.to_owned(), version.to_owned()), sum.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::go_sums;

    #[test]
    fn only_contents_count() {
        let sums = go_sums("a.test/m v1.0.0 h1:AAA=\na.test/m v1.0.0/go.mod h1:BBB=\nbroken line\n");
        assert_eq!(
            sums.into_iter().collect::<Vec<_>>(),
            [(("a.test/m".into(), "v1.0.0".into()), "h1:AAA=".into())]
        );
    }
}
