//! ELF. Build information is where `elfExe` in Go's `debug/buildinfo` looks: the section
//! `.go.buildinfo`, else the first writable segment.

use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, read::ReadRef};

use super::image::Image;
use super::source::{Headers, Source};
use super::{Facts, Format, InspectError, Parts, malformed, name, push_needed};

/// Longest note segment that is searched for an OS mark, in bytes.
const MAX_NOTES: u64 = 64 << 10;

pub(super) fn read(source: &Source<'_>, ident: &[u8; 16]) -> Result<Parts, InspectError> {
    if ident[4] == elf::ELFCLASS64.0 {
        read_class::<elf::FileHeader64<Endianness>>(source)
    } else {
        read_class::<elf::FileHeader32<Endianness>>(source)
    }
}

fn read_class<Elf: FileHeader<Endian = Endianness>>(source: &Source<'_>) -> Result<Parts, InspectError> {
    let bad = |error: object::Error| malformed(Format::Elf, error);
    let headers = &source.headers();
    let header = Elf::parse(headers).map_err(bad)?;
    let endian = header.endian().map_err(bad)?;
    let segments = header.program_headers(endian, headers).map_err(bad)?;

    let mut image = Image::new(source);
    for segment in segments {
        let (offset, size) = segment.file_range(endian);
        image.map(segment.p_vaddr(endian).into(), offset, size);
    }
    let interpreter = segments
        .iter()
        .find_map(|segment| segment.interpreter(endian, headers).transpose())
        .transpose()
        .map_err(bad)?
        .map(name);
    let facts = Facts {
        machine: machine(header, endian),
        os: os::<Elf>(header, endian, segments, headers, interpreter.as_deref()),
        needed: needed::<Elf>(endian, segments, headers, &image)?,
        interpreter,
    };
    let region = match section::<Elf>(header, endian, headers).map_err(bad)? {
        Some(region) => Some(region),
        None => segments.iter().find_map(|segment| {
            let flags = segment.p_flags(endian).0 & (elf::PF_X.0 | elf::PF_W.0);
            (segment.p_type(endian) == elf::PT_LOAD && flags == elf::PF_W.0)
                .then(|| (segment.p_vaddr(endian).into(), segment.p_memsz(endian).into()))
        }),
    };
    Ok((facts, image.build_info(region)?))
}

/// GOARCH; a known machine with the wrong word size or byte order gets both added.
fn machine<Elf: FileHeader<Endian = Endianness>>(header: &Elf, endian: Endianness) -> String {
    let (wide, little) = (header.is_class_64(), header.is_little_endian());
    let known = match (header.e_machine(endian), wide, little) {
        (elf::EM_386, false, true) => "386",
        (elf::EM_X86_64, true, true) => "amd64",
        (elf::EM_ARM, false, true) => "arm",
        (elf::EM_AARCH64, true, true) => "arm64",
        (elf::EM_LOONGARCH, true, true) => "loong64",
        (elf::EM_MIPS, false, false) => "mips",
        (elf::EM_MIPS, false, true) => "mipsle",
        (elf::EM_MIPS, true, false) => "mips64",
        (elf::EM_MIPS, true, true) => "mips64le",
        (elf::EM_PPC64, true, false) => "ppc64",
        (elf::EM_PPC64, true, true) => "ppc64le",
        (elf::EM_RISCV, true, true) => "riscv64",
        (elf::EM_S390, true, false) => "s390x",
        (machine, ..) => {
            let bits = if wide { 64 } else { 32 };
            let order = if little { "little" } else { "big" };
            return format!("ELF machine {} ({bits}-bit, {order}-endian)", machine.0);
        }
    };
    known.into()
}

/// GOOS by the ABI byte, else by a note, else by a loader that only one system has.
fn os<Elf: FileHeader<Endian = Endianness>>(
    header: &Elf,
    endian: Endianness,
    segments: &[Elf::ProgramHeader],
    headers: &Headers<'_>,
    interpreter: Option<&str>,
) -> Option<String> {
    let by_abi = match header.e_ident().os_abi {
        elf::ELFOSABI_FREEBSD => Some("freebsd"),
        elf::ELFOSABI_NETBSD => Some("netbsd"),
        elf::ELFOSABI_OPENBSD => Some("openbsd"),
        elf::ELFOSABI_SOLARIS => Some("solaris"),
        elf::ELFOSABI_LINUX => Some("linux"),
        _ => None,
    };
    let by_note = || {
        let small = segments.iter().filter(|segment| segment.p_filesz(endian).into() <= MAX_NOTES);
        let notes = small.filter_map(|segment| segment.notes(endian, headers).ok().flatten());
        notes.flat_map(|notes| notes.map_while(Result::ok)).find_map(|note| match note.name() {
            b"Android" => Some("android"),
            b"DragonFly" => Some("dragonfly"),
            b"FreeBSD" => Some("freebsd"),
            b"NetBSD" => Some("netbsd"),
            b"OpenBSD" => Some("openbsd"),
            _ => None,
        })
    };
    let by_loader = || match interpreter? {
        "/system/bin/linker" | "/system/bin/linker64" => Some("android"),
        "/lib/amd64/ld.so.1" | "/usr/lib/amd64/ld.so.1" => Some("solaris"),
        _ => None,
    };
    by_abi.or_else(by_note).or_else(by_loader).map(Into::into)
}

