//! The only user of raw file operations. Every error names the operation and the path.
#![allow(clippy::disallowed_methods)]

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use walkdir::WalkDir;

/// An operation on a path that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {path}: {source}")]
pub struct FsError {
    /// What was tried, as a verb.
    pub operation: &'static str,
    /// On what.
    pub path: Utf8PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl FsError {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                format!(
                    "free space on the file system of {}, or choose another with --dist or --cache-dir",
                    self.path
                )
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                format!(
                    "give this user the right to {} {}, or choose another place",
                    self.operation, self.path
                )
            }
            io::ErrorKind::NotFound => "check the path".to_owned(),
            _ => "check the path and the file system".to_owned(),
        }
    }
}

/// Result of an operation on a path.
pub type Result<T> = std::result::Result<T, FsError>;

/// Attaches the operation and the path to an error of the system.
pub fn context<T>(result: io::Result<T>, operation: &'static str, path: &Utf8Path) -> Result<T> {
    result.map_err(|source| FsError { operation, path: path.to_owned(), source })
}

/// The same for an operation that needs room: where there is too little, the error says how much is needed and there.
fn context_of_room<T>(
    result: io::Result<T>,
    operation: &'static str,
    path: &Utf8Path,
    needed: u64,
) -> Result<T> {
    let full =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let result = result.map_err(|error| match full(&error) {
        false => error,
        true => {
            let free = path.parent().and_then(free_space);
            let free = free.map_or(String::new(), |free| format!(", {free} are free"));
            io::Error::new(error.kind(), format!("{error}: {needed} bytes are needed{free}"))
        }
    });
    context(result, operation, path)
}

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

/// What stands behind `label:` in a table that the kernel keeps (`/proc/self/status`, `/proc/meminfo`).
pub fn kernel_field<'t>(table: &'t str, label: &str) -> Option<&'t str> {
    table.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(':')).map(str::trim)
}

