//! What a step's processes use, as the kernel counts it.

use crate::fs;

/// The sum over a process and everything below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Resident bytes. What processes share is counted for each.
    pub(super) memory: u64,
    /// Processes.
    pub(super) processes: u64,
}

/// Adds up a process tree; processes that end meanwhile count as nothing. Zeros where there is no /proc.
pub(super) fn usage(root: u32) -> Usage {
    let (mut sum, mut open) = (Usage::default(), vec![root]);
    while let Some(pid) = open.pop() {
        if let Some(memory) = resident(pid) {
            sum.memory += memory;
            sum.processes += 1;
        }
        open.extend(children(pid));
    }
    sum
}

fn resident(pid: u32) -> Option<u64> {
    fs::kernel_size(&fs::read_text(format!("/proc/{pid}/status").as_str().into()).ok()?, "VmRSS")
}

/// A child hangs below the thread that started it.
fn children(pid: u32) -> Vec<u32> {
    let tasks = format!("/proc/{pid}/task");
    let threads = fs::list(tasks.as_str().into()).unwrap_or_default();
    let lists = threads
        .iter()
        .filter_map(|thread| fs::read_text(format!("{tasks}/{thread}/children").as_str().into()).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::usage;

    #[test]
    fn a_tree_is_counted_whole() {
        let script = "sleep 5 & sleep 5 & wait";
        #[allow(clippy::disallowed_methods, reason = "a child to count")]
        let mut child = std::process::Command::new("/bin/sh").args(["-c", script]).spawn().unwrap();
        let started = std::time::Instant::now();
        while usage(child.id()).processes < 3 && started.elapsed().as_secs() < 4 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let seen = usage(child.id());
        assert!(seen.processes == 3 && seen.memory > 100_000, "{seen:?}");
        let _ = child.kill();
        let _ = child.wait();
        assert_eq!(usage(u32::MAX).processes, 0);
    }
}
