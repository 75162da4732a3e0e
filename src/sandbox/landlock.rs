//! The kernel's rules for files, networks and scopes.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::helper::{Result, doing};
use crate::model::{Access, Mount, SealLevel};

/// The newest interface that is asked for; an older kernel gives what it has.
const NEWEST: ABI = ABI::V6;

/// Leaves this process and its children the files of `mounts`, each with its access, and /dev/null; no TCP port, no
/// abstract socket of others and no signal to others. Returns whether the kernel enforces it.
pub(super) fn restrict(mounts: &[Mount], level: SealLevel) -> Result<bool> {
    let all = AccessFs::from_all(NEWEST);
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    let ruleset = ruleset.handle_access(all).and_then(|set| set.handle_access(AccessNet::from_all(NEWEST)));
    let ruleset = ruleset.and_then(|set| set.scope(Scope::from_all(NEWEST))).and_then(Ruleset::create);
    let mut ruleset = doing("restrict files", ruleset.map_err(std::io::Error::other))?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let special = AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::MakeFifo
        | AccessFs::MakeSock
        | AccessFs::IoctlDev
        | AccessFs::Execute;
    let null = ("/dev/null", AccessFs::ReadFile | AccessFs::WriteFile);
    let mounts = mounts.iter().filter_map(|mount| match mount {
        Mount::Bind { at, access, .. } => Some((
            at.as_str(),
            match access {
                Access::List => AccessFs::ReadDir.into(),
                Access::Read => read,
                Access::Execute => read | AccessFs::Execute,
                Access::Write => all & !special,
            },
        )),
        Mount::Hide { .. } | Mount::Link { .. } => None,
    });
    // Directories that hold nothing but mounts may be listed where the step's file system is its own.
    let root = (level == SealLevel::Strict).then_some(("/", AccessFs::ReadDir.into()));
    for (path, access) in std::iter::once(null).chain(root).chain(mounts) {
        let file = doing(&format!("allow {path}"), std::fs::metadata(path))?.is_file();
        let access: BitFlags<AccessFs> = if file { access & AccessFs::from_file(NEWEST) } else { access };
        let what = format!("allow {path}");
        let beneath =
            PathBeneath::new(doing(&what, PathFd::new(path).map_err(std::io::Error::other))?, access);
        ruleset = doing(&what, ruleset.add_rule(beneath).map_err(std::io::Error::other))?;
    }
    let status = doing("restrict files", ruleset.restrict_self().map_err(std::io::Error::other))?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// The kernel's newest interface, of those that are asked for.
pub(super) fn abi() -> Option<u32> {
    const VERSION: libc::c_ulong = 1;
    // SAFETY: with this flag the call reads nothing and returns a number.
    let found =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0, VERSION) };
    u32::try_from(found).ok().filter(|version| *version > 0)
}
