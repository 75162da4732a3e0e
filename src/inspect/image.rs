//! A native program as its loader maps it, and Go's build information in it.
//!
//! Source: `debug/buildinfo/buildinfo.go` of Go 1.26, whose rules are followed: the first 16-byte
//! aligned magic in the region that the format's reader names, then a 32-byte header, then two
//! strings with varint lengths. The layout with pointers, which Go before 1.18 wrote, is not read.

use super::InspectError;
use super::build_info::{MAX_TEXT, RawBuildInfo};
use super::source::Source;

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGN: u64 = 16;
const HEADER: u64 = 32;
const FLAGS: usize = 15;
const INLINE_STRINGS: u8 = 2;
/// What cmd/go puts before and after the module lines.
const FRAME: usize = 16;
const CHUNK: u64 = 64 << 10;
/// Most spans that are taken from a file; Go's have some thirty.
const MAX_SPANS: usize = 1024;

/// A piece of the file at its address.
#[derive(Debug, Clone, Copy)]
struct Span {
    address: u64,
    offset: u64,
    size: u64,
}

/// Where a program's bytes are mapped, and where its build information should be.
pub(super) struct Image<'s> {
    source: &'s Source<'s>,
    spans: Vec<Span>,
}

impl<'s> Image<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Image { source, spans: Vec::new() }
    }

    /// Maps a piece of the file, cut to what the file has; pieces past [`MAX_SPANS`] are ignored.
    pub(super) fn map(&mut self, address: u64, offset: u64, size: u64) {
        let size = size.min(self.source.len().saturating_sub(offset)).min(u64::MAX - address);
        if size > 0 && self.spans.len() < MAX_SPANS {
            self.spans.push(Span { address, offset, size });
        }
    }

    /// The file offset of an address, and how many bytes follow there.
    pub(super) fn locate(&self, address: u64) -> Option<(u64, u64)> {
        self.spans.iter().find_map(|span| {
            let into = address.checked_sub(span.address)?;
            (into < span.size).then(|| (span.offset + into, span.size - into))
        })
    }

    /// The build information in `region` (address and size); `None` if there is none.
    pub(super) fn build_info(
        &self,
        region: Option<(u64, u64)>,
    ) -> Result<Option<RawBuildInfo>, InspectError> {
        let Some((start, size)) = region else {
            return Ok(None);
        };
        let Some(at) = self.search(start, size)? else {
            return Ok(None);
        };
        let header = self.bytes(at, HEADER)?;
        if header[FLAGS] & INLINE_STRINGS == 0 {
            return Err(InspectError::BuildInfo("written by a Go before 1.18".into()));
        }
        let (version, at) = self.string(at + HEADER)?;
        let (modules, _) = self.string(at)?;
        if version.is_empty() {
            return Ok(None);
        }
        let end = modules.len().saturating_sub(FRAME);
        let framed = end > FRAME && modules[end - 1] == b'\n';
        let modules = if framed { modules[FRAME..end].to_vec() } else { Vec::new() };
        RawBuildInfo::from_bytes(version, modules).map(Some)
    }

    /// The address of the first aligned magic whose header is inside the region.
    fn search(&self, start: u64, size: u64) -> Result<Option<u64>, InspectError> {
        let Some(end) = start.checked_add(size) else {
            return Ok(None);
        };
        let mut buffer = vec![0; CHUNK as usize];
        // Segments may overlap in a made-up file; no search is longer than the file.
        let mut left = self.source.len();
        let mut next = start.checked_next_multiple_of(ALIGN);
        while let Some(address) = next
            && address < end
            && let Some((offset, mapped)) = self.locate(address)
        {
            let size = CHUNK.min(end - address).min(mapped);
            let read = self.source.read_at(offset, &mut buffer[..size as usize])?;
            let found = buffer[..read].chunks(ALIGN as usize).position(|at| at.starts_with(MAGIC));
            if let Some(index) = found {
                let found = address + index as u64 * ALIGN;
                let whole = end - found >= HEADER && self.locate(found).is_some_and(|at| at.1 >= HEADER);
                return Ok(whole.then_some(found));
            }
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => break,
            }
            next = address.checked_add(size).and_then(|next| next.checked_next_multiple_of(ALIGN));
        }
        Ok(None)
    }

    /// A string with its length before it, and the address behind it.
    fn string(&self, address: u64) -> Result<(Vec<u8>, u64), InspectError> {
        let (mut length, mut taken) = (0_u64, 0);
        loop {
            let byte = self.bytes(address + taken, 1)?[0];
            // Five groups of seven bits are far more than MAX_TEXT needs.
            if taken == 5 {
                return Err(InspectError::BuildInfo("a length is no varint".into()));
            }
            length |= u64::from(byte & 0x7f) << (7 * taken);
            taken += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let address = address + taken;
        Ok((self.bytes(address, length)?, address + length))
    }

    /// `size` bytes of one span.
    fn bytes(&self, address: u64, size: u64) -> Result<Vec<u8>, InspectError> {
        if size > MAX_TEXT {
            return Err(InspectError::BuildInfo(format!("{size} bytes long, at most {MAX_TEXT}")));
        }
        let cut = || InspectError::BuildInfo("cut short".into());
        if size == 0 {
            return Ok(Vec::new());
        }
        let (offset, mapped) = self.locate(address).ok_or_else(cut)?;
        if mapped < size {
            return Err(cut());
        }
        let mut bytes = vec![0; size as usize];
        let read = self.source.read_at(offset, &mut bytes)?;
        if read < bytes.len() { Err(cut()) } else { Ok(bytes) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{FRAME, Image, MAGIC, Source};
    use crate::inspect::InspectError;

    /// The blob as Go's linker writes it (`Link.buildinfo` in cmd/link).
    pub(in crate::inspect) fn blob(version: &str, modules: &str) -> Vec<u8> {
        let framed = format!("{0}{modules}{0}", "#".repeat(FRAME));
        let mut bytes = MAGIC.to_vec();
        bytes.extend([8, 2]);
        bytes.resize(32, 0);
        for text in [version, &framed] {
            let mut length = text.len();
            while length >= 0x80 {
                bytes.push(length as u8 | 0x80);
                length >>= 7;
            }
            bytes.push(length as u8);
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Option<(String, String)>, InspectError> {
        let source = Source::new(&bytes).unwrap();
        let mut image = Image::new(&source);
        image.map(0x1000, 0, u64::MAX);
        let raw = image.build_info(Some((0x1000, bytes.len() as u64)))?;
        Ok(raw.map(|raw| (raw.version, raw.modules)))
    }

    #[test]
    fn the_first_aligned_blob_counts() {
        let blob = blob("go1.26.8", "path\tx\n");
        let expected = Some(("go1.26.8".to_owned(), "path\tx\n".to_owned()));
        for before in [0, 16, 65_536 - 16, 65_536, 200_000 / 16 * 16] {
            let mut bytes = vec![0; before];
            bytes.extend(&blob);
            assert_eq!(read(&bytes).unwrap(), expected, "{before}");
        }
        let mut bytes = vec![0; 8];
        bytes.extend(&blob);
        assert_eq!(read(&bytes).unwrap(), None);
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        bytes.extend(&blob);
        assert_eq!(read(&bytes).unwrap(), expected);
    }

    #[test]
    fn cuts_and_lies_are_errors() {
        let whole = blob("go1.26.8", "path\tx\n");
        for len in 0..whole.len() {
            assert!(!matches!(read(&whole[..len]), Ok(Some(_))), "{len}");
        }
        let mut lie = whole.clone();
        lie.splice(32..33, [0xff, 0xff, 0xff, 0xff, 0x7f]);
        assert!(matches!(read(&lie), Err(InspectError::BuildInfo(_))));
        let mut old = whole;
        old[15] = 0;
        assert!(matches!(read(&old), Err(InspectError::BuildInfo(_))));
    }
}
