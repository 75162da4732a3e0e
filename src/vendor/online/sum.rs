//! The sums of go.sum, computed from files.
//! Source of the algorithm: <https://go.dev/ref/mod#go-sum-files> and `Hash1` of golang.org/x/mod/sumdb/dirhash.

use std::io::{self, Read, Seek};

use sha2::{Digest as _, Sha256};

use crate::model::hex;
use crate::vendor::contents::MAX_ZIP;
use crate::vendor::h1;

/// The most bytes that a go.mod may have: Go's own limit.
pub(super) const MAX_GO_MOD: u64 = 16 << 20;

/// The `h1:` sum of a go.mod.
pub(super) fn of_go_mod(bytes: &[u8]) -> String {
    h1::of_list("", [(hex(&Sha256::digest(bytes)).as_str(), "go.mod")])
}

/// The `h1:` sum of a module's zip.
///
/// # Errors
/// What makes it no zip of a module: damage, names that are not UTF-8 or hold a line end, more than [`MAX_ZIP`]
/// bytes in its files.
pub(super) fn of_zip(file: impl Read + Seek) -> io::Result<String> {
    let mut archive = zip::ZipArchive::new(file)?;
    let mut list = Vec::new();
    let mut left = MAX_ZIP;
    let mut buffer = vec![0; 64 << 10];
    for index in 0..archive.len() {
        let entry = archive.by_index(index)?;
        let name = std::str::from_utf8(entry.name_raw()).ok().filter(|name| !name.contains('\n'));
        let name =
            name.ok_or_else(|| io::Error::other("a file in it has a name that no module has"))?.to_owned();
        let mut bounded = entry.take(left + 1);
        let mut state = Sha256::new();
        loop {
            let count = bounded.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            state.update(&buffer[..count]);
            left = left
                .checked_sub(count as u64)
                .ok_or_else(|| io::Error::other("its files are larger than Go allows"))?;
        }
        list.push((name, hex(&state.finalize())));
    }
    list.sort();
    Ok(h1::of_list("", list.iter().map(|(name, digest)| (digest.as_str(), name.as_str()))))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::{of_go_mod, of_zip};

    #[test]
    fn sums_that_go_has_published() {
        // github.com/davecgh/go-spew v1.1.1/go.mod, as it stands in many a go.sum.
        assert_eq!(
            of_go_mod(b"module github.com/davecgh/go-spew\n"),
            "h1:J7Y8YcW2NihsgmVo/mv3lAwl/skON4iLHjSsI+c5H38="
        );
    }

    #[test]
    fn the_order_in_a_zip_does_not_matter() {
        let zip = |names: &[&str]| {
            let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
            for name in names {
                zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
                zip.write_all(name.as_bytes()).unwrap();
            }
            of_zip(zip.finish().unwrap()).unwrap()
        };
        assert_eq!(zip(&["m@v1/a", "m@v1/b"]), zip(&["m@v1/b", "m@v1/a"]));
        assert_ne!(zip(&["m@v1/a", "m@v1/b"]), zip(&["m@v1/a", "m@v1/c"]));
        assert!(of_zip(Cursor::new(b"garbage".to_vec())).is_err());
    }
}
