//! The helper from its first to its last system call.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;

use rustix::fs::{Mode, OFlags};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions};

use super::enclose::SETUP_FAILED;
use super::policy::Policy;
use super::{MESSAGE, filesystem, landlock, namespaces, privileges, seccomp};
use crate::model::SealLevel;

/// Why the sandbox cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub(super) struct SetupError {
    what: String,
    source: std::io::Error,
}

pub(super) type Result<T> = std::result::Result<T, SetupError>;

/// Attaches what was tried to an error of the kernel.
pub(super) fn doing<T, E: Into<std::io::Error>>(what: &str, result: std::result::Result<T, E>) -> Result<T> {
    result.map_err(|error| SetupError { what: what.to_owned(), source: error.into() })
}

/// Sets the sandbox up, runs the program in it and ends as the program ended.
pub(super) fn run() -> u8 {
    shut_in().unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "{MESSAGE}{error}");
        SETUP_FAILED
    })
}

fn shut_in() -> Result<u8> {
    end_with_parent()?;
    let policy = read_policy()?;
    // The caller may have ended before the line above that ties this process to it.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs()) != Some(policy.caller)
    {
        return Ok(SETUP_FAILED);
    }
    close_inherited()?;
    stdin_from_null()?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    if policy.level < SealLevel::Strict {
        confine(&policy)?;
        return execute(&policy);
    }
    namespaces::enter()?;
    filesystem::enter(&policy.root, &policy.mounts)?;
    let (here, there) = doing("make a pipe", pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK))?;
    match fork()? {
        // What a fork makes is process 1 of the new pid namespace: when it ends, for whatever reason, the kernel ends
        // everything in it.
        None => {
            drop(there);
            end_with_parent()?;
            if is_gone(&here) {
                return Ok(SETUP_FAILED);
            }
            confine(&policy)?;
            execute(&policy)
        }
        Some(child) => {
            let status = wait(child);
            drop(there);
            status
        }
    }
}

fn end_with_parent() -> Result<()> {
    doing("end with the caller", rustix::process::set_parent_process_death_signal(Some(Signal::KILL)))
}

fn read_policy() -> Result<Policy> {
    let mut bytes = Vec::new();
    doing("read the policy", std::io::stdin().lock().read_to_end(&mut bytes))?;
    doing("read the policy", serde_json::from_slice(&bytes))
}

/// Whatever the caller's caller left open (a jobserver, a terminal, a listening socket) is closed by exec.
fn close_inherited() -> Result<()> {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    // SAFETY: marks descriptors for exec and touches no memory.
    let done = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC) };
    if done == 0 {
        return Ok(());
    }
    // Kernels before 5.11.
    let open = doing("list open files", std::fs::read_dir("/proc/self/fd"))?;
    for number in open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<libc::c_int>().ok()) {
        if number > 2 {
            // SAFETY: as above; one that is closed already is no error.
            unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    Ok(())
}

fn stdin_from_null() -> Result<()> {
    let null = doing("open /dev/null", rustix::fs::open("/dev/null", OFlags::RDWR, Mode::empty()))?;
    doing("read from /dev/null", rustix::stdio::dup2_stdin(null))
}

fn fork() -> Result<Option<Pid>> {
    // SAFETY: this process has a single thread, so no lock can be held by another when it is copied.
    let child = unsafe { libc::fork() };
    if child < 0 {
        return doing("fork", Err(std::io::Error::last_os_error()));
    }
    Ok(Pid::from_raw(child))
}

/// Whether the other end of the pipe has been closed, which its owner does only by ending.
fn is_gone(pipe: &OwnedFd) -> bool {
    rustix::io::read(pipe, &mut [0_u8; 1]).is_ok()
}

/// What is given up last, because what comes before needs it.
fn confine(policy: &Policy) -> Result<()> {
    privileges::limit(policy.limits)?;
    if policy.level == SealLevel::Env {
        return Ok(());
    }
    privileges::drop()?;
    let enforced = landlock::restrict(&policy.mounts, policy.level)?;
    if !enforced && policy.level == SealLevel::Landlock {
        return doing("restrict files", Err(std::io::Error::other("this kernel has no Landlock")));
    }
    seccomp::filter(policy.level)
}

fn execute(policy: &Policy) -> Result<u8> {
    let Some((program, args)) = policy.argv.split_first() else { return Ok(0) };
    #[allow(clippy::disallowed_methods, reason = "this process becomes the program; there is no child")]
    let mut command = std::process::Command::new(program);
    let error = command.args(args).env_clear().envs(&policy.env).current_dir(&policy.dir).exec();
    doing(&format!("run {program} in {}", policy.dir), Err(error))
}

/// Waits for the child and ends the same way.
fn wait(child: Pid) -> Result<u8> {
    loop {
        let waited = rustix::process::waitpid(Some(child), WaitOptions::empty());
        let status = match waited {
            Err(rustix::io::Errno::INTR) | Ok(None) => continue,
            other => doing("wait for the program", other)?,
        };
        let Some((_, status)) = status else { continue };
        if let Some(code) = status.exit_status() {
            return Ok(u8::try_from(code).unwrap_or(u8::MAX));
        }
        if let Some(signal) = status.terminating_signal() {
            let raised = u8::try_from(signal).map_or(u8::MAX, |signal| 128 + signal);
            if let Some(signal) = Signal::from_named_raw(signal) {
                let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
            }
            return Ok(raised);
        }
    }
}
