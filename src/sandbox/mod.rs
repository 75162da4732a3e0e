//! Shutting a process in, by the kernel.
//!
//! Takes a [`Process`](crate::process::Process), what it may see ([`Mount`](crate::model::Mount)s), how strongly it is
//! to be shut in and its [`Limits`]; returns another process: this program again, called as `xbuild __sandbox`, which
//! reads a policy from a pipe, gives up everything that the policy does not name, and only then runs what it was asked
//! to. A program of its own with a single thread does this because most of these system calls act on one thread, and
//! because nothing that the caller has open or in memory is then within reach.
//!
//! At the strongest level the order is: leave with the caller (PDEATHSIG); close what was inherited; new user, mount,
//! pid, net, ipc and uts namespaces with a user id that is not 0; an empty file system with the mounts in it and
//! nothing else (`pivot_root`); process 1 of the pid namespace; limits, no capabilities, no new privileges, Landlock,
//! seccomp; exec. Sources: the manual pages of the calls, and the kernel's `Documentation/userspace-api/landlock.rst`
//! and `seccomp_filter.rst`.

mod enclose;
#[cfg(target_os = "linux")]
mod filesystem;
#[cfg(target_os = "linux")]
mod helper;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod namespaces;
mod obstacles;
mod own_program;
mod policy;
#[cfg(target_os = "linux")]
mod privileges;
#[cfg(target_os = "linux")]
mod seccomp;
mod support;

pub use enclose::{Enclosure, SETUP_FAILED, enclose};
pub use obstacles::obstacles;
pub use own_program::{OwnProgram, own_program};
pub use policy::Limits;
pub use support::{attempt, landlock_abi, strongest};

/// The first argument of a call as the helper.
pub const HELPER: &str = "__sandbox";

/// What the helper's own messages begin with.
const MESSAGE: &str = "xbuild sandbox: cannot ";

/// The helper's work; its exit status.
#[cfg(target_os = "linux")]
pub fn helper() -> u8 {
    helper::run()
}

/// Elsewhere nothing calls it.
#[cfg(not(target_os = "linux"))]
pub fn helper() -> u8 {
    SETUP_FAILED
}
