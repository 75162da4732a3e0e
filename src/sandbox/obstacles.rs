//! Which switch of the host stands in a sandbox's way.

use crate::fs;
use crate::model::SealLevel;

/// Switches that are known to forbid namespaces to users: file, the value that forbids, what to do.
const SWITCHES: &[(&str, &str, &str)] = &[
    ("/proc/sys/user/max_user_namespaces", "0", "allow some with `sysctl user.max_user_namespaces=15000`"),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "allow them with `sysctl kernel.unprivileged_userns_clone=1`",
    ),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "give xbuild an AppArmor profile with `userns`, or `sysctl kernel.apparmor_restrict_unprivileged_userns=0`",
    ),
];

/// What to do so that a level works, as far as the host shows what forbids it.
pub fn obstacles(level: SealLevel) -> String {
    if level == SealLevel::Strict {
        let closed =
            |file: &str, value: &str| fs::read_text(file.into()).is_ok_and(|text| text.trim() == value);
        if let Some((file, value, step)) = SWITCHES.iter().find(|(file, value, _)| closed(file, value)) {
            return format!("{file} is {value}: {step}");
        }
        return "in a container, allow it user namespaces (for example `--security-opt seccomp=unconfined`, or a \
                profile that permits unshare and mount); on a host, look for a security module that forbids them"
            .to_owned();
    }
    "boot a kernel of 5.13 or newer with `landlock` in its list of security modules (lsm=)".to_owned()
}
