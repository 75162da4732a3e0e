//! A reader of go.sum. Source of the format: <https://go.dev/ref/mod#go-sum-files>.

use super::ModuleVersion;

/// The `h1:` sums of module contents, line by line; lines that are none of these are passed over.
pub fn go_sum_lines(text: &str) -> impl Iterator<Item = (ModuleVersion, String)> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (path, version, sum) = (words.next()?, words.next()?, words.next()?);
        let content = !version.ends_with("/go.mod") && sum.starts_with("h1:");
        content
            .then(|| (ModuleVersion { path: path.to_owned(), version: version.to_owned() }, sum.to_owned()))
    })
}
