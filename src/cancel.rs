//! Ending early: a signal, or the first failure under `--fail-fast`, ends every child's process group at once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by everything that starts a process.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    reason: Option<Reason>,
    groups: BTreeSet<u32>,
}

/// Why the run ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A signal, by number.
    Signal(i32),
    /// Another target failed and the user asked for `--fail-fast`.
    FailFast,
}

impl Cancel {
    /// Starts a thread that turns SIGINT, SIGTERM and SIGHUP into a cancellation.
    #[cfg(unix)]
    pub fn on_signals() -> std::io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let cancel = Cancel::default();
        // A caller that has SIGHUP ignored (nohup) wants the run to outlive the terminal.
        let wanted =
            [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| *signal != SIGHUP || !ignored(SIGHUP));
        let mut signals = signal_hook::iterator::Signals::new(wanted)?;
        let shared = cancel.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                shared.cancel(Reason::Signal(signal));
            }
        })?;
        Ok(cancel)
    }

    /// Elsewhere the system ends the process itself.
    #[cfg(not(unix))]
    pub fn on_signals() -> std::io::Result<Self> {
        Ok(Cancel::default())
    }

    /// Ends every registered group. The first reason stays.
    pub fn cancel(&self, reason: Reason) {
        let mut state = self.lock();
        state.reason.get_or_insert(reason);
        for &group in &state.groups {
            end_group(group);
        }
    }

    /// Why the run ends early, if it does.
    pub fn reason(&self) -> Option<Reason> {
        self.lock().reason
    }

    /// The reason, when it is a signal: then the run as a whole is over, whatever else went wrong meanwhile.
    pub fn interrupted(&self) -> Option<Reason> {
        self.reason().filter(|reason| matches!(reason, Reason::Signal(_)))
    }

    /// Puts a process group under control; one that comes too late is ended at once.
    pub fn register(&self, group: u32) -> Registration<'_> {
        let mut state = self.lock();
        state.groups.insert(group);
        if state.reason.is_some() {
            end_group(group);
        }
        Registration { cancel: self, group }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process group that a cancellation ends, until this goes out of scope.
#[derive(Debug)]
pub struct Registration<'c> {
    cancel: &'c Cancel,
    group: u32,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.cancel.lock().groups.remove(&self.group);
    }
}

/// Whether the process was started with a signal ignored, as far as the system tells.
#[cfg(unix)]
fn ignored(signal: i32) -> bool {
    let status = crate::fs::read_text("/proc/self/status".into()).unwrap_or_default();
    let mask =
        crate::fs::kernel_field(&status, "SigIgn").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// SIGKILL, because `go` passes no other signal on to its compilers; what they leave behind is in directories
/// of ours.
#[cfg(unix)]
pub(crate) fn end_group(group: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
pub(crate) fn end_group(_group: u32) {}
