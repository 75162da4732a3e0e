//! What Go's linker makes for each platform when it links alone, without cgo.
//!
//! Sources: `cmd/link/internal/*/obj.go` of Go 1.26 for loaders; the `go:cgo_import_dynamic` lines of
//! the standard library for libraries; both compared with programs built for every port.

use super::Format;

/// The container of a GOOS.
pub(super) fn format_of(os: &str) -> Option<Format> {
    Some(match os {
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" | "solaris" | "illumos" => {
            Format::Elf
        }
        "darwin" | "ios" => Format::MachO,
        "windows" => Format::Pe,
        "aix" => Format::Xcoff,
        "js" | "wasip1" => Format::Wasm,
        "plan9" => Format::Plan9,
        _ => return None,
    })
}

/// What [`super::Inspection::os`] says of a program for a GOOS; `None` where the format says nothing.
pub(super) fn mark_of(os: &str) -> Option<&str> {
    match os {
        "linux" | "dragonfly" => None,
        "illumos" => Some("solaris"),
        other => Some(other),
    }
}

/// Loaders that a program may name; none where it is static.
pub(super) fn loaders(os: &str, arch: &str) -> &'static [&'static str] {
    match (os, arch) {
        ("android", "386" | "arm") => &["/system/bin/linker"],
        ("android", _) => &["/system/bin/linker64"],
        ("openbsd", _) => &["/usr/libexec/ld.so"],
        ("solaris" | "illumos", _) => &["/lib/amd64/ld.so.1"],
        ("darwin" | "ios", _) => &["/usr/lib/dyld"],
        _ => &[],
    }
}

/// The libraries that belong to the system and that programs may need; see [`is_normal`].
pub(super) fn libraries(os: &str) -> &'static [&'static str] {
    match os {
        "aix" => &["libc.a/shr_64.o", "libpthread.a/shr_xpg5_64.o"],
        "darwin" | "ios" => &["/usr/lib/", "/System/Library/"],
        "openbsd" => &["libc.so", "libpthread.so"],
        "solaris" | "illumos" => &["libc.so", "libsendfile.so", "libsocket.so"],
        "windows" => &["kernel32.dll"],
        _ => &[],
    }
}

/// Whether a program for `os` may need `library`.
pub(super) fn is_normal(os: &str, library: &str) -> bool {
    libraries(os).iter().any(|normal| match os {
        // Only the system writes below these directories.
        "darwin" | "ios" => library.starts_with(normal) && !library.contains("/../"),
        "windows" => library.eq_ignore_ascii_case(normal),
        _ => library == *normal,
    })
}
