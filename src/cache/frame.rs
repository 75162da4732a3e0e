//! The form of every small entry: a line that says what it is, the name it has in the store, its body, and the BLAKE3 of
//! all that. An entry that was torn, altered or put in another's place is none.

use crate::model::Blake3;

/// The bytes of an entry.
pub(super) fn encode(what: &str, name: &Blake3, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("xbuild {what}\n{name}\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes.push(b'\n');
    let check = Blake3::of(&bytes);
    bytes.extend_from_slice(format!("{check}\n").as_bytes());
    bytes
}

/// The body of an entry; `None` for bytes that [`encode`] did not write for this name.
pub(super) fn decode<'b>(what: &str, name: &Blake3, bytes: &'b [u8]) -> Option<&'b [u8]> {
    /// Hexadecimal digits and the line's end.
    const CHECK: usize = 65;
    let (front, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK)?)?;
    if check != format!("{}\n", Blake3::of(front)).as_bytes() {
        return None;
    }
    front.strip_prefix(format!("xbuild {what}\n{name}\n").as_bytes())?.strip_suffix(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let name = Blake3::of(b"name");
        let bytes = encode("memo 0", &name, b"body");
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(
            text,
            "xbuild memo 0\n\
             54fefed33e29ae093948d30bf04b7572293b77748f46de4b604a5d0a9cfa9314\n\
             body\n\
             d310b0d18e205815b865acd59b9e82d56d702b8b9fba6237620c399c3b855b46\n"
        );
        assert_eq!(decode("memo 0", &name, &bytes), Some(&b"body"[..]));
    }

    #[test]
    fn anything_else_is_none() {
        let name = Blake3::of(b"name");
        let good = encode("memo 0", &name, b"body");
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert_eq!(decode("memo 0", &name, &bad), None, "byte {at}");
            }
            assert_eq!(decode("memo 0", &name, &good[..at]), None, "{at} bytes");
        }
        assert_eq!(decode("memo 0", &name, &[&good[..], b"\n"].concat()), None);
        assert_eq!(decode("memo 1", &name, &good), None);
        assert_eq!(decode("memo 0", &Blake3::of(b"other"), &good), None);
    }
}
