//! System calls that no compiler makes.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, sock_filter,
};

use super::helper::{Result, doing};
use crate::model::SealLevel;

/// Refused with EPERM, by what they are good for.
const DENIED: &[c_long] = &[
    // talking to others
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // looking into others
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    PROCESS_MADVISE,
    PROCESS_MRELEASE,
    // steering others of the same user
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    // leaving the process group, by which a step is ended
    libc::SYS_setpgid,
    libc::SYS_setsid,
    // meeting others under a key instead of a path
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgctl,
    libc::SYS_msgrcv,
    libc::SYS_msgsnd,
    libc::SYS_semget,
    libc::SYS_semctl,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // running what no mount or rule knows of
    libc::SYS_memfd_create,
    MEMFD_SECRET,
    libc::SYS_execveat,
    libc::SYS_personality,
    // another view of the files
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
    // these tell where on the host a mount comes from
    STATMOUNT,
    LISTMOUNT,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
    // another user, another namespace
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
    // the kernel itself
    libc::SYS_bpf,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    KEXEC_FILE_LOAD,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    QUOTACTL_FD,
    libc::SYS_fanotify_init,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_syslog,
];

/// What changes a file that may only be read: its mode, owner, times, attributes. Landlock does not govern these, and
/// without namespaces every file of the user's is within reach by its name. `go build` does without: it copies the
/// program where it cannot change its mode.
const ATTRIBUTES: &[c_long] = &[
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    REMOVEXATTRAT,
    FILE_SETATTR,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
];

// Calls that the C library's crate has no name for on every architecture. Since 5.1 all have the same numbers.
const PROCESS_MADVISE: c_long = 440;
const QUOTACTL_FD: c_long = 443;
const MEMFD_SECRET: c_long = 447;
const PROCESS_MRELEASE: c_long = 448;
const FCHMODAT2: c_long = 452;
const STATMOUNT: c_long = 457;
const LISTMOUNT: c_long = 458;
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const OPEN_TREE_ATTR: c_long = 467;
const FILE_SETATTR: c_long = 469;
#[cfg(target_arch = "x86_64")]
const KEXEC_FILE_LOAD: c_long = 320;
#[cfg(not(target_arch = "x86_64"))]
const KEXEC_FILE_LOAD: c_long = 294;

/// The requests of ioctl that type into a terminal which somebody else reads, and those that change the attributes of
/// an open file (FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR).
const REQUESTS: &[u32] = &[0x5412, 0x541c, 0x4008_6602, 0x401c_5820];

const NEW_NAMESPACES: &[libc::c_int] = &[
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Puts the filter on this process and its children, for good.
pub(super) fn filter(level: SealLevel) -> Result<()> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(std::io::Error::other);
    let arch = doing("filter system calls", arch)?;
    let denied = program(rules(level), libc::EPERM, arch)?;
    // Its flags are behind a pointer that no filter can follow. Told that it does not exist, callers use clone.
    let hidden = program(Ok(BTreeMap::from([(libc::SYS_clone3, Vec::new())])), libc::ENOSYS, arch)?;
    for program in [denied, hidden, other_numbers()] {
        doing("filter system calls", apply_filter(&program).map_err(std::io::Error::other))?;
    }
    Ok(())
}

/// Nothing above the bit of the x32 interface of x86-64, which has these calls once more, some under numbers of its
/// own. Elsewhere no call has such a number. (linux/filter.h, linux/seccomp.h.)
fn other_numbers() -> BpfProgram {
    const LOAD: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const X32: u32 = 0x4000_0000;
    let refuse = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    let step = |code, jf, k| sock_filter { code, jt: 0, jf, k };
    vec![
        step(LOAD, 0, 0),
        step(JUMP_IF_AT_LEAST, 1, X32),
        step(RETURN, 0, refuse),
        step(RETURN, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rules(level: SealLevel) -> Result<Rules> {
    let attributes = if level == SealLevel::Strict { &[][..] } else { ATTRIBUTES };
    let mut rules: Rules = DENIED.iter().chain(attributes).map(|call| (*call, Vec::new())).collect();
    let mut conditional = |call, argument, operator, value: u32| {
        let rule = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, u64::from(value))
            .and_then(|condition| SeccompRule::new(vec![condition]));
        rules
            .entry(call)
            .or_default()
            .push(doing("filter system calls", rule.map_err(std::io::Error::other))?);
        Ok(())
    };
    for flag in NEW_NAMESPACES {
        let bit = flag.unsigned_abs();
        conditional(libc::SYS_clone, 0, SeccompCmpOp::MaskedEq(bit.into()), bit)?;
    }
    for request in REQUESTS {
        conditional(libc::SYS_ioctl, 1, SeccompCmpOp::Eq, *request)?;
    }
    // Its own limits a process may read and lower; whose else, by a process number, is not asked.
    conditional(libc::SYS_prlimit64, 0, SeccompCmpOp::Ne, 0)?;
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_mknod, Vec::new());
    Ok(rules)
}

fn program(rules: Result<Rules>, errno: libc::c_int, arch: TargetArch) -> Result<BpfProgram> {
    let action = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules?, SeccompAction::Allow, action, arch);
    let program = filter.and_then(TryInto::try_into);
    doing("filter system calls", program.map_err(std::io::Error::other))
}
