//! WebAssembly modules that Go links.
//!
//! Go's linker leaves the build information blob out of these (`dataSects` in `cmd/link/internal/wasm`),
//! and `go version -m` does not know the format. But the program carries the module lines for
//! `debug.ReadBuildInfo`, between the marks of cmd/go (`infoStart` and `infoEnd` in
//! `cmd/go/internal/modload/build.go`), and the version in the custom section `producers`. Marks are
//! never split over data segments: the linker splits at eight zero bytes, and neither marks nor lines
//! have one. A program may embed other Go programs, so only lines that state this module's own GOARCH
//! and GOOS count.

use std::ops::Range;

use super::build_info::{BuildInfo, MAX_TEXT, RawBuildInfo};
use super::source::Source;
use super::wasm_cursor::Cursor;
use super::{Facts, Format, InspectError, Parts, malformed, push_needed};

const START: [u8; 16] = *b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const END: [u8; 16] = *b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
const CHUNK: u64 = 64 << 10;
/// Most sections and longest section of imports or producers that are read.
const MAX_SECTIONS: usize = 1024;
const MAX_SECTION: u64 = 1 << 20;
/// Most start marks that are looked at.
const MAX_MARKS: usize = 64;

const CUSTOM: u8 = 0;
const IMPORT: u8 = 2;
const DATA: u8 = 11;

pub(super) fn read(source: &Source<'_>) -> Result<Parts, InspectError> {
    if source.array(4)? != Some([1, 0, 0, 0]) {
        return Err(malformed(Format::Wasm, "not version 1"));
    }
    let mut facts = Facts { machine: "wasm".into(), ..Facts::default() };
    let (mut version, mut data) = (None, None);
    let mut offset = 8;
    for count in 0.. {
        if offset == source.len() {
            break;
        }
        if count == MAX_SECTIONS {
            return Err(malformed(Format::Wasm, "too many sections"));
        }
        let (id, body) = section(source, offset)?;
        offset = body.end;
        match id {
            CUSTOM if version.is_none() => version = producer(source, &body)?,
            IMPORT => facts.needed = imports(source, &body)?,
            DATA => data = Some(body),
            _ => {}
        }
    }
    let imported = |name: &str| facts.needed.iter().any(|module| module == name);
    let os = match (imported("gojs"), imported("wasi_snapshot_preview1")) {
        (true, false) => Some("js"),
        (false, true) => Some("wasip1"),
        _ => None,
    };
    let raw = match (version, data) {
        (Some(version), Some(data)) => build_info(source, &data, &version, os)?,
        _ => None,
    };
    facts.os = os.map(Into::into);
    Ok((facts, raw))
}

/// The section that starts at `offset`: its id and where its body is.
fn section(source: &Source<'_>, offset: u64) -> Result<(u8, Range<u64>), InspectError> {
    let mut head = [0; 6];
    let read = source.read_at(offset, &mut head)?;
    let mut cursor = Cursor::new(&head[..read]);
    let (id, size) = (cursor.byte(), cursor.number());
    let (Some(id), Some(size)) = (id, size) else {
        return Err(cut());
    };
    let start = offset + (read - cursor.left()) as u64;
    let end = start.checked_add(size).filter(|&end| end <= source.len()).ok_or_else(cut)?;
    Ok((id, start..end))
}

fn cut() -> InspectError {
    malformed(Format::Wasm, "a section is cut short")
}

/// A short section's bytes.
fn body(source: &Source<'_>, range: &Range<u64>) -> Result<Vec<u8>, InspectError> {
    let size = range.end - range.start;
    if size > MAX_SECTION {
        return Err(malformed(Format::Wasm, "a section is too long"));
    }
    let mut bytes = vec![0; size as usize];
    let read = source.read_at(range.start, &mut bytes)?;
    if read < bytes.len() { Err(cut()) } else { Ok(bytes) }
}

/// The Go version in a custom section, if it is `producers` and states one.
/// Source: WebAssembly tool-conventions, "Producers Section".
fn producer(source: &Source<'_>, range: &Range<u64>) -> Result<Option<String>, InspectError> {
    // The section of names is custom too and may be long.
    if range.end - range.start > CHUNK {
        return Ok(None);
    }
    let bytes = body(source, range)?;
    let mut cursor = Cursor::new(&bytes);
    if cursor.name() != Some(b"producers") {
        return Ok(None);
    }
    let mut go = None;
    for _ in 0..cursor.number().ok_or_else(cut)? {
        let field = cursor.name().ok_or_else(cut)?;
        for _ in 0..cursor.number().ok_or_else(cut)? {
            let name = cursor.name().ok_or_else(cut)?;
            let version = cursor.name().ok_or_else(cut)?;
            if (field, name) == (b"language", b"Go") {
                go = String::from_utf8(version.to_vec()).ok();
            }
        }
    }
    Ok(go)
}

