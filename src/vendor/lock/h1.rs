//! go.sum's `h1:` from a list. Source: `Hash1` in golang.org/x/mod/sumdb/dirhash.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::LockedFile;
use crate::model::ModuleVersion;

/// The sum of files that are sorted by path. In the hashed text each has `path@version/` in front, which does not
/// change the order.
pub(super) fn sum(module: &ModuleVersion, files: &[LockedFile]) -> String {
    let mut text = String::with_capacity(files.len() * 160);
    for file in files {
        for part in [&file.sha256, "  ", &module.path, "@", &module.version, "/", &file.path, "\n"] {
            text.push_str(part);
        }
    }
    format!("h1:{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
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