/// The same where it is a size, in bytes. The kernel writes kB and means 1024 bytes.
pub fn kernel_size(table: &str, label: &str) -> Option<u64> {
    Some(kernel_field(table, label)?.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
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

fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
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

/// What stands at a path; links are not followed. `None` where nothing does.
pub fn lstat(path: &Utf8Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if missing(&error) => Ok(None),
        Err(error) => context(Err(error), "look at", path),
    }
}

/// Makes a new file, replacing one of that name.
pub fn create(path: &Utf8Path) -> Result<File> {
    context(File::create(path), "create", path)
}

/// The directory and those above it.
pub fn create_dir_all(path: &Utf8Path) -> Result<()> {
    context(fs::create_dir_all(path), "create the directory", path)
}

/// A directory that vanishes with the returned value, below `parent`. Its owner holds a lock on it, so that what
/// a killed run left behind under the same prefix can be told from a living one's, and is removed here.
pub fn temporary_dir(parent: &Utf8Path, prefix: &str) -> Result<TemporaryDir> {
    create_dir_all(parent)?;
    sweep(parent, prefix);
    // tempfile's own message names a path that the user cannot know.
    let made = tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(|error| {
        let inner =
            error.get_ref().and_then(std::error::Error::source).and_then(|inner| inner.downcast_ref());
        inner
            .and_then(io::Error::raw_os_error)
            .map_or(io::Error::from(error.kind()), io::Error::from_raw_os_error)
    });
    let inner = context(made, "create a temporary directory in", parent)?;
    let path = utf8(inner.path().to_owned())?;
    let lock = lock_dir(&path)?;
    Ok(TemporaryDir { path, inner, _lock: lock })
}

/// Removes abandoned temporary directories. Young ones stay: their owner may be about to lock them.
fn sweep(parent: &Utf8Path, prefix: &str) {
    const YOUNG: Duration = Duration::from_secs(10);
    for name in list(parent).unwrap_or_default().iter().filter(|name| name.starts_with(prefix)) {
        let path = parent.join(name);
        let age = path.symlink_metadata().and_then(|data| data.modified()).map(|time| time.elapsed());
        let old = age.is_ok_and(|age| age.is_ok_and(|age| age > YOUNG));
        let abandoned = || File::open(&path).is_ok_and(|dir| dir.try_lock().is_ok());
        if old && path.is_dir() && abandoned() {
            let _ = remove_dir_all(&path);
        } else if old && path.is_file() {
            // What `write_atomic` had in hand for a moment.
            let _ = remove_file(&path);
        }
    }
}

/// A directory that is removed when this goes out of scope.
#[derive(Debug)]
pub struct TemporaryDir {
    path: Utf8PathBuf,
    inner: tempfile::TempDir,
    _lock: Option<File>,
}

impl TemporaryDir {
    /// Where it is.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Removes it now, and says when that fails.
    pub fn close(self) -> Result<()> {
        let _ = self.inner.keep();
        remove_dir_all(&self.path)
    }
}

/// A path as UTF-8, or an error that shows it escaped.
pub fn utf8(path: std::path::PathBuf) -> Result<Utf8PathBuf> {
    Utf8PathBuf::from_path_buf(path).map_err(|path| FsError {
        operation: "use",
        path: Utf8PathBuf::from(format!("{path:?}")),
        source: io::Error::new(io::ErrorKind::InvalidData, "the name is not UTF-8"),
    })
}

/// The path with links resolved.
pub fn canonical(path: &Utf8Path) -> Result<Utf8PathBuf> {
    context(path.canonicalize_utf8(), "find", path)
}

/// What a link says.
pub fn read_link(path: &Utf8Path) -> Result<Utf8PathBuf> {
    context(path.read_link_utf8(), "read the link", path)
}

/// Renames within a file system.
pub fn rename(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    context(fs::rename(from, to), "rename into", to)
}

/// Puts a directory in the place of another: the two change places in one step where the system can do that
/// (Linux), elsewhere the old one is renamed to `aside` first. What was at `to` may be missing, and is afterwards at
/// `from` or at `aside`.
pub fn replace_dir(from: &Utf8Path, to: &Utf8Path, aside: &Utf8Path) -> Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, from.as_std_path(), CWD, to.as_std_path(), RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    if lstat(to)?.is_some() {
        rename(to, aside)?;
    }
    rename(from, to)
}

/// Removes a file; none there is fine.
pub fn remove_file(path: &Utf8Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if missing(&error) => Ok(()),
        result => context(result, "remove", path),
    }
}

/// Removes a directory that is empty; any other is left alone.
pub fn remove_dir_if_empty(path: &Utf8Path) {
    let _ = fs::remove_dir(path);
}

/// Removes a directory and all below; none there is fine.
pub fn remove_dir_all(path: &Utf8Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if missing(&error) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            unlock(path);
            context(fs::remove_dir_all(path), "remove", path)
        }
        result => context(result, "remove", path),
    }
}

/// Gives the owner back what a step, or Go's module cache, took from directories. Links are not followed; what cannot
/// be changed stays as it is.
fn unlock(dir: &Utf8Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if !dir.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            return;
        }
        let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
        for name in list(dir).unwrap_or_default() {
            unlock(&dir.join(name));
        }
    }
    #[cfg(not(unix))]
    let _ = dir;
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

/// Makes a symbolic link.
#[cfg(unix)]
pub fn symlink(target: &Utf8Path, link: &Utf8Path) -> Result<()> {
    context(std::os::unix::fs::symlink(target, link), "link", link)
}

/// Makes a symbolic link to a directory.
#[cfg(windows)]
pub fn symlink(target: &Utf8Path, link: &Utf8Path) -> Result<()> {
    context(std::os::windows::fs::symlink_dir(target, link), "link", link)
}

/// Writes a file whole or not at all: a temporary neighbour, fsync, rename. An equal file keeps its times.
pub fn write_atomic(path: &Utf8Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Utf8Path::new("."));
    let write = || -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut file = builder.prefix(".xbuild-").tempfile_in(parent)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    context(write(), "write", path)
}

