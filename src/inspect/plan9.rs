//! Plan 9 a.out. Source: `debug/plan9obj` of Go 1.26.
//!
//! Go's own reader of build information rounds file offsets to 16 bytes here, although the linker
//! aligned addresses, and so mostly finds nothing (`go version -m`: "not a Go executable"). The data
//! segment starts on a page, so what counts is the distance from its start.

use super::image::Image;
use super::source::Source;
use super::{Facts, Format, InspectError, Parts, malformed};

/// Set in the magic of machines with 64-bit addresses, whose header is 8 bytes longer.
const MAGIC_64: u32 = 0x8000;

/// GOARCH by the first four bytes.
pub(super) fn machine(ident: &[u8; 16]) -> Option<&'static str> {
    match u32::from_be_bytes([ident[0], ident[1], ident[2], ident[3]]) {
        0x01eb => Some("386"),
        0x8a97 => Some("amd64"),
        0x0647 => Some("arm"),
        _ => None,
    }
}

pub(super) fn read(source: &Source<'_>) -> Result<Parts, InspectError> {
    // magic, text, data, bss, syms, entry, spsz, pcsz; all big-endian.
    let header = source.array::<32>(0)?.ok_or_else(|| malformed(Format::Plan9, "the header is cut short"))?;
    let word = |index: usize| {
        let bytes = [0, 1, 2, 3].map(|byte| header[4 * index + byte]);
        u32::from_be_bytes(bytes)
    };
    let ident = std::array::from_fn(|index| header[index]);
    let machine = machine(&ident).ok_or(InspectError::Unrecognized)?;
    let header_size = if word(0) & MAGIC_64 == 0 { 32 } else { 40 };
    let (text, data) = (u64::from(word(1)), u64::from(word(2)));

    let sizes = [1, 2, 4, 6, 7].map(|index| u64::from(word(index)));
    if header_size + sizes.iter().sum::<u64>() > source.len() {
        return Err(malformed(Format::Plan9, "the segments are longer than the file"));
    }
    let mut image = Image::new(source);
    image.map(0, header_size + text, data);
    let facts =
        Facts { machine: machine.into(), os: Some("plan9".into()), interpreter: None, needed: vec![] };
    Ok((facts, image.build_info(Some((0, data)))?))
}

#[cfg(test)]
mod tests {
    use crate::inspect::image::tests::blob;
    use crate::inspect::tests::{inspect_bytes, survive};
    use crate::inspect::{Format, InspectError};

    fn program() -> Vec<u8> {
        let data = blob("go1.26.8", "path\tx\n");
        let words = [0x8a97, 5, data.len() as u32, 0, 0, 0, 0, 0, 0, 0];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend(b"text.");
        bytes.extend(data);
        bytes
    }

    #[test]
    fn build_info_at_an_unaligned_offset() {
        let inspection = inspect_bytes(&program()).unwrap();
        assert_eq!((inspection.format, &*inspection.machine), (Format::Plan9, "amd64"));
        assert_eq!(inspection.build_info.unwrap().path, "x");
    }

    #[test]
    fn hostile_headers() {
        survive(&program());
        let short = &program()[..60];
        assert!(matches!(inspect_bytes(short), Err(InspectError::Malformed { .. })));
    }
}
