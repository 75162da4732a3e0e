//! What a process may do besides opening files.

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::helper::{Result, doing};
use super::policy::Limits;

/// More threads than any process of a build has.
const THREADS: u64 = 64;

/// Sets the limits that the kernel counts.
pub(super) fn limit(limits: Limits) -> Result<()> {
    let set = |resource, most: u64| {
        let most = Some(most);
        setrlimit(resource, Rlimit { current: most, maximum: most })
    };
    // A core file would hold the source and lie where nobody looks for it.
    doing("limit core files", set(Resource::Core, 0))?;
    if let Some(most) = limits.memory {
        doing("limit memory", set(Resource::Data, most))?;
    }
    if let Some(most) = limits.processes {
        // The kernel counts threads, of which each process of Go's has a few per core and one per blocking call.
        doing("limit processes", set(Resource::Nproc, most.saturating_mul(THREADS)))?;
    }
    Ok(())
}

/// Gives every capability up, and the ways to get one.
pub(super) fn drop() -> Result<()> {
    doing("give up new privileges", rustix::thread::set_no_new_privs(true))?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    doing("give up capabilities", rustix::thread::set_capabilities(None, none))
}
