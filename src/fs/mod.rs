//! The only user of raw file operations. Every error names the operation and the path.
#![allow(clippy::disallowed_methods)]

mod files;
mod temporary;
mod tree;

use std::fs::{self, Metadata};
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};

pub use files::*;
pub use temporary::*;
pub use tree::*;

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

/// What stands behind `label:` in a table that the kernel keeps (`/proc/self/status`, `/proc/meminfo`).
pub fn kernel_field<'t>(table: &'t str, label: &str) -> Option<&'t str> {
    table.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(':')).map(str::trim)
}

/// The same where it is a size, in bytes. The kernel writes kB and means 1024 bytes.
pub fn kernel_size(table: &str, label: &str) -> Option<u64> {
    Some(kernel_field(table, label)?.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What stands at a path; links are not followed. `None` where nothing does.
pub fn lstat(path: &Utf8Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if missing(&error) => Ok(None),
        Err(error) => context(Err(error), "look at", path),
    }
}

/// The directory and those above it.
pub fn create_dir_all(path: &Utf8Path) -> Result<()> {
    context(fs::create_dir_all(path), "create the directory", path)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_path() {
        let error = read(Utf8Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read /nowhere/at/all: "), "{error}");
    }
}
