//! What Go's cache says of a step, line by line, for the parent to read when the step has ended.
//!
//! The step itself can write this file. So a line is never more than a hint at what to look at: the parent hashes what
//! it takes in, and looks itself at what is said to be damaged.

use std::io::Read;

use camino::Utf8Path;

use super::entry::{Id, parse};
use crate::fs;
use crate::model::{Blake3, hex};

/// The file's name in the step's directory of puts.
pub(super) const JOURNAL: &str = "journal";

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// An action came to an output, which lies beside the journal under its name.
    Put {
        /// The action.
        action: Id,
        /// The SHA-256 of the output.
        output: Id,
        /// Its size.
        size: u64,
        /// Its BLAKE3.
        blake3: Blake3,
    },
    /// An entry of the index was of use.
    Hit(Id),
    /// An entry of the index is damaged.
    BadEntry(Id),
    /// A blob is not what its name says.
    BadBlob(Blake3),
}

impl Line {
    /// The line, with its end.
    pub(super) fn text(&self) -> String {
        match self {
            Line::Put { action, output, size, blake3 } => {
                format!("put {} {} {size} {blake3}\n", hex(action), hex(output))
            }
            Line::Hit(action) => format!("hit {}\n", hex(action)),
            Line::BadEntry(action) => format!("bad-entry {}\n", hex(action)),
            Line::BadBlob(blake3) => format!("bad-blob {blake3}\n"),
        }
    }

    /// Reads a line without its end; `None` for anything that [`text`](Self::text) does not write.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        Some(match words[..] {
            ["put", action, output, size, blake3] => Line::Put {
                action: parse(action)?,
                output: parse(output)?,
                size: size.parse().ok()?,
                blake3: Blake3::parse(blake3)?,
            },
            ["hit", action] => Line::Hit(parse(action)?),
            ["bad-entry", action] => Line::BadEntry(parse(action)?),
            ["bad-blob", blake3] => Line::BadBlob(Blake3::parse(blake3)?),
            _ => return None,
        })
    }
}

/// The lines of a step's journal; nothing where there is none. What is no line is passed over, as is everything behind
/// more than any build says.
pub(super) fn read(puts: &Utf8Path) -> Vec<Line> {
    /// Bytes; a cold build of 1400 packages says less than one MiB.
    const MOST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    let Ok((file, _)) = fs::open_regular(&puts.join(JOURNAL)) else { return Vec::new() };
    // What was read before an error is as good as the rest.
    let _ = file.take(MOST).read_to_end(&mut bytes);
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.filter_map(|line| Line::parse(std::str::from_utf8(line).ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let puts = Utf8Path::from_path(dir.path()).unwrap();
        assert_eq!(read(puts), []);
        let lines = [
            Line::Put { action: [1; 32], output: [2; 32], size: 3, blake3: Blake3::of(b"") },
            Line::Hit([4; 32]),
            Line::BadEntry([5; 32]),
            Line::BadBlob(Blake3::of(b"6")),
        ];
        let text: String = lines.iter().map(Line::text).collect();
        let noise = "\nput ../../etc/passwd x 1 y\nhit\nhit /etc/passwd\nnonsense\nput\n\u{0}\n";
        fs::write_atomic(&puts.join(JOURNAL), format!("{noise}{text}hit 04").as_bytes()).unwrap();
        assert_eq!(read(puts), lines);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_no_journal() {
        let dir = tempfile::tempdir().unwrap();
        let puts = Utf8Path::from_path(dir.path()).unwrap();
        fs::write_atomic(&puts.join("elsewhere"), Line::Hit([4; 32]).text().as_bytes()).unwrap();
        fs::symlink("elsewhere".into(), &puts.join(JOURNAL)).unwrap();
        assert_eq!(read(puts), []);
    }
}
