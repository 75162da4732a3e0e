//! Single files: read, written, copied, opened.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};

use camino::Utf8Path;

use super::{Result, context, context_of_room, create_dir_all, missing};

/// The whole file.
pub fn read(path: &Utf8Path) -> Result<Vec<u8>> {
    context(fs::read(path), "read", path)
}

/// The whole file as UTF-8.
pub fn read_text(path: &Utf8Path) -> Result<String> {
    context(fs::read_to_string(path), "read", path)
}

/// The whole file, or `None` where there is none.
pub fn read_if_present(path: &Utf8Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if missing(&error) => Ok(None),
        Err(error) => context(Err(error), "read", path),
    }
}

/// The BLAKE3 of a file's bytes, or `None` where there is none. It is read in pieces.
pub fn hash_if_present(path: &Utf8Path) -> Result<Option<blake3::Hash>> {
    let mut hasher = blake3::Hasher::new();
    match File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ())) {
        Ok(()) => Ok(Some(hasher.finalize())),
        Err(error) if missing(&error) => Ok(None),
        Err(error) => context(Err(error), "read", path),
    }
}

/// Writes a new file and waits until its bytes are on the disk.
pub fn write_synced(path: &Utf8Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    context_of_room(write(), "write", path, bytes.len() as u64)
}

/// Adds bytes to the end of a file in one piece, making it and its directory where they are not there.
pub fn append_line(path: &Utf8Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
        create_dir_all(parent)?;
    }
    let append = || File::options().append(true).create(true).open(path)?.write_all(bytes);
    context(append(), "write", path)
}

/// Writes a new file, and leaves it to the system when its bytes reach the disk.
pub fn write_new(path: &Utf8Path, bytes: &[u8]) -> Result<()> {
    context(File::create_new(path).and_then(|mut file| file.write_all(bytes)), "write", path)
}

/// Opens a file to write at its end, making it where there is none.
pub fn append(path: &Utf8Path) -> Result<File> {
    context(File::options().append(true).create(true).open(path), "open", path)
}

/// Lets a pipe hold more, where this is one and the system allows it: whoever writes to it in small pieces is then not
/// woken after each.
#[cfg(target_os = "linux")]
pub fn widen_pipe(pipe: &impl std::os::fd::AsFd) {
    /// What an unprivileged user may ask for (pipe(7)).
    const MOST: usize = 1 << 20;
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, MOST);
}

/// Elsewhere pipes are as they are.
#[cfg(not(target_os = "linux"))]
pub fn widen_pipe<T>(_pipe: &T) {}

/// Takes the right to write an open file from everybody; nothing where the system has no such rights.
pub fn make_read_only(file: &File, path: &Utf8Path) -> Result<()> {
    #[cfg(unix)]
    {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o444);
        context(file.set_permissions(permissions), "set the mode of", path)
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        Ok(())
    }
}

/// Whether a file has no name but the one it was found by, as far as the system tells.
pub fn has_one_name(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::nlink(metadata) == 1
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        true
    }
}

/// The whole file as UTF-8, or `None` where there is none.
pub fn read_text_if_present(path: &Utf8Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if missing(&error) => Ok(None),
        Err(error) => context(Err(error), "read", path),
    }
}

/// The whole file as UTF-8, or `None` where there is none. Anything but a regular file is an error, at once: a FIFO
/// would be waited for.
pub fn read_regular_text_if_present(path: &Utf8Path) -> Result<Option<String>> {
    let mut text = String::new();
    match open_regular(path) {
        Ok((mut file, _)) => {
            context(file.read_to_string(&mut text), "read", path)?;
            Ok(Some(text))
        }
        Err(error) if missing(&error.source) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens for reading.
pub fn open(path: &Utf8Path) -> Result<File> {
    context(File::open(path), "open", path)
}

/// Opens a regular file for reading without following a link in its last part, and without waiting for a FIFO.
pub fn open_regular(path: &Utf8Path) -> Result<(File, Metadata)> {
    let open = || {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
        }
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        Ok((file, metadata))
    };
    context(open(), "open", path)
}

/// Makes a new file, replacing one of that name.
pub fn create(path: &Utf8Path) -> Result<File> {
    context(File::create(path), "create", path)
}

/// Copies bytes and mode; the kernel shares the blocks where the file system can.
pub fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<u64> {
    context(fs::copy(from, to), "copy to", to)
}

/// Another name for the same file, or a copy where that cannot be.
pub fn link_or_copy(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(_) => copy(from, to).map(|_| ()),
    }
}