/// `DT_NEEDED` of the dynamic segment, whose strings are found by address as a loader does.
fn needed<Elf: FileHeader<Endian = Endianness>>(
    endian: Endianness,
    segments: &[Elf::ProgramHeader],
    headers: &Headers<'_>,
    image: &Image<'_>,
) -> Result<Vec<String>, InspectError> {
    let dynamic = segments.iter().find_map(|segment| segment.dynamic(endian, headers).transpose());
    let Some(dynamic) = dynamic.transpose().map_err(|error| malformed(Format::Elf, error))? else {
        return Ok(Vec::new());
    };
    let end = dynamic.iter().position(|entry| entry.tag(endian) == elf::DT_NULL);
    let dynamic = &dynamic[..end.unwrap_or(dynamic.len())];
    let value = |tag| dynamic.iter().find(|d| d.tag(endian) == tag).map(|d| d.val(endian));
    let strings = value(elf::DT_STRTAB).and_then(|address| image.locate(address));

    let mut needed = Vec::new();
    for entry in dynamic.iter().filter(|entry| entry.tag(endian) == elf::DT_NEEDED) {
        let bytes = strings.and_then(|(offset, mapped)| {
            let size = mapped.min(value(elf::DT_STRSZ).unwrap_or(mapped));
            let start = offset + Some(entry.val(endian)).filter(|&at| at < size)?;
            headers.read_bytes_at_until(start..offset + size, 0).ok()
        });
        let bytes = bytes.ok_or_else(|| malformed(Format::Elf, "a needed library has no name"))?;
        push_needed(&mut needed, Format::Elf, bytes)?;
    }
    Ok(needed)
}

/// Address and size of `.go.buildinfo`.
fn section<Elf: FileHeader<Endian = Endianness>>(
    header: &Elf,
    endian: Endianness,
    headers: &Headers<'_>,
) -> object::Result<Option<(u64, u64)>> {
    let sections = header.sections(endian, headers)?;
    let found = sections.iter().find(|&s| sections.section_name(endian, s) == Ok(b".go.buildinfo"));
    Ok(found.map(|section| (section.sh_addr(endian).into(), section.sh_size(endian).into())))
}

#[cfg(test)]
mod tests {
    use crate::inspect::image::tests::blob;
    use crate::inspect::tests::{inspect_bytes, survive};

    /// A little-endian 64-bit program without sections, that needs two libraries.
    fn program() -> Vec<u8> {
        let blob = blob("go1.26.8", "path\tx\n");
        let strings = b"\0libc.so\0libsocket.so\0";
        let dynamic: [u64; 10] = [1, 1, 1, 9, 5, 0x1000 + 0x120 + 0x20 + 80, 10, 22, 0, 0];
        let interpreter = b"/lib/amd64/ld.so.1\0";
        let mut out = b"\x7fELF\x02\x01\x01".to_vec();
        out.resize(16, 0);
        out.extend([2, 0, 62, 0, 1, 0, 0, 0]);
        out.extend([0, 64, 0].iter().flat_map(|word: &u64| word.to_le_bytes()));
        out.extend([0, 0, 0, 0, 64, 0, 56, 0, 4, 0, 64, 0, 0, 0, 0, 0]);
        let data = 0x120 + 0x20 + 80 + 32;
        for (kind, flags, offset, size) in
            [(3, 4, 0x120, interpreter.len()), (2, 6, 0x140, 80), (1, 5, 0, data), (1, 6, data, blob.len())]
        {
            out.extend([kind, flags].iter().flat_map(|word: &u32| word.to_le_bytes()));
            let (offset, size) = (offset as u64, size as u64);
            let words = [offset, 0x1000 + offset, 0, size, size, 16];
            out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }
        out.resize(0x120, 0);
        out.extend(interpreter);
        out.resize(0x140, 0);
        out.extend(dynamic.iter().flat_map(|word| word.to_le_bytes()));
        out.extend(strings);
        out.resize(data, 0);
        out.extend(blob);
        out
    }

    #[test]
    fn facts_without_sections() {
        let inspection = inspect_bytes(&program()).unwrap();
        assert_eq!(inspection.machine, "amd64");
        assert_eq!(inspection.os.as_deref(), Some("solaris"));
        assert_eq!(inspection.needed, ["libc.so", "libsocket.so"]);
        assert_eq!(inspection.build_info.unwrap().go_version, "go1.26.8");
    }

    #[test]
    fn machines_have_a_width_and_an_order() {
        let machine = |at: usize, value: u8| {
            let mut bytes = program();
            bytes[at] = value;
            inspect_bytes(&bytes).unwrap().machine
        };
        assert_eq!(machine(18, 8), "mips64le");
        assert_eq!(machine(18, 22), "ELF machine 22 (64-bit, little-endian)");
        assert_eq!(machine(18, 183), "arm64");
    }

    #[test]
    fn hostile_headers() {
        survive(&program());
    }
}
