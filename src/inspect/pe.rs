//! Portable Executable. Build information is where `peExe` in Go's `debug/buildinfo` looks: the first
//! section of writable data.

use object::LittleEndian as LE;
use object::pe;
use object::read::ReadRef;
use object::read::pe::{ImageNtHeaders, optional_header_magic};

use super::image::Image;
use super::source::{Headers, Source};
use super::{Facts, Format, InspectError, Parts, malformed, push_needed};

/// The alignment bits that `peExe` ignores.
const ALIGN_BITS: u32 = 0x0060_0000;

pub(super) fn read(source: &Source<'_>) -> Result<Parts, InspectError> {
    let headers = &source.headers();
    match optional_header_magic(headers).map_err(|error| malformed(Format::Pe, error))? {
        pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => read_class::<pe::ImageNtHeaders64>(source, headers),
        _ => read_class::<pe::ImageNtHeaders32>(source, headers),
    }
}

fn read_class<Pe: ImageNtHeaders>(source: &Source<'_>, headers: &Headers<'_>) -> Result<Parts, InspectError> {
    let bad = |error: object::Error| malformed(Format::Pe, error);
    let mut offset = pe::ImageDosHeader::parse(headers).map_err(bad)?.nt_headers_offset().into();
    let (nt, directories) = Pe::parse(headers, &mut offset).map_err(bad)?;
    let sections = nt.sections(headers, offset).map_err(bad)?;

    // Addresses here leave out the image base.
    let mut image = Image::new(source);
    let mut region = None;
    for section in sections.iter() {
        let (address, raw_size) = (section.virtual_address.get(LE), section.size_of_raw_data.get(LE));
        let offset = section.pointer_to_raw_data.get(LE);
        image.map(address.into(), offset.into(), raw_size.into());
        let data = pe::IMAGE_SCN_CNT_INITIALIZED_DATA | pe::IMAGE_SCN_MEM_READ | pe::IMAGE_SCN_MEM_WRITE;
        let kind = section.characteristics.get(LE).0 & !ALIGN_BITS;
        if address != 0 && raw_size != 0 && kind == data.0 {
            region.get_or_insert((address.into(), section.virtual_size.get(LE).into()));
        }
    }
    let imports = directories.get(pe::IMAGE_DIRECTORY_ENTRY_IMPORT);
    let facts = Facts {
        machine: machine(nt.file_header().machine.get(LE), nt.is_type_64()),
        os: Some("windows".into()),
        interpreter: None,
        needed: match imports.map(|imports| imports.virtual_address.get(LE)) {
            Some(address) if address != 0 => needed(headers, &image, address)?,
            _ => Vec::new(),
        },
    };
    Ok((facts, image.build_info(region)?))
}

fn machine(machine: pe::Machine, wide: bool) -> String {
    match (machine, wide) {
        (pe::IMAGE_FILE_MACHINE_I386, false) => "386".into(),
        (pe::IMAGE_FILE_MACHINE_AMD64, true) => "amd64".into(),
        (pe::IMAGE_FILE_MACHINE_ARMNT, false) => "arm".into(),
        (pe::IMAGE_FILE_MACHINE_ARM64, true) => "arm64".into(),
        (other, _) => format!("PE machine {:#06x}", other.0),
    }
}

/// Names in the import directory. `object`'s own table would read its whole section.
fn needed(headers: &Headers<'_>, image: &Image<'_>, address: u32) -> Result<Vec<String>, InspectError> {
    let cut = || malformed(Format::Pe, "the import directory is cut short");
    let (mut offset, _) = image.locate(address.into()).ok_or_else(cut)?;
    let mut needed = Vec::new();
    loop {
        let import: &pe::ImageImportDescriptor = headers.read(&mut offset).map_err(|()| cut())?;
        if import.is_null() {
            return Ok(needed);
        }
        let at = image.locate(import.name.get(LE).into());
        let name = at.and_then(|(at, mapped)| headers.read_bytes_at_until(at..at + mapped, 0).ok());
        push_needed(&mut needed, Format::Pe, name.ok_or_else(cut)?)?;
    }
}

#[cfg(test)]
mod tests {
    use crate::inspect::image::tests::blob;
    use crate::inspect::tests::{inspect_bytes, survive};

    const IMPORTS: usize = 0x180;
    const DATA: usize = 0x1d0;

    /// PE32+ with one section of data, in which the import directory is too.
    fn program() -> Vec<u8> {
        let blob = blob("go1.26.8", "path\tx\n");
        let mut bytes = b"MZ".to_vec();
        bytes.resize(0x3c, 0);
        bytes.extend(0x40_u32.to_le_bytes());
        bytes.extend(b"PE\0\0\x64\x86\x01\0");
        bytes.resize(0x54, 0);
        bytes.extend([128, 0, 0x22, 0]);
        // The optional header: 112 bytes and two directories.
        bytes.extend([0x0b, 0x02]);
        bytes.resize(0x58 + 108, 0);
        bytes.extend([2_u32, 0, 0, 0x2000, 40].iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend(b".data\0\0\0");
        let size = (DATA - IMPORTS + blob.len()) as u32;
        let section = [size, 0x2000, size, IMPORTS as u32, 0, 0, 0, 0xc000_0040];
        bytes.extend(section.iter().flat_map(|word| word.to_le_bytes()));
        bytes.resize(IMPORTS, 0);
        let descriptor = [0_u32, 0, 0, 0x2028, 0x2028];
        bytes.extend(descriptor.iter().flat_map(|word| word.to_le_bytes()));
        bytes.resize(IMPORTS + 0x28, 0);
        bytes.extend(b"kernel32.dll\0");
        bytes.resize(DATA, 0);
        bytes.extend(blob);
        bytes
    }

    #[test]
    fn facts() {
        let inspection = inspect_bytes(&program()).unwrap();
        assert_eq!(inspection.machine, "amd64");
        assert_eq!(inspection.needed, ["kernel32.dll"]);
        assert_eq!(inspection.build_info.unwrap().path, "x");
    }

    #[test]
    fn hostile_headers() {
        survive(&program());
    }
}