/// What the names of files begin with that are about to get another name.
pub const PASSING: &str = ".xbuild-";

/// Writes a file whole or not at all: a temporary neighbour, fsync, rename. An equal file keeps its times.
pub fn write_atomic(path: &Utf8Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    write_atomic_by(path, |out| out.write_all(bytes))
}

/// The same with bytes that are made while they are written, and in any case.
pub fn write_atomic_by(path: &Utf8Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let parent = path.parent().unwrap_or(Utf8Path::new("."));
    let written = || -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut file = builder.prefix(PASSING).tempfile_in(parent)?;
        write(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    context(written(), "write", path)
}

/// Sets the permission bits; nothing where the system has none.
pub fn set_mode(path: &Utf8Path, mode: u32) -> Result<()> {
    #[cfg(unix)]
    {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        context(fs::set_permissions(path, permissions), "set the mode of", path)
    }
    #[cfg(not(unix))]
    {
        let _ = (path, mode);
        Ok(())
    }
}

/// Whether somebody may still write to what is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nobody does: where its blocks are shared they are read as its own, which the system may have in memory.
    Fixed,
    /// Somebody might: only the copy's own bytes count.
    Open,
}

/// Copies a file to a new one with the permission bits `mode`, sharing its blocks where the file system can. `seen` is
/// shown the bytes of the copy.
pub fn copy_shown(
    from: &Utf8Path,
    origin: Origin,
    to: &Utf8Path,
    mode: u32,
    seen: &mut dyn Write,
) -> Result<()> {
    const PIECE: usize = 1 << 20;
    let shared = reflink_copy::reflink(from, to).is_ok();
    let mut source = open(if shared && origin == Origin::Open { to } else { from })?;
    let mut copy = if shared { None } else { Some(create(to)?) };
    let mut buffer = vec![0; PIECE];
    loop {
        let read = context(source.read(&mut buffer), "read", from)?;
        if read == 0 {
            break;
        }
        context(seen.write_all(&buffer[..read]), "read", from)?;
        if let Some(Err(error)) = copy.as_mut().map(|copy| copy.write_all(&buffer[..read])) {
            let needed = source.metadata().map_or(0, |metadata| metadata.len());
            return context_of_room(Err(error), "write", to, needed);
        }
    }
    set_mode(to, mode)
}

/// Waits until a file's bytes, or a directory's names, are on the disk.
pub fn sync(path: &Utf8Path) -> Result<()> {
    context(File::open(path).and_then(|file| file.sync_all()), "write", path)
}

/// Waits until a directory's names are on the disk; where directories cannot be opened (Windows) the system sees to it.
pub fn sync_dir(path: &Utf8Path) -> Result<()> {
    if cfg!(unix) { sync(path) } else { Ok(()) }
}

/// Opens a file for a lock, making it where there is none.
pub fn open_lock(path: &Utf8Path) -> Result<File> {
    context(File::options().read(true).write(true).create(true).truncate(false).open(path), "open", path)
}

/// Sets a file's time of modification to now.
pub fn touch(path: &Utf8Path) -> Result<()> {
    let now = std::time::SystemTime::now();
    context(File::open(path).and_then(|file| file.set_modified(now)), "set the time of", path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::list;

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(dir.path()).unwrap();
        fs::write(path.join("file"), "text").unwrap();
        std::os::unix::fs::symlink("file", path.join("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path.join("zero")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path.join("socket")).unwrap();
        assert!(open_regular(&path.join("file")).is_ok());
        for name in ["link", "zero", "socket", "", "nothing"] {
            assert!(open_regular(&path.join(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn an_equal_file_keeps_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(dir.path()).unwrap().join("file");
        write_atomic(&path, b"one").unwrap();
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        write_atomic(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        write_atomic(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        assert_eq!(list(path.parent().unwrap()).unwrap(), ["file"]);
    }
}
