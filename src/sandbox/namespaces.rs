//! Namespaces of one's own.

use rustix::thread::UnshareFlags;

use super::helper::{Result, doing};

/// The user and group inside: not 0, so that nothing inside has a capability even in its own namespace.
const INSIDE: u32 = 1000;

/// Leaves the host's user, mount, pid, net, ipc and uts namespaces. The pid namespace begins with the next child.
pub(super) fn enter() -> Result<()> {
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let flags = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS;
    // SAFETY: no thread shares this process's file system or descriptors.
    doing("make namespaces", unsafe { rustix::thread::unshare_unsafe(flags) })?;
    // Before the map of groups may be written, dropping groups must be given up: membership can also forbid.
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("{INSIDE} {user} 1"))?;
    write("/proc/self/gid_map", &format!("{INSIDE} {group} 1"))?;
    doing("name the host", rustix::system::sethostname(b"xbuild"))
}

#[allow(clippy::disallowed_methods, reason = "a file of the kernel takes one write, and no rename")]
fn write(path: &str, text: &str) -> Result<()> {
    doing(&format!("write {path}"), std::fs::write(path, text))
}
