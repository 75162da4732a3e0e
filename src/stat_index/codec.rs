//! The bytes of an index: a line that names the layout, the number of entries, the entries, and the BLAKE3 of all that.
//! Numbers are little endian.

use std::collections::BTreeMap;

use super::{Entry, Facts, Stamp};
use crate::model::{Blake3, Head};

const MAGIC: &[u8] = b"xbuild index 1\n";

/// 32 bytes of BLAKE3.
const CHECK: usize = blake3::OUT_LEN;

pub(super) fn encode(entries: &BTreeMap<String, Entry>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (path, Entry { stamp, facts, .. }) in entries {
        bytes.extend((path.len() as u64).to_le_bytes());
        bytes.extend(path.as_bytes());
        bytes.extend(stamp.to_bytes());
        bytes.extend(facts.blake3.bytes());
        bytes.extend(facts.sha256);
        bytes.push(match facts.head {
            None => 0,
            Some(Head { embeds: false, .. }) => 1,
            Some(Head { embeds: true, .. }) => 2,
        });
        if let Some(head) = facts.head {
            bytes.extend(head.hash.bytes());
        }
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
        let stamp = Stamp::from_bytes(&take(&mut rest)?);
        let (blake3, sha256) = (Blake3::from(take::<32>(&mut rest)?), take(&mut rest)?);
        let head = match take::<1>(&mut rest)? {
            [0] => None,
            [flag @ 1..=2] => Some(Head { hash: take::<32>(&mut rest)?.into(), embeds: flag == 2 }),
            _ => return None,
        };
        let facts = Facts { blake3, sha256, size: stamp.size, head };
        entries.insert(std::str::from_utf8(path).ok()?.to_owned(), Entry { stamp, facts, looked: false });
    }
    rest.is_empty().then_some(entries)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}
