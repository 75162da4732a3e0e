//! A file system with nothing in it but what a step may see.

use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::StatVfsMountFlags;
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_remount, unmount,
};

use super::helper::{Result, doing};
use crate::model::{Access, Mount};

/// Directories and mount points only: nothing of a step's is kept in this file system.
const ROOT_OPTIONS: &str = "mode=0755,size=1m";

/// What stands in for a hidden directory.
const EMPTY: &str = "empty";

/// Puts the file system together on `root` and moves into it; what was there before is out of reach.
pub(super) fn enter(root: &Utf8Path, mounts: &[Mount]) -> Result<()> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    doing("keep mounts to this process", mount_change("/", private))?;
    let options = std::ffi::CString::new(ROOT_OPTIONS).unwrap_or_default();
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    doing("mount an empty file system", mount("tmpfs", root.as_str(), "tmpfs", flags, options.as_c_str()))?;
    make_dir(&root.join(EMPTY))?;
    bind("/dev/null".into(), &root.join("dev/null"), Access::Write)?;
    for each in mounts {
        match each {
            Mount::Bind { host, at, access } => {
                if let Some(link) = link_above(root, at) {
                    let leaves = std::io::Error::other(format!("{link} is a link"));
                    doing(&format!("show {host} at {at}"), Err(leaves))?;
                }
                bind(host, &below(root, at), *access)?;
            }
            // What is behind a link is hidden where it is, or is not there at all.
            Mount::Hide { at } if link_above(root, at).is_some() => {}
            Mount::Hide { at } => hide(root, &below(root, at))?,
            Mount::Link { at, to } => {
                let link = below(root, at);
                make_dir(link.parent().unwrap_or(root))?;
                doing(&format!("link {at}"), std::os::unix::fs::symlink(to, &link))?;
            }
        }
    }
    doing("enter the file system", rustix::process::chdir(root.as_str()))?;
    // Both names are the same directory: the old root ends up on top of the new one, and is taken away.
    doing("change the root", rustix::process::pivot_root(".", "."))?;
    doing("leave the host's files", unmount(".", UnmountFlags::DETACH))?;
    doing("enter the new root", rustix::process::chdir("/"))?;
    doing("close the root", mount_remount("/", flags | MountFlags::RDONLY, c""))
}

fn below(root: &Utf8Path, at: &Utf8Path) -> Utf8PathBuf {
    root.join(at.as_str().trim_start_matches('/'))
}

/// The first part of a mount point's path that is a link: what is mounted there would come to be wherever it leads,
/// which is somewhere on the host.
fn link_above(root: &Utf8Path, at: &Utf8Path) -> Option<Utf8PathBuf> {
    let parts: Vec<&Utf8Path> = at.ancestors().filter(|part| part.parent().is_some()).collect();
    parts.into_iter().rev().find(|part| below(root, part).is_symlink()).map(Utf8Path::to_owned)
}

fn bind(host: &Utf8Path, to: &Utf8Path, access: Access) -> Result<()> {
    let what = || format!("show {host}");
    if doing(&what(), std::fs::metadata(host))?.is_dir() {
        make_dir(to)?;
    } else {
        make_dir(to.parent().unwrap_or(to))?;
        doing(&what(), std::fs::OpenOptions::new().create(true).append(true).open(to).map(|_| ()))?;
    }
    let mut flags = MountFlags::NOSUID;
    if access != Access::Write {
        flags |= MountFlags::RDONLY;
    }
    if access != Access::Execute {
        flags |= MountFlags::NOEXEC;
    }
    if host != "/dev/null" {
        flags |= MountFlags::NODEV;
    }
    match mount_bind(host.as_str(), to.as_str()) {
        Ok(()) => {
            // Flags that the host's mount has are locked: a remount that leaves one out is refused.
            let kept = kept_flags(doing(&what(), rustix::fs::statvfs(to.as_str()))?.f_flag);
            doing(&what(), mount_remount(to.as_str(), MountFlags::BIND | flags | kept, c""))
        }
        // Something is mounted below: what is underneath must not come to light, so it comes along.
        Err(Errno::INVAL) => {
            doing(&what(), mount_bind_recursive(host.as_str(), to.as_str()))?;
            doing(&what(), set_flags_below(to, flags))
        }
        Err(error) => doing(&what(), Err(error)),
    }
}

fn kept_flags(found: StatVfsMountFlags) -> MountFlags {
    const SAME: &[(StatVfsMountFlags, MountFlags)] = &[
        (StatVfsMountFlags::RDONLY, MountFlags::RDONLY),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ];
    let kept = SAME.iter().filter(|(found_flag, _)| found.contains(*found_flag));
    kept.fold(MountFlags::empty(), |flags, (_, flag)| flags | *flag)
}

/// Adds flags to a mount and every mount below it (mount_setattr, since Linux 5.12).
fn set_flags_below(path: &Utf8Path, flags: MountFlags) -> std::io::Result<()> {
    const SAME: &[(MountFlags, u64)] = &[
        (MountFlags::RDONLY, libc::MOUNT_ATTR_RDONLY),
        (MountFlags::NOSUID, libc::MOUNT_ATTR_NOSUID),
        (MountFlags::NODEV, libc::MOUNT_ATTR_NODEV),
        (MountFlags::NOEXEC, libc::MOUNT_ATTR_NOEXEC),
    ];
    let set = SAME.iter().filter(|(flag, _)| flags.contains(*flag)).fold(0, |set, (_, bit)| set | bit);
    let attributes = libc::mount_attr { attr_set: set, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let path = std::ffi::CString::new(path.as_str())?;
    // SAFETY: the path and the structure outlive the call, which reads both and keeps neither.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

fn hide(root: &Utf8Path, at: &Utf8Path) -> Result<()> {
    match std::fs::symlink_metadata(at) {
        Ok(found) if found.is_dir() => bind(&root.join(EMPTY), at, Access::Read),
        Ok(found) if found.is_file() => bind("/dev/null".into(), at, Access::Read),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => doing(&format!("hide {at}"), Err(error)),
    }
}

#[allow(clippy::disallowed_methods, reason = "errors here carry what was tried")]
fn make_dir(path: &Utf8Path) -> Result<()> {
    doing(&format!("make {path}"), std::fs::create_dir_all(path))
}
