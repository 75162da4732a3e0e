//! Ends a step that takes more than it may.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::usage::{Usage, usage};
use crate::model::{BuildOutcome, SealLevel, StepLimits};
use crate::process::Verdict;

/// Looks at one step while it runs.
#[derive(Debug)]
pub(super) struct Watch {
    limits: StepLimits,
    /// Processes of the tree that are ours: the one that waits outside of a pid namespace.
    ours: u64,
    started: Instant,
    broken: Mutex<Option<BuildOutcome>>,
}

impl Watch {
    pub(super) fn new(limits: StepLimits, seal: SealLevel) -> Self {
        let ours = u64::from(seal == SealLevel::Strict);
        Watch { limits, ours, started: Instant::now(), broken: Mutex::default() }
    }

    /// Looks once.
    pub(super) fn look(&self, pid: u32) -> Verdict {
        let counted = self.limits.memory.is_some() || self.limits.processes.is_some();
        let mut used = if counted { usage(pid) } else { Usage::default() };
        used.processes = used.processes.saturating_sub(self.ours);
        let mut found = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        *found = found.or_else(|| broken(self.limits, used, self.started.elapsed()));
        if found.is_some() { Verdict::End } else { Verdict::Fine }
    }

    /// Which limit the step broke.
    pub(super) fn ended(self) -> Option<BuildOutcome> {
        self.broken.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broken(limits: StepLimits, used: Usage, elapsed: Duration) -> Option<BuildOutcome> {
    let time = limits.time.filter(|most| elapsed >= *most).map(BuildOutcome::TimedOut);
    let memory = limits.memory.filter(|most| used.memory > *most);
    let processes = limits.processes.filter(|most| used.processes > *most);
    time.or(memory.map(|most| BuildOutcome::OutOfMemory(Some(most))))
        .or(processes.map(BuildOutcome::TooManyProcesses))
}

/// Whether what a failed step said means that memory ran out, although nobody here ended it: the kernel kills the
/// largest process (`signal: killed`, in Go's words), or a process is refused more.
pub(super) fn ran_out(messages: &str) -> bool {
    ["signal: killed", "out of memory", "cannot allocate memory", "cannot allocate heap"]
        .iter()
        .any(|words| messages.contains(words))
}

/// Whether a tool of Go's crashed as one does that is refused memory: its runtime uses what it did not get (seen in
/// Go 1.26, `spanQueue` of the garbage collector). Only where memory is limited can that be the reason.
pub(super) fn crashed_for_want(messages: &str) -> bool {
    messages.contains("SIGSEGV: segmentation violation") && messages.contains("\nruntime.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_named() {
        let limits =
            StepLimits { time: Some(Duration::from_secs(5)), memory: Some(1000), processes: Some(3) };
        let second = Duration::from_secs(1);
        let used = |memory, processes| Usage { memory, processes };
        assert_eq!(broken(limits, used(1000, 3), second), None);
        assert_eq!(broken(limits, used(1001, 3), second), Some(BuildOutcome::OutOfMemory(Some(1000))));
        assert_eq!(broken(limits, used(1, 4), second), Some(BuildOutcome::TooManyProcesses(3)));
        let late = Duration::from_secs(6);
        assert_eq!(broken(limits, used(1, 4), late), Some(BuildOutcome::TimedOut(Duration::from_secs(5))));
        assert_eq!(broken(StepLimits::default(), used(u64::MAX, 99), late), None);
    }

    #[test]
    fn what_go_says_of_memory() {
        assert!(ran_out("net/http: /sdk/pkg/tool/linux_amd64/compile: signal: killed\n"));
        assert!(ran_out("fatal error: runtime: out of memory\n"));
        assert!(!ran_out("./main.go:3:1: syntax error\n"));
        let crash = "# m\nSIGSEGV: segmentation violation\nPC=0x43cefd m=0 sigcode=1 addr=0x0\n\nruntime.(*spanQueue).tryDrain(0x2000?)\n";
        assert!(crashed_for_want(crash) && !ran_out(crash) && !crashed_for_want("SIGSEGV\n"));
    }
}