/// The modules of the import section, each once. Source: WebAssembly core specification 5.5.5.
fn imports(source: &Source<'_>, range: &Range<u64>) -> Result<Vec<String>, InspectError> {
    let bytes = body(source, range)?;
    let mut cursor = Cursor::new(&bytes);
    let mut modules: Vec<String> = Vec::new();
    for _ in 0..cursor.number().ok_or_else(cut)? {
        let module = cursor.name().ok_or_else(cut)?;
        if !modules.iter().any(|known| known.as_bytes() == module) {
            push_needed(&mut modules, Format::Wasm, module)?;
        }
        cursor.name().and_then(|_| cursor.skip_description()).ok_or_else(cut)?;
    }
    Ok(modules)
}

/// The module lines in the data section that are this module's own.
fn build_info(
    source: &Source<'_>,
    data: &Range<u64>,
    version: &str,
    os: Option<&str>,
) -> Result<Option<RawBuildInfo>, InspectError> {
    let mut own: Option<RawBuildInfo> = None;
    let mut from = data.start;
    for _ in 0..MAX_MARKS {
        let Some(start) = find(source, from..data.end, &START)? else {
            return Ok(own);
        };
        from = start + 1;
        let text = start + START.len() as u64;
        let limit = data.end.min(text + MAX_TEXT + END.len() as u64);
        let Some(end) = find(source, text..limit, &END)? else {
            continue;
        };
        let mut bytes = vec![0; (end - text) as usize];
        source.read_at(text, &mut bytes)?;
        // A mark by chance, or inside an embedded file of another kind, is no lie about this one.
        let Ok(raw) = RawBuildInfo::from_bytes(version.into(), bytes) else {
            continue;
        };
        let Ok(info) = BuildInfo::parse(raw.clone()) else {
            continue;
        };
        if info.setting("GOARCH") != Some("wasm") || os.is_some() && info.setting("GOOS") != os {
            continue;
        }
        if own.as_ref().is_some_and(|own| own.modules != raw.modules) {
            return Err(InspectError::BuildInfo("found twice, with different contents".into()));
        }
        own = Some(raw);
        from = end;
    }
    Err(InspectError::BuildInfo(format!("more than {MAX_MARKS} start marks")))
}

/// The offset of the first `mark` in the range.
fn find(source: &Source<'_>, range: Range<u64>, mark: &[u8; 16]) -> Result<Option<u64>, InspectError> {
    let mut buffer = vec![0; CHUNK as usize];
    let mut offset = range.start;
    while offset + mark.len() as u64 <= range.end {
        let size = CHUNK.min(range.end - offset) as usize;
        let read = source.read_at(offset, &mut buffer[..size])?;
        if let Some(at) = buffer[..read].windows(mark.len()).position(|window| window == mark) {
            return Ok(Some(offset + at as u64));
        }
        if read < size {
            break;
        }
        // The next piece begins where a mark could still begin.
        offset += (size - mark.len() + 1) as u64;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{END, START};
    use crate::inspect::InspectError;
    use crate::inspect::tests::{inspect_bytes, survive};

    fn lines(os: &str, path: &str) -> Vec<u8> {
        let text = format!("path\t{path}\nbuild\tGOARCH=wasm\nbuild\tGOOS={os}\n");
        [&START, text.as_bytes(), &END].concat()
    }

    fn module(data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        let import = b"\x02\x04gojs\x01a\x00\x00\x04gojs\x01m\x02\x01\x01\x02";
        let producers = b"\x09producers\x01\x08language\x01\x02Go\x08go1.26.8";
        for (id, body) in [(2, &import[..]), (11, data), (0, producers)] {
            let size = body.len() as u32;
            let low = [size, size >> 7].map(|group| (group & 0x7f) as u8 | 0x80);
            bytes.extend([id, low[0], low[1], (size >> 14) as u8]);
            bytes.extend(body);
        }
        bytes
    }

    #[test]
    fn own_lines_among_embedded_ones() {
        let data = [&[7; 65_530][..], &lines("linux", "a"), &lines("js", "b"), &START].concat();
        let inspection = inspect_bytes(&module(&data)).unwrap();
        assert_eq!(inspection.os.as_deref(), Some("js"));
        assert_eq!(inspection.needed, ["gojs"]);
        let info = inspection.build_info.unwrap();
        assert_eq!((&*info.go_version, &*info.path), ("go1.26.8", "b"));
    }

    #[test]
    fn two_of_its_kind_are_not_guessed_at() {
        let same = [lines("js", "a"), lines("js", "a")].concat();
        assert_eq!(inspect_bytes(&module(&same)).unwrap().build_info.unwrap().path, "a");
        let different = [lines("js", "a"), lines("js", "b")].concat();
        assert!(matches!(inspect_bytes(&module(&different)), Err(InspectError::BuildInfo(_))));
    }

    #[test]
    fn hostile_sections() {
        survive(&module(&lines("js", "a")));
    }
}
