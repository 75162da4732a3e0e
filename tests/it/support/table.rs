//! Tables that `make test` shows at its end.

use std::fs;
use std::io::Write;
use std::path::Path;

/// Writes a table to `tables/<name>.txt` below the tests' own directory.
pub fn table(name: &str, text: &str) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tables");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join(format!("{name}.txt")), format!("{}\n", text.trim_end())).unwrap();
}

/// Says what a test passes over. The harness keeps what a test prints to itself when it succeeds; this it does not.
pub fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {}", what.trim());
}
