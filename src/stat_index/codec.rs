//! The bytes of an index: a line that names the layout, the number of entries, the entries, and the BLAKE3 of all that.
//! Numbers are little endian.

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, IntoInnerError, Read, Write};

use super::{Entry, Facts, Stamp};
use crate::model::{Blake3, Head};

const MAGIC: &[u8; 15] = b"xbuild index 1\n";

/// 32 bytes of BLAKE3.
const CHECK: u64 = blake3::OUT_LEN as u64;

/// Bytes in memory at a time.
const PIECE: usize = 1 << 16;

/// Writes an index, never more than a part of it in memory.
pub(super) fn encode(entries: &BTreeMap<String, Entry>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(PIECE, Hashing { inner: out, hasher: blake3::Hasher::new() });
    out.write_all(MAGIC)?;
    out.write_all(&(entries.len() as u64).to_le_bytes())?;
    for (path, Entry { stamp, facts, .. }) in entries {
        out.write_all(&(path.len() as u64).to_le_bytes())?;
        out.write_all(path.as_bytes())?;
        out.write_all(&stamp.to_bytes())?;
        out.write_all(facts.blake3.bytes())?;
        out.write_all(&facts.sha256)?;
        out.write_all(&[match facts.head {
            None => 0,
            Some(Head { embeds: false, .. }) => 1,
            Some(Head { embeds: true, .. }) => 2,
        }])?;
        if let Some(head) = facts.head {
            out.write_all(head.hash.bytes())?;
        }
    }
    let Hashing { inner, hasher } = out.into_inner().map_err(IntoInnerError::into_error)?;
    inner.write_all(hasher.finalize().as_bytes())
}

/// The entries; `None` for bytes, `length` of them, that are no whole index of this layout.
pub(super) fn decode(mut bytes: impl Read, length: u64) -> Option<BTreeMap<String, Entry>> {
    let body =
        Hashing { inner: (&mut bytes).take(length.checked_sub(CHECK)?), hasher: blake3::Hasher::new() };
    let mut body = BufReader::with_capacity(PIECE, body);
    let entries = entries(&mut body)?;
    let ends = body.read(&mut [0]).ok()? == 0;
    let found = body.into_inner().hasher.finalize();
    // Nothing of it is used before this.
    (ends && take(&mut bytes)? == *found.as_bytes()).then_some(entries)
}

fn entries(bytes: &mut impl Read) -> Option<BTreeMap<String, Entry>> {
    /// No system has a longer path.
    const LONGEST: u64 = 1 << 16;
    if take(bytes)? != *MAGIC {
        return None;
    }
    let mut entries = BTreeMap::new();
    for _ in 0..u64::from_le_bytes(take(bytes)?) {
        let length = Some(u64::from_le_bytes(take(bytes)?)).filter(|length| *length <= LONGEST)?;
        let mut path = vec![0; usize::try_from(length).ok()?];
        bytes.read_exact(&mut path).ok()?;
        let stamp = Stamp::from_bytes(&take(bytes)?);
        let (blake3, sha256) = (Blake3::from(take::<32>(bytes)?), take(bytes)?);
        let head = match take::<1>(bytes)? {
            [0] => None,
            [flag @ 1..=2] => Some(Head { hash: take::<32>(bytes)?.into(), embeds: flag == 2 }),
            _ => return None,
        };
        let facts = Facts { blake3, sha256, size: stamp.size, head };
        entries.insert(String::from_utf8(path).ok()?, Entry { stamp, facts, looked: false });
    }
    Some(entries)
}

/// Hashes what passes through.
struct Hashing<I> {
    inner: I,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

fn take<const N: usize>(bytes: &mut impl Read) -> Option<[u8; N]> {
    let mut taken = [0; N];
    bytes.read_exact(&mut taken).ok().map(|()| taken)
}
