//! An entry of the index: what Go calls an action, and what came of it.

use camino::{Utf8Path, Utf8PathBuf};

use crate::cache::frame;
use crate::model::{Blake3, hex};

/// A SHA-256, as Go names actions and outputs.
pub type Id = [u8; 32];

/// Longer than any entry, in bytes.
pub(super) const LONGEST: u64 = 1024;

/// What an action came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The SHA-256 of the bytes: Go's name for them.
    pub output: Id,
    /// How many they are.
    pub size: u64,
    /// Their BLAKE3, under which they are in the CAS.
    pub blake3: Blake3,
    /// When they were taken in, in milliseconds since 1970.
    pub made: u64,
}

impl Entry {
    /// The bytes of the entry of an action in a space (`strict/<digest of the SDK's tools>`).
    pub(super) fn encode(&self, space: &str, action: &Id) -> Vec<u8> {
        let Entry { output, size, blake3, made } = self;
        let body = format!("{} {size} {blake3} {made}", hex(output));
        frame::encode(&what(space), &name(action), body.as_bytes())
    }

    /// Reads what [`encode`](Self::encode) wrote for the same space and action; `None` for anything else.
    pub(super) fn decode(space: &str, action: &Id, bytes: &[u8]) -> Option<Self> {
        let body = frame::decode(&what(space), &name(action), bytes)?;
        let mut words = std::str::from_utf8(body).ok()?.split(' ');
        let entry = Entry {
            output: parse(words.next()?)?,
            size: words.next()?.parse().ok()?,
            blake3: Blake3::parse(words.next()?)?,
            made: words.next()?.parse().ok()?,
        };
        // Numbers have more than one spelling.
        (words.next().is_none() && entry.encode(space, action) == bytes).then_some(entry)
    }
}

fn what(space: &str) -> String {
    format!("compile 0 {space}")
}

/// An id as the name of an entry: both are 32 bytes.
fn name(id: &Id) -> Blake3 {
    Blake3::from(*id)
}

/// Reads 64 lower-case hexadecimal digits.
pub(super) fn parse(text: &str) -> Option<Id> {
    Blake3::parse(text).map(|name| *name.bytes())
}

/// The file of an action's entry or of a blob: `<first two digits>/<the others>` below a directory.
pub(super) fn place(dir: &Utf8Path, id: &Id) -> Utf8PathBuf {
    let name = hex(id);
    let (head, tail) = name.split_at(2);
    dir.join(head).join(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry { output: [2; 32], size: 4096, blake3: Blake3::of(b"body"), made: 1_764_000_000_123 }
    }

    #[test]
    fn golden_bytes() {
        let bytes = entry().encode("strict/tools", &[1; 32]);
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            "xbuild compile 0 strict/tools\n\
             0101010101010101010101010101010101010101010101010101010101010101\n\
             0202020202020202020202020202020202020202020202020202020202020202 4096 \
             0be9c598ae63835518e7fb422dc3027f452d75f3dbdb94c90d843298b1180ad9 1764000000123\n\
             6607b9d24549711099ce6259307be3030d68f2b3f07bd37e1235b6a00e80f293\n"
        );
        assert_eq!(Entry::decode("strict/tools", &[1; 32], &bytes), Some(entry()));
    }

    #[test]
    fn every_other_spelling_is_none() {
        let good = entry().encode("strict/tools", &[1; 32]);
        for (at, bit) in (0..good.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert_eq!(Entry::decode("strict/tools", &[1; 32], &bad), None, "byte {at}");
        }
        assert_eq!(Entry::decode("env/tools", &[1; 32], &good), None);
        assert_eq!(Entry::decode("strict/tools", &[3; 32], &good), None);
        let framed = |body: &str| frame::encode(&what("s"), &name(&[1; 32]), body.as_bytes());
        let (output, blake3) = (hex(&[2; 32]), Blake3::of(b""));
        assert!(Entry::decode("s", &[1; 32], &framed(&format!("{output} 1 {blake3} 2"))).is_some());
        for body in [
            String::new(),
            format!("{output} 1 {blake3}"),
            format!("{output} 1 {blake3} 2 3"),
            format!("{output} +1 {blake3} 2"),
            format!("{output} 01 {blake3} 2"),
            format!("{output} 1 {blake3} 2 "),
            format!("{} 1 {blake3} 2", output.replace('2', "F")),
        ] {
            assert_eq!(Entry::decode("s", &[1; 32], &framed(&body)), None, "{body:?}");
        }
    }
}
