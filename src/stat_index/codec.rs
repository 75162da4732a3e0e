//! The bytes of an index: a line that names the layout, the number of entries, the entries, and the BLAKE3 of all that.
//! Numbers are little endian.

use std::collections::BTreeMap;

use super::{Entry, Stamp};
use crate::model::{Digest, hex};

const MAGIC: &[u8] = b"xbuild index 0\n";

/// 32 bytes of BLAKE3.
const CHECK: usize = blake3::OUT_LEN;

pub(super) fn encode(entries: &BTreeMap<String, Entry>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (path, Entry { stamp, digest }) in entries {
        bytes.extend((path.len() as u64).to_le_bytes());
        bytes.extend(path.as_bytes());
        bytes.extend(stamp.size.to_le_bytes());
        bytes.extend(stamp.mtime.to_le_bytes());
        bytes.extend(stamp.ctime.to_le_bytes());
        bytes.extend(stamp.inode.to_le_bytes());
        bytes.extend(stamp.device.to_le_bytes());
        bytes.extend(unhex(&digest.blake3));
        bytes.extend(unhex(&digest.sha256));
    }
    let check = blake3::hash(&bytes);
    bytes.extend(check.as_bytes());
    bytes
}

/// The entries; `None` for bytes that are no whole index of this layout.
pub(super) fn decode(bytes: &[u8]) -> Option<BTreeMap<String, Entry>> {
    let (body, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK)?)?;
    if blake3::hash(body).as_bytes() != check {
        return None;
    }
    let mut rest = body.strip_prefix(MAGIC)?;
    let mut entries = BTreeMap::new();
    for _ in 0..u64::from_le_bytes(take(&mut rest)?) {
        let length = usize::try_from(u64::from_le_bytes(take(&mut rest)?)).ok()?;
        let (path, behind) = rest.split_at_checked(length)?;
        rest = behind;
        let stamp = Stamp {
            size: u64::from_le_bytes(take(&mut rest)?),
            mtime: i128::from_le_bytes(take(&mut rest)?),
            ctime: i128::from_le_bytes(take(&mut rest)?),
            inode: u64::from_le_bytes(take(&mut rest)?),
            device: u64::from_le_bytes(take(&mut rest)?),
        };
        let digest = Digest {
            blake3: hex(&take::<32>(&mut rest)?),
            sha256: hex(&take::<32>(&mut rest)?),
            size: stamp.size,
        };
        entries.insert(std::str::from_utf8(path).ok()?.to_owned(), Entry { stamp, digest });
    }
    rest.is_empty().then_some(entries)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

/// A digest's bytes. What [`hex`] wrote is always 64 digits.
fn unhex(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0]) << 4 | digit(pair[1]);
    }
    bytes
}
