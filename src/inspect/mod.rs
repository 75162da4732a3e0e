//! Reads an artifact back and says what it is.
//!
//! Takes an open file that `go build` wrote and returns an [`Inspection`]: object format, machine,
//! loader, shared libraries and Go's build information. An [`Expectation`] compares that with the
//! plan; every [`Mismatch`] fails the target.
//!
//! Guarantees: no input makes it panic, read the whole file at once or allocate without bound.
//! Lengths that the file states are bounded before they are believed; the bounds add up to some
//! 30 MiB in the worst case, and a real program takes less than one. It moves the file's cursor.
//!
//! Go reads its own build information from native programs only (`debug/buildinfo`, `go version -m`).
//! This room also finds it in Plan 9's, where Go's reader looks at the wrong alignment, and in
//! WebAssembly's, which Go's reader does not know.

mod build_info;
mod elf;
mod expectation;
mod go_sum;
mod image;
mod macho;
mod mismatch;
mod pe;
mod plan9;
mod platform;
mod quote;
mod source;
mod wasm;
mod wasm_cursor;
mod xcoff;

use std::fmt;
use std::fs::File;
use std::io;

use serde::Serialize;

pub use build_info::{BuildInfo, Module};
pub use expectation::Expectation;
pub use go_sum::go_sums;
pub use mismatch::Mismatch;

use build_info::RawBuildInfo;
use source::{Bytes, Source};

/// An executable's container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// ELF: linux, android, the BSDs, solaris and illumos.
    Elf,
    /// Mach-O: darwin and ios.
    #[serde(rename = "macho")]
    MachO,
    /// Portable Executable: windows.
    Pe,
    /// XCOFF: aix.
    Xcoff,
    /// A WebAssembly module: js and wasip1.
    Wasm,
    /// Plan 9 a.out.
    Plan9,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Elf => "ELF",
            Format::MachO => "Mach-O",
            Format::Pe => "PE",
            Format::Xcoff => "XCOFF",
            Format::Wasm => "WebAssembly",
            Format::Plan9 => "Plan 9 a.out",
        })
    }
}

/// What an artifact says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The container.
    pub format: Format,
    /// The machine in GOARCH's words (`arm64`, `mips64le`); for machines that Go does not know, words
    /// that are no GOARCH.
    pub machine: String,
    /// GOOS as far as the format tells it. `None` for an ELF file without an OS mark, as Go writes them
    /// for linux and dragonfly; `solaris` stands for illumos too.
    pub os: Option<String>,
    /// The program that the kernel starts to load this one: `PT_INTERP`, `LC_LOAD_DYLINKER`.
    pub interpreter: Option<String>,
    /// Shared libraries that the loader needs: `DT_NEEDED`, `LC_LOAD_DYLIB` and its kin, imported DLLs,
    /// XCOFF import files (`libc.a/shr_64.o`); for WebAssembly the modules that it imports from.
    pub needed: Vec<String>,
    /// Go's build information, if the file has any.
    pub build_info: Option<BuildInfo>,
}

/// Why a file cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The file could not be read.
    #[error("cannot read the artifact: {0}")]
    Read(#[from] io::Error),
    /// The first bytes are none of the formats that Go links.
    #[error("not an executable of a format that Go links")]
    Unrecognized,
    /// The file breaks its format's rules, or states sizes past the bounds kept here.
    #[error("broken {format} file: {why}")]
    Malformed {
        /// What the first bytes say it is.
        format: Format,
        /// What is wrong.
        why: String,
    },
    /// There is Go build information, but it cannot be read.
    #[error("broken Go build information: {0}")]
    BuildInfo(String),
}

/// What the headers say, before build information.
#[derive(Debug, Default)]
struct Facts {
    machine: String,
    os: Option<String>,
    interpreter: Option<String>,
    needed: Vec<String>,
}

/// What each format's reader returns.
type Parts = (Facts, Option<RawBuildInfo>);

/// Most shared libraries that a file may name.
const MAX_NEEDED: usize = 1024;

/// Inspects a file. See [`InspectError`] for what can go wrong; an executable that was not linked by Go
/// is no error, it lacks [`Inspection::build_info`].
pub fn inspect(file: &File) -> Result<Inspection, InspectError> {
    inspect_bytes(file)
}

fn inspect_bytes(bytes: &dyn Bytes) -> Result<Inspection, InspectError> {
    let source = Source::new(bytes)?;
    let ident = source.array::<16>(0)?.ok_or(InspectError::Unrecognized)?;
    let format = recognize(&ident).ok_or(InspectError::Unrecognized)?;
    let (facts, raw) = match format {
        Format::Elf => elf::read(&source, &ident),
        Format::MachO => macho::read(&source, &ident),
        Format::Pe => pe::read(&source),
        Format::Xcoff => xcoff::read(&source, &ident),
        Format::Wasm => wasm::read(&source),
        Format::Plan9 => plan9::read(&source),
    }?;
    Ok(Inspection {
        format,
        machine: facts.machine,
        os: facts.os,
        interpreter: facts.interpreter,
        needed: facts.needed,
        build_info: raw.map(BuildInfo::parse).transpose()?,
    })
}

/// The format by its first bytes; as `readRawBuildInfo` in Go's `debug/buildinfo`, and WebAssembly.
/// Universal Mach-O files are left out: `go build` writes none.
fn recognize(ident: &[u8; 16]) -> Option<Format> {
    match ident {
        [0x7f, b'E', b'L', b'F', ..] => Some(Format::Elf),
        [b'M', b'Z', ..] => Some(Format::Pe),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => Some(Format::MachO),
        [0x01, 0xdf | 0xf7, ..] => Some(Format::Xcoff),
        [0, b'a', b's', b'm', ..] => Some(Format::Wasm),
        _ => plan9::machine(ident).map(|_| Format::Plan9),
    }
}

/// An error of the format's own reader.
fn malformed(format: Format, why: impl fmt::Display) -> InspectError {
    InspectError::Malformed { format, why: why.to_string() }
}

/// A name of a library or loader; bytes that are not UTF-8 become U+FFFD, which no real name has.
fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Adds a library to a list that must stay short.
fn push_needed(needed: &mut Vec<String>, format: Format, bytes: &[u8]) -> Result<(), InspectError> {
    if needed.len() == MAX_NEEDED {
        return Err(malformed(format, format_args!("more than {MAX_NEEDED} libraries")));
    }
    needed.push(name(bytes));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{InspectError, Inspection};

    /// Inspects bytes at hand; the other files' tests use it too.
    pub(super) fn inspect_bytes(bytes: &[u8]) -> Result<Inspection, InspectError> {
        super::inspect_bytes(&bytes)
    }

    /// Inspects every prefix of `bytes`, and `bytes` with each byte set to 0, 0x7f and 0xff.
    pub(super) fn survive(bytes: &[u8]) {
        for len in 0..bytes.len() {
            let _ = inspect_bytes(&bytes[..len]);
        }
        let mut bytes = bytes.to_vec();
        for at in 0..bytes.len() {
            let kept = bytes[at];
            for value in [0, 0x7f, 0xff] {
                bytes[at] = value;
                let _ = inspect_bytes(&bytes);
            }
            bytes[at] = kept;
        }
    }

    #[test]
    fn other_files_are_not_recognized() {
        for bytes in [&b""[..], b"MZ", b"#!/bin/sh\necho no program\n", &[0; 64]] {
            assert!(matches!(inspect_bytes(bytes), Err(InspectError::Unrecognized)), "{bytes:?}");
        }
    }
}
