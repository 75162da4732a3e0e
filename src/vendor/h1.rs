//! go.sum's `h1:` of a list of files. Source: `Hash1` in golang.org/x/mod/sumdb/dirhash.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The sum of files given as SHA-256 (hexadecimal) and name, sorted by name; `prefix` stands before every name.
pub(super) fn of_list<'l>(prefix: &str, files: impl IntoIterator<Item = (&'l str, &'l str)>) -> String {
    let mut state = Sha256::new();
    for (sha256, name) in files {
        for part in [sha256, "  ", prefix, name, "\n"] {
            state.update(part);
        }
    }
    format!("h1:{}", STANDARD.encode(state.finalize()))
}
