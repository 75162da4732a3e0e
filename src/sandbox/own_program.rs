//! This program as a step can run it.
//!
//! Behind a wall there is neither the program nor what it is linked with, and no list of the host's libraries
//! (`/etc/ld.so.cache`). So the program, its loader and its libraries are shown to the step, and the loader is told where
//! the libraries are.

use camino::Utf8PathBuf;

use crate::model::{Mount, SealLevel};

/// How a step runs this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnProgram {
    /// The words that stand before the program's arguments.
    pub argv: Vec<String>,
    /// What the step must see for that.
    pub mounts: Vec<Mount>,
}

/// This program for steps of a level; `None` where it cannot be shown to them: its file has gone, or it is linked in a
/// way that is not understood here.
pub fn own_program(level: SealLevel) -> Option<OwnProgram> {
    let program = Utf8PathBuf::from_path_buf(std::env::current_exe().ok()?).ok()?;
    if !program.is_file() {
        return None;
    }
    if level == SealLevel::Env {
        return Some(OwnProgram { argv: vec![program.into_string()], mounts: Vec::new() });
    }
    #[cfg(target_os = "linux")]
    return linux::shown(&program, level);
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeMap, BTreeSet};

    use camino::{Utf8Path, Utf8PathBuf};
    use object::elf::{DT_NEEDED, DT_SONAME, FileHeader32, FileHeader64};
    use object::read::elf::{Dyn, FileHeader, ProgramHeader};
    use object::{Endianness, FileKind, ReadCache, ReadRef};

    use super::OwnProgram;
    use crate::fs;
    use crate::model::{Access, Mount, SealLevel};

    /// Where all of it is in a file system of the step's own.
    const PLACE: &str = "/xbuild";

    /// What an ELF file says of what it is linked with.
    #[derive(Debug, Default, PartialEq, Eq)]
    pub(super) struct Linked {
        /// The loader.
        pub(super) interpreter: Option<Utf8PathBuf>,
        /// Its own name, for those that need it.
        pub(super) name: Option<String>,
        /// The names of those that it needs.
        pub(super) needed: Vec<String>,
    }

    pub(super) fn shown(program: &Utf8Path, level: SealLevel) -> Option<OwnProgram> {
        let at = |fixed: &str, host: &Utf8Path| match level {
            SealLevel::Strict => Utf8Path::new(PLACE).join(fixed),
            SealLevel::Landlock | SealLevel::Env => host.to_owned(),
        };
        let mut mounts = Vec::new();
        let mut show = |fixed: &str, host: &Utf8Path| {
            let place = at(fixed, host);
            mounts.push(Mount::bind(host, &place, Access::Execute));
            place
        };
        let linked = linked(program)?;
        let place = show("xbuild", program).into_string();
        let Some(interpreter) = &linked.interpreter else {
            // Linked with nothing, or with what nobody would load.
            return linked.needed.is_empty().then_some(OwnProgram { argv: vec![place], mounts });
        };
        let loader = fs::canonical(interpreter).ok()?;
        let libraries = libraries(&linked)?;
        let mut directories = BTreeSet::new();
        for (name, host) in libraries.iter().filter(|(_, host)| **host != loader) {
            let place = show(&format!("lib/{name}"), host);
            // Below the strongest level it is found by the name that it has on the host.
            directories.insert(place.parent()?.to_owned());
        }
        let loader = show("ld.so", &loader).into_string();
        let directories: Vec<&str> = directories.iter().map(|dir| dir.as_str()).collect();
        let separable = directories.iter().all(|dir| !dir.contains([':', ';']));
        let argv = vec![loader, "--library-path".to_owned(), directories.join(":"), place];
        separable.then_some(OwnProgram { argv, mounts })
    }

    /// Every library that the program needs, by the name that it is needed by; among those that are loaded now, so that
    /// they are the ones that the host's loader chose.
    fn libraries(program: &Linked) -> Option<BTreeMap<String, Utf8PathBuf>> {
        let mut loaded = BTreeMap::new();
        for path in mapped(&fs::read_text("/proc/self/maps".into()).ok()?) {
            if let Some(linked) = linked(&path)
                && let Some(name) = linked.name.clone()
            {
                loaded.entry(name).or_insert((path, linked));
            }
        }
        let (mut found, mut open) = (BTreeMap::new(), program.needed.clone());
        while let Some(name) = open.pop() {
            let (path, linked) = loaded.get(&name)?;
            // It becomes the name of a file.
            if name.contains('/') {
                return None;
            }
            if found.insert(name, path.clone()).is_none() {
                open.extend(linked.needed.iter().filter(|name| !found.contains_key(*name)).cloned());
            }
        }
        Some(found)
    }

    /// The files that code comes from, by a table as in /proc/self/maps.
    pub(super) fn mapped(table: &str) -> BTreeSet<Utf8PathBuf> {
        let files = table.lines().filter_map(|line| {
            let (front, path) = line.split_at_checked(line.find('/')?)?;
            let executable = front.split_whitespace().nth(1)?.contains('x');
            (executable && !path.ends_with(" (deleted)")).then(|| path.into())
        });
        files.collect()
    }

    /// Reads an ELF file's own words; `None` for anything else.
    pub(super) fn linked(path: &Utf8Path) -> Option<Linked> {
        let (file, _) = fs::open_regular(path).ok()?;
        let cache = ReadCache::new(file);
        match FileKind::parse(&cache).ok()? {
            FileKind::Elf64 => read::<FileHeader64<Endianness>>(&cache),
            FileKind::Elf32 => read::<FileHeader32<Endianness>>(&cache),
            _ => None,
        }
    }

    fn read<'d, Elf: FileHeader<Endian = Endianness>>(data: impl ReadRef<'d>) -> Option<Linked> {
        let header = Elf::parse(data).ok()?;
        let endian = header.endian().ok()?;
        let mut linked = Linked::default();
        for segment in header.program_headers(endian, data).ok()? {
            if let Some(path) = segment.interpreter(endian, data).ok()? {
                linked.interpreter = Some(std::str::from_utf8(path).ok()?.into());
            }
        }
        let sections = header.sections(endian, data).ok()?;
        let Some((entries, strings)) = sections.dynamic(endian, data).ok()? else { return Some(linked) };
        let strings = sections.strings(endian, data, strings).ok()?;
        for entry in entries {
            let text = || std::str::from_utf8(entry.string(endian, strings).ok()?).ok().map(str::to_owned);
            match entry.tag(endian) {
                DT_NEEDED => linked.needed.push(text()?),
                DT_SONAME => linked.name = Some(text()?),
                _ => {}
            }
        }
        Some(linked)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::model::Access;

    #[test]
    fn files_with_code_are_found_in_a_table() {
        let table = "5581a0-5581b0 r--p 00000000 fe:00 1 /usr/bin/with space\n\
                     5581b0-5581c0 r-xp 00001000 fe:00 1 /usr/bin/with space\n\
                     7f0000-7f0001 r--p 00000000 fe:00 2 /usr/lib/only-data\n\
                     7f0001-7f0002 r-xp 00000000 fe:00 3 /usr/lib/gone (deleted)\n\
                     7f0002-7f0003 r-xp 00000000 00:00 0 [vdso]\n\
                     7f0003-7f0004 rwxp 00000000 00:00 0\n";
        let found: Vec<_> = linux::mapped(table).into_iter().collect();
        assert_eq!(found, ["/usr/bin/with space"]);
    }

    #[test]
    fn this_program_is_shown_with_what_it_needs() {
        let env = own_program(SealLevel::Env).unwrap();
        assert_eq!((env.argv.len(), env.mounts.len()), (1, 0));
        let strict = own_program(SealLevel::Strict).unwrap();
        for mount in &strict.mounts {
            let Mount::Bind { host, at, access: Access::Execute } = mount else { panic!("{mount:?}") };
            assert!(host.is_file() && at.starts_with("/xbuild"), "{mount:?}");
        }
        assert!(!strict.argv.iter().any(|word| word.contains(env.argv[0].as_str())), "{:?}", strict.argv);
        let landlock = own_program(SealLevel::Landlock).unwrap();
        assert_eq!(landlock.mounts.len(), strict.mounts.len());
        assert_eq!(landlock.argv.last(), Some(&env.argv[0]));
    }

    #[test]
    fn what_is_no_program_is_none() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(linux::linked(manifest.into()), None);
        assert_eq!(linux::linked("/dev/null".into()), None);
        assert_eq!(linux::linked("/nowhere".into()), None);
    }
}