/// What the clock of a directory's file system says, in nanoseconds since 1970: the time of a file made now.
pub fn clock(dir: &Utf8Path) -> Result<i128> {
    let time = || -> io::Result<i128> {
        let file = tempfile::tempfile_in(dir)?;
        (&file).write_all(b"x")?;
        let modified = file.metadata()?.modified()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).map_err(io::Error::other)?;
        Ok(i128::try_from(since.as_nanos()).unwrap_or(i128::MAX))
    };
    context(time(), "write to", dir)
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

/// Bytes that this user may still write to the file system of a directory; `None` where the system does not tell.
pub fn free_space(path: &Utf8Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let found = rustix::fs::statvfs(path.as_std_path()).ok()?;
        found.f_bavail.checked_mul(found.f_frsize)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// The names in a directory, sorted.
pub fn list(path: &Utf8Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in context(fs::read_dir(path), "list", path)? {
        let entry = context(entry, "list", path)?;
        names.push(utf8(entry.path())?.file_name().unwrap_or_default().to_owned());
    }
    names.sort();
    Ok(names)
}

/// What [`walk`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A FIFO, socket or device.
    Special,
}

/// Everything below `root` that is no directory, sorted by path and relative to it. `skip` is asked for each
/// directory and may keep the walk out of it.
pub fn walk(root: &Utf8Path, skip: impl Fn(&Utf8Path) -> bool) -> Result<Vec<(Utf8PathBuf, EntryKind)>> {
    let mut found = Vec::new();
    let walker = WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|entry| {
        let directory = entry.depth() > 0 && entry.file_type().is_dir();
        !directory || Utf8Path::from_path(entry.path()).is_none_or(|path| !skip(path))
    });
    for entry in walker {
        let entry = entry.map_err(|error| FsError {
            operation: "walk",
            path: error.path().and_then(Utf8Path::from_path).unwrap_or(root).to_owned(),
            source: error.into(),
        })?;
        let kind = match entry.file_type() {
            kind if kind.is_dir() => continue,
            kind if kind.is_file() => EntryKind::File,
            kind if kind.is_symlink() => EntryKind::Link,
            _ => EntryKind::Special,
        };
        let path = utf8(entry.into_path())?;
        found.push((path.strip_prefix(root).unwrap_or(&path).to_owned(), kind));
    }
    Ok(found)
}

/// What stands below a directory, by the file system's word alone: the path relative to it, and what is there.
pub type Seen = Vec<(Utf8PathBuf, Metadata)>;

