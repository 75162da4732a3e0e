//! The sums that a program's modules are held to.

use std::collections::BTreeMap;

use crate::model::go_sum_lines;

/// The `h1:` sums of module contents in a go.sum, by module path and version.
pub fn go_sums(text: &str) -> BTreeMap<(String, String), String> {
    go_sum_lines(text).map(|(module, sum)| ((module.path, module.version), sum)).collect()
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
