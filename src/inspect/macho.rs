//! Mach-O with one architecture. Build information is where `machoExe` in Go's `debug/buildinfo`
//! looks: the section `__go_buildinfo`, else the first writable segment.

use object::macho;
use object::read::macho::{LoadCommandVariant, MachHeader, Section, Segment};
use object::{BigEndian, Endian, LittleEndian};

use super::image::Image;
use super::source::Source;
use super::{Facts, Format, InspectError, Parts, malformed, name, push_needed};

pub(super) fn read(source: &Source<'_>, ident: &[u8; 16]) -> Result<Parts, InspectError> {
    match (ident[0], ident[3]) {
        (0xcf, _) => read_class::<macho::MachHeader64<LittleEndian>>(source),
        (0xce, _) => read_class::<macho::MachHeader32<LittleEndian>>(source),
        (_, 0xcf) => read_class::<macho::MachHeader64<BigEndian>>(source),
        _ => read_class::<macho::MachHeader32<BigEndian>>(source),
    }
}

fn read_class<Mach: MachHeader>(source: &Source<'_>) -> Result<Parts, InspectError> {
    let bad = |error: object::Error| malformed(Format::MachO, error);
    let headers = &source.headers();
    let header = Mach::parse(headers, 0).map_err(bad)?;
    let endian = header.endian().map_err(bad)?;

    let mut facts = Facts { machine: machine(header, endian), ..Facts::default() };
    let mut image = Image::new(source);
    let (mut section_region, mut segment_region) = (None, None);
    let mut commands = header.load_commands(endian, headers, 0).map_err(bad)?;
    while let Some(command) = commands.next().map_err(bad)? {
        if let Some((segment, rest)) = Mach::Segment::from_command(command).map_err(bad)? {
            let address = segment.vmaddr(endian).into();
            let (offset, size) = segment.file_range(endian);
            if segment.name() != b"__PAGEZERO" {
                image.map(address, offset, size);
            }
            let writable = macho::VM_PROT_READ.0 | macho::VM_PROT_WRITE.0;
            let modes = (segment.initprot(endian).0, segment.maxprot(endian).0);
            if address != 0 && size != 0 && modes == (writable, writable) {
                segment_region.get_or_insert((address, segment.vmsize(endian).into()));
            }
            let sections = segment.sections(endian, rest).map_err(bad)?;
            if let Some(section) = sections.iter().find(|s| s.name() == b"__go_buildinfo") {
                section_region.get_or_insert((section.addr(endian).into(), section.size(endian).into()));
            }
            continue;
        }
        match command.variant().map_err(bad)? {
            LoadCommandVariant::Dylib(dylib) => {
                let path = command.string(endian, dylib.dylib.name).map_err(bad)?;
                push_needed(&mut facts.needed, Format::MachO, path)?;
            }
            LoadCommandVariant::LoadDylinker(loader) => {
                let path = command.string(endian, loader.name).map_err(bad)?;
                facts.interpreter = Some(name(path));
            }
            LoadCommandVariant::BuildVersion(version, _) => {
                facts.os = Some(match version.platform.get(endian) {
                    macho::PLATFORM_MACOS => "darwin".into(),
                    macho::PLATFORM_IOS | macho::PLATFORM_IOSSIMULATOR => "ios".into(),
                    other => format!("Mach-O platform {}", other.0),
                });
            }
            LoadCommandVariant::VersionMin(version) => match version.cmd.get(endian) {
                macho::LC_VERSION_MIN_MACOSX => facts.os = Some("darwin".into()),
                macho::LC_VERSION_MIN_IPHONEOS => facts.os = Some("ios".into()),
                _ => {}
            },
            _ => {}
        }
    }
    Ok((facts, image.build_info(section_region.or(segment_region))?))
}

fn machine<Mach: MachHeader>(header: &Mach, endian: Mach::Endian) -> String {
    match (header.cputype(endian), endian.is_little_endian()) {
        (macho::CPU_TYPE_X86_64, true) => "amd64".into(),
        (macho::CPU_TYPE_ARM64, true) => "arm64".into(),
        (macho::CPU_TYPE_X86, true) => "386".into(),
        (macho::CPU_TYPE_ARM, true) => "arm".into(),
        (other, _) => format!("Mach-O CPU type {:#x}", other.0),
    }
}

#[cfg(test)]
mod tests {
    use crate::inspect::image::tests::blob;
    use crate::inspect::tests::{inspect_bytes, survive};

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn program() -> Vec<u8> {
        let blob = blob("go1.26.8", "path\tx\n");
        let mut dylib = words(&[0xc, 56, 24, 0, 0, 0]);
        dylib.extend(b"/usr/lib/libSystem.B.dylib");
        dylib.resize(56, 0);
        let platform = words(&[0x32, 24, 2, 0, 0, 0]);
        let mut segment = words(&[0x19, 72]);
        segment.extend(b"__DATA\0\0\0\0\0\0\0\0\0\0");
        let size = blob.len() as u32;
        segment.extend(words(&[0x4000, 0, size, 0, 184, 0, size, 0, 3, 3, 0, 0]));
        let mut bytes = words(&[0xfeed_facf, 0x0100_000c, 0, 2, 3, 152, 0, 0]);
        bytes.extend([dylib, platform, segment].concat());
        bytes.extend(blob);
        bytes
    }

    #[test]
    fn facts() {
        let inspection = inspect_bytes(&program()).unwrap();
        assert_eq!(inspection.machine, "arm64");
        assert_eq!(inspection.os.as_deref(), Some("ios"));
        assert_eq!(inspection.needed, ["/usr/lib/libSystem.B.dylib"]);
        assert_eq!(inspection.build_info.unwrap().path, "x");
    }

    #[test]
    fn hostile_headers() {
        survive(&program());
    }
}
