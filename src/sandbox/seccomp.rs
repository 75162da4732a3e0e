//! System calls that no compiler makes.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

use super::helper::{Result, doing};

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
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
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
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_syslog,
];

/// The bit of the x32 interface of x86-64, which has these calls under other numbers.
#[cfg(target_arch = "x86_64")]
const X32: c_long = 0x4000_0000;

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
pub(super) fn filter() -> Result<()> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(std::io::Error::other);
    let arch = doing("filter system calls", arch)?;
    let denied = program(rules(), libc::EPERM, arch)?;
    // Its flags are behind a pointer that no filter can follow. Told that it does not exist, callers use clone.
    let hidden = program(Ok(BTreeMap::from([(libc::SYS_clone3, Vec::new())])), libc::ENOSYS, arch)?;
    for program in [denied, hidden] {
        doing("filter system calls", apply_filter(&program).map_err(std::io::Error::other))?;
    }
    Ok(())
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rules() -> Result<Rules> {
    let mut rules: Rules = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let mut conditional = |call, argument, value: u64, mask: u64| {
        let rule =
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
                .and_then(|condition| SeccompRule::new(vec![condition]));
        rules
            .entry(call)
            .or_default()
            .push(doing("filter system calls", rule.map_err(std::io::Error::other))?);
        Ok(())
    };
    for flag in NEW_NAMESPACES {
        let bit = u64::from(flag.unsigned_abs());
        conditional(libc::SYS_clone, 0, bit, bit)?;
    }
    // Typing into a terminal that somebody else reads.
    for request in [libc::TIOCSTI, libc::TIOCLINUX] {
        #[allow(clippy::unnecessary_cast, reason = "a signed type with another C library")]
        conditional(libc::SYS_ioctl, 1, request as u64, u64::from(u32::MAX))?;
    }
    #[cfg(target_arch = "x86_64")]
    {
        rules.insert(libc::SYS_mknod, Vec::new());
        let other: Rules = rules.iter().map(|(call, rules)| (call | X32, rules.clone())).collect();
        rules.extend(other);
    }
    Ok(rules)
}

fn program(rules: Result<Rules>, errno: libc::c_int, arch: TargetArch) -> Result<BpfProgram> {
    let action = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules?, SeccompAction::Allow, action, arch);
    let program = filter.and_then(TryInto::try_into);
    doing("filter system calls", program.map_err(std::io::Error::other))
}
