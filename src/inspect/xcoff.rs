//! XCOFF, as AIX loads it. Build information is where `xcoffExe` in Go's `debug/buildinfo` looks: the
//! data section. Import files come from the loader section, whose 64-bit layout is in Go's
//! `cmd/link/internal/ld/xcoff.go` (`XcoffLdHdr64`) and IBM's "XCOFF Object File Format".

use object::read::ReadRef;
use object::read::xcoff::{FileHeader, SectionHeader};
use object::xcoff;

use super::image::Image;
use super::source::{Headers, Source};
use super::{Facts, Format, InspectError, Parts, malformed, push_needed};

pub(super) fn read(source: &Source<'_>, ident: &[u8; 16]) -> Result<Parts, InspectError> {
    let os = Some("aix".into());
    if ident[..2] != xcoff::MAGIC_64.to_be_bytes() {
        // Go has no 32-bit port.
        return Ok((Facts { machine: "ppc".into(), os, ..Facts::default() }, None));
    }
    let bad = |error: object::Error| malformed(Format::Xcoff, error);
    let headers = &source.headers();
    let mut offset = 0;
    let header = xcoff::FileHeader64::parse(headers, &mut offset).map_err(bad)?;
    offset += u64::from(header.f_opthdr());
    let sections = header.sections(headers, &mut offset).map_err(bad)?;

    let mut image = Image::new(source);
    let (mut region, mut needed) = (None, Vec::new());
    for section in sections.iter() {
        let (address, offset, size) = (section.s_vaddr(), section.s_scnptr(), section.s_size());
        match section.s_flags().typ() {
            xcoff::STYP_DATA if region.is_none() => region = Some((address, size)),
            xcoff::STYP_LOADER if needed.is_empty() => needed = imports(headers, offset)?,
            _ => {}
        }
        image.map(address, offset, size);
    }
    let facts = Facts { machine: "ppc64".into(), os, interpreter: None, needed };
    Ok((facts, image.build_info(region)?))
}

/// Import files of the loader section at `start`, `base/member`, without the first entry, which is the
/// search path.
fn imports(headers: &Headers<'_>, start: u64) -> Result<Vec<String>, InspectError> {
    let cut = || malformed(Format::Xcoff, "the loader section is cut short");
    let header = headers.read_bytes_at(start, 32).map_err(|()| cut())?;
    let word = |at: usize| u64::from(u32::from_be_bytes([0, 1, 2, 3].map(|byte| header[at + byte])));
    let (table_size, table_offset) = (word(12), word(24) << 32 | word(28));
    let table = start.checked_add(table_offset).ok_or_else(cut)?;
    let table = headers.read_bytes_at(table, table_size).map_err(|()| cut())?;

    // Three strings for each file: path, base name, member of the archive.
    let mut strings = table.split(|&byte| byte == 0);
    let mut needed = Vec::new();
    for index in 0..word(16) {
        let (Some(path), Some(base), Some(member)) = (strings.next(), strings.next(), strings.next()) else {
            return Err(cut());
        };
        if index > 0 {
            let parts = [path, base, member].into_iter().filter(|part| !part.is_empty());
            let file = parts.collect::<Vec<_>>().join(&b'/');
            push_needed(&mut needed, Format::Xcoff, &file)?;
        }
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use crate::inspect::image::tests::blob;
    use crate::inspect::tests::{inspect_bytes, survive};

    fn program() -> Vec<u8> {
        let blob = blob("go1.26.8", "path\tx\n");
        let table = b"/usr/lib\0\0\0\0libc.a\0shr_64.o\0";
        let mut bytes = vec![0x01, 0xf7, 0, 2];
        bytes.resize(24, 0);
        let loader = 24 + 2 * 72;
        let data = loader + 32 + table.len();
        for (name, address, size, offset, flags) in [
            (b".data\0\0\0", 0x1_1000_0000_u64, blob.len(), data, 0x40_u32),
            (b".loader\0", 0, data - loader, loader, 0x1000),
        ] {
            bytes.extend(name);
            let words = [address, address, size as u64, offset as u64, 0, 0, 0];
            bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            bytes.extend(flags.to_be_bytes());
            bytes.extend([0; 4]);
        }
        let header = [2, 0, 0, table.len() as u32, 2, 0, 0, 32];
        bytes.extend(header.iter().flat_map(|word| word.to_be_bytes()));
        bytes.extend(table);
        bytes.extend(blob);
        bytes
    }

    #[test]
    fn facts() {
        let inspection = inspect_bytes(&program()).unwrap();
        assert_eq!(inspection.machine, "ppc64");
        assert_eq!(inspection.needed, ["libc.a/shr_64.o"]);
        assert_eq!(inspection.build_info.unwrap().path, "x");
    }

    #[test]
    fn hostile_headers() {
        survive(&program());
    }
}
