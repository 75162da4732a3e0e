//! The `h1:` of a module from its list.

use super::LockedFile;
use crate::model::ModuleVersion;
use crate::vendor::h1;

/// The sum of files that are sorted by path. In the hashed text each has `path@version/` in front, which does not
/// change the order.
pub(super) fn sum(module: &ModuleVersion, files: &[LockedFile]) -> String {
    let files = files.iter().map(|file| (file.sha256.as_str(), file.path.as_str()));
    h1::of_list(&format!("{module}/"), files)
}

#[cfg(test)]
mod tests {
    use super::sum;
    use crate::model::{Digest, ModuleVersion};
    use crate::vendor::lock::LockedFile;

    #[test]
    fn the_sum_that_other_tools_compute() {
        // By sha256sum and base64.
        let module = ModuleVersion { path: "a.test/m".into(), version: "v1.0.0".into() };
        let file = |path: &str, text: &str| LockedFile {
            vendored: false,
            sha256: Digest::of_bytes(text.as_bytes()).sha256,
            path: path.into(),
        };
        let files = [file("go.mod", "module a.test/m\n"), file("m.go", "package m\n")];
        assert_eq!(sum(&module, &files), "h1:Jj5JUwi1qoRLd6yD17f+imNxsPxSQZHqK7HpVJCO7tg=");
    }
}
