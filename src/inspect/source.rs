//! Bounded reads of the artifact: the only place of this room that touches the file.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use object::read::{ReadCache, ReadCacheOps, ReadRef};

/// Most bytes that a file's headers may take, all tables and names together. Go's take some 10 KiB.
const HEADER_BUDGET: u64 = 16 << 20;

/// What a cached read costs beside its bytes.
const READ_COST: u64 = 256;

/// A file, or bytes in a test.
pub(super) trait Bytes {
    /// The length of the whole.
    fn size(&self) -> io::Result<u64>;
    /// Reads something at an offset; 0 at the end.
    fn read_some(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Bytes for File {
    fn size(&self) -> io::Result<u64> {
        Seek::seek(&mut &*self, SeekFrom::End(0))
    }

    fn read_some(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Seek::seek(&mut &*self, SeekFrom::Start(offset))?;
        Read::read(&mut &*self, buffer)
    }
}

/// The artifact. Its length is taken once; a file that shrinks later gives short reads.
pub(super) struct Source<'f> {
    bytes: &'f dyn Bytes,
    len: u64,
}

impl<'f> Source<'f> {
    pub(super) fn new(bytes: &'f dyn Bytes) -> io::Result<Self> {
        Ok(Source { bytes, len: bytes.size()? })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buffer` from `offset` on and returns how much the file had.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() && offset < self.len {
            match self.bytes.read_some(offset + filled as u64, &mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// `N` bytes at `offset`; `None` past the end.
    pub(super) fn array<const N: usize>(&self, offset: u64) -> io::Result<Option<[u8; N]>> {
        let mut bytes = [0; N];
        Ok((self.read_at(offset, &mut bytes)? == N).then_some(bytes))
    }

    /// The file as `object` reads it, within [`HEADER_BUDGET`].
    pub(super) fn headers(&self) -> Headers<'_> {
        let position = Position { source: self, offset: 0 };
        Headers { cache: ReadCache::new(position), left: Cell::new(HEADER_BUDGET) }
    }
}

/// Header tables of the file, kept in memory while they are parsed.
///
/// [`ReadCache`] alone keeps whatever the file asks for, and never forgets it.
pub(super) struct Headers<'s> {
    cache: ReadCache<Position<'s>>,
    left: Cell<u64>,
}

impl Headers<'_> {
    fn spend(&self, size: u64) -> Result<(), ()> {
        self.left.set(self.left.get().checked_sub(size.saturating_add(READ_COST)).ok_or(())?);
        Ok(())
    }
}

impl<'a> ReadRef<'a> for &'a Headers<'_> {
    fn len(self) -> Result<u64, ()> {
        self.cache.len()
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        self.spend(size)?;
        self.cache.read_bytes_at(offset, size)
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        self.spend(0)?;
        let bytes = self.cache.read_bytes_at_until(range, delimiter)?;
        self.spend(bytes.len() as u64)?;
        Ok(bytes)
    }
}

struct Position<'s> {
    source: &'s Source<'s>,
    offset: u64,
}

impl ReadCacheOps for Position<'_> {
    fn len(&mut self) -> Result<u64, ()> {
        Ok(self.source.len())
    }

    fn seek(&mut self, offset: u64) -> Result<u64, ()> {
        self.offset = offset;
        Ok(offset)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ()> {
        let read = self.source.read_at(self.offset, buffer).map_err(|_| ())?;
        self.offset += read as u64;
        Ok(read)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), ()> {
        let read = ReadCacheOps::read(self, buffer)?;
        (read == buffer.len()).then_some(()).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, HEADER_BUDGET, Source};
    use object::read::ReadRef;
    use std::io;

    impl Bytes for &[u8] {
        fn size(&self) -> io::Result<u64> {
            Ok(self.len() as u64)
        }

        fn read_some(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..));
            rest.map_or(Ok(0), |mut rest| io::Read::read(&mut rest, buffer))
        }
    }

    #[test]
    fn headers_stop_at_their_budget() {
        let bytes = vec![1; 65 << 10];
        let bytes = &bytes[..];
        let source = Source::new(&bytes).unwrap();
        let headers = source.headers();
        let most = HEADER_BUDGET / (64 << 10);
        let reads = (0..2 * most).take_while(|n| (&headers).read_bytes_at(n % 2, 64 << 10).is_ok());
        assert!(reads.count() as u64 <= most);
        assert!((&headers).read_bytes_at(0, u64::MAX).is_err());
    }

    #[test]
    fn reads_end_with_the_file() {
        let bytes = &b"abc"[..];
        let source = Source::new(&bytes).unwrap();
        assert_eq!(source.array::<2>(1).unwrap(), Some(*b"bc"));
        assert_eq!(source.array::<2>(2).unwrap(), None);
        assert_eq!(source.array::<2>(u64::MAX >> 1).unwrap(), None);
    }
}