/// Everything below `root` that is no directory, in parallel, sorted by the bytes of the path. `skip` is asked for each
/// directory, relative to the root, and may keep the walk out of it. Links are not followed. A name that is not UTF-8
/// is an error of kind `InvalidData`.
pub fn survey(root: &Utf8Path, skip: &(dyn Fn(&Utf8Path) -> bool + Sync)) -> Result<Seen> {
    let (found, failed) = (Mutex::new(Seen::new()), Mutex::new(None));
    rayon::scope(|scope| {
        visit(scope, root, Utf8PathBuf::new(), &Visit { skip, found: &found, failed: &failed })
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.par_sort_unstable_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
    Ok(found)
}

#[derive(Clone, Copy)]
struct Visit<'v> {
    skip: &'v (dyn Fn(&Utf8Path) -> bool + Sync),
    found: &'v Mutex<Seen>,
    failed: &'v Mutex<Option<FsError>>,
}

fn visit<'v>(scope: &rayon::Scope<'v>, root: &'v Utf8Path, dir: Utf8PathBuf, visiting: &Visit<'v>) {
    let visiting = *visiting;
    let full = root.join(&dir);
    let look = || -> Result<Seen> {
        let mut here = Seen::new();
        for entry in context(fs::read_dir(&full), "list", &full)? {
            let entry = context(entry, "list", &full)?;
            let name = entry.file_name();
            let path = match name.to_str() {
                Some(name) => dir.join(name),
                None => utf8(entry.path())?,
            };
            let kind = context(entry.file_type(), "look at", &full)?;
            if !kind.is_dir() {
                // One that has gone since is as if it had never been.
                match entry.metadata() {
                    Err(error) if missing(&error) => {}
                    metadata => here.push((path, context(metadata, "look at", &full)?)),
                }
            } else if !(visiting.skip)(&path) {
                scope.spawn(move |scope| visit(scope, root, path, &visiting));
            }
        }
        Ok(here)
    };
    match look() {
        Ok(here) => visiting.found.lock().unwrap_or_else(PoisonError::into_inner).extend(here),
        Err(error) => {
            visiting.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}

/// Copies a file to a new one, sharing its blocks where the file system can, and returns the BLAKE3 of the copy's
/// bytes and their number. The copy has the permission bits `mode`.
pub fn copy_hashed(from: &Utf8Path, to: &Utf8Path, mode: u32) -> Result<(blake3::Hash, u64)> {
    const PIECE: usize = 1 << 20;
    let mut hasher = blake3::Hasher::new();
    if reflink_copy::reflink(from, to).is_ok() {
        context(hasher.update_reader(open(to)?), "read", to)?;
    } else {
        let (mut source, mut copy) = (open(from)?, create(to)?);
        let mut buffer = vec![0; PIECE];
        loop {
            let read = context(source.read(&mut buffer), "read", from)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            if let Err(error) = copy.write_all(&buffer[..read]) {
                let needed = source.metadata().map_or(0, |metadata| metadata.len());
                return context_of_room(Err(error), "write", to, needed);
            }
        }
    }
    set_mode(to, mode)?;
    Ok((hasher.finalize(), hasher.count()))
}

/// Waits until a file's bytes, or a directory's names, are on the disk.
pub fn sync(path: &Utf8Path) -> Result<()> {
    context(File::open(path).and_then(|file| file.sync_all()), "write", path)
}

/// Waits until a directory's names are on the disk; where directories cannot be opened (Windows) the system sees to it.
pub fn sync_dir(path: &Utf8Path) -> Result<()> {
    if cfg!(unix) { sync(path) } else { Ok(()) }
}

/// Renames to a name that nothing has. `false` where something has it: then `from` stays.
pub fn rename_new(from: &Utf8Path, to: &Utf8Path) -> Result<bool> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from.as_std_path(), CWD, to.as_std_path(), RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(true),
            Err(Errno::EXIST) => return Ok(false),
            // A file system that cannot.
            Err(Errno::INVAL | Errno::NOSYS) => {}
            Err(error) => return context(Err(error.into()), "rename into", to),
        }
    }
    match fs::hard_link(from, to) {
        Ok(()) => remove_file(from).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(_) => rename(from, to).map(|()| true),
    }
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

/// Takes an advisory lock on a directory, waiting for another process to give it back. It ends with the value.
/// Where directories cannot be opened (Windows) there is no lock.
pub fn lock_dir(path: &Utf8Path) -> Result<Option<File>> {
    #[cfg(unix)]
    {
        let dir = context(File::open(path), "open", path)?;
        context(dir.lock(), "lock", path)?;
        Ok(Some(dir))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn only_abandoned_directories_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        let old = |path: &Utf8Path| {
            let then = std::time::SystemTime::now() - Duration::from_secs(60);
            File::open(path).unwrap().set_modified(then).unwrap();
        };
        let living = temporary_dir(root, "run-").unwrap();
        old(living.path());
        for name in ["run-dead", "run-young", "other-dead"] {
            create_dir_all(&root.join(name)).unwrap();
        }
        old(&root.join("run-dead"));
        old(&root.join("other-dead"));
        let second = temporary_dir(root, "run-").unwrap();
        assert!(living.path().exists() && second.path().exists());
        assert!(!root.join("run-dead").exists());
        assert!(root.join("run-young").exists() && root.join("other-dead").exists());
    }

    #[test]
    fn errors_name_the_path() {
        let error = read(Utf8Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read /nowhere/at/all: "), "{error}");
    }
}
