//! The only user of duct: a child process described as data, then run in a process group of its own.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::cancel::{Cancel, end_group};

/// A child process. It sees exactly `env`, reads only `input`, and gets no shell.
#[derive(Debug, Clone)]
pub struct Process {
    /// The program; an absolute path, so that PATH is never asked.
    pub program: Utf8PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Its working directory.
    pub dir: Utf8PathBuf,
    /// What it reads from its standard input; nothing where `None`.
    pub input: Option<Vec<u8>>,
}

/// A longer line, in bytes, is handed on in parts.
const LONGEST_LINE: u64 = 1 << 20;

/// How often a guard looks.
const LOOK: Duration = Duration::from_millis(100);

/// What a guard says of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Fine,
    /// It must end now.
    End,
}

/// Tells the guard that there is nothing left to look at.
#[derive(Default)]
struct Over {
    told: Mutex<bool>,
    bell: Condvar,
}

struct WhenDropped<'o>(&'o Over);

impl Over {
    fn when_dropped(&self) -> WhenDropped<'_> {
        WhenDropped(self)
    }

    /// Whether it is over, after at most this long.
    fn wait(&self, most: Duration) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(told, most, |told| !*told);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for WhenDropped<'_> {
    fn drop(&mut self) {
        *self.0.told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.bell.notify_all();
    }
}

/// How a child ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// The exit status.
    pub status: std::process::ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error, unless it was streamed.
    pub stderr: Vec<u8>,
}

/// A child that could not be run, or that failed where it must not.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It did not start, or its pipes broke.
    #[error("cannot run {program}: {source}")]
    Start {
        /// Which program.
        program: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended with a status other than 0.
    #[error("{command} ended with {status}{}", indented(stderr))]
    Status {
        /// The command line, for people.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said.
        stderr: String,
    },
}

fn indented(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("\n  {line}")).collect()
}

impl Process {
    /// The command line, for people; never parsed again.
    pub fn display(&self) -> String {
        let words = std::iter::once(self.program.as_str()).chain(self.args.iter().map(String::as_str));
        words
            .map(|word| {
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
                if !word.is_empty() && word.chars().all(plain) {
                    word.to_owned()
                } else {
                    format!("'{}'", word.replace('\'', r"'\''"))
                }
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be started. A failing status is the caller's to judge.
    pub fn run(&self, cancel: &Cancel) -> Result<Ended, ProcessError> {
        let mut stderr = Vec::new();
        let mut ended = self.stream(cancel, |line| {
            stderr.extend_from_slice(line.as_bytes());
            stderr.push(b'\n');
        })?;
        ended.stderr = stderr;
        Ok(ended)
    }

    /// Runs it to its end and returns what it wrote.
    ///
    /// # Errors
    /// When it cannot be started or ends with another status than 0; the error shows what it said.
    pub fn read(&self, cancel: &Cancel) -> Result<String, ProcessError> {
        let ended = self.run(cancel)?;
        if !ended.status.success() {
            return Err(ProcessError::Status {
                command: self.display(),
                status: ended.status,
                stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
            });
        }
        String::from_utf8(ended.stdout)
            .map_err(|error| self.failed(io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    /// Runs it to its end and hands on each line of its standard error as it comes, without the line's end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn stream(&self, cancel: &Cancel, on_line: impl FnMut(&str)) -> Result<Ended, ProcessError> {
        self.streamed(cancel, None, on_line)
    }

    /// The same, with a guard that looks at the process, by its id, several times a second, and may end it and all
    /// others of its group. When the process has ended, so has its group.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn stream_guarded(
        &self,
        cancel: &Cancel,
        guard: &(dyn Fn(u32) -> Verdict + Sync),
        on_line: impl FnMut(&str),
    ) -> Result<Ended, ProcessError> {
        self.streamed(cancel, Some(guard), on_line)
    }

    fn streamed(
        &self,
        cancel: &Cancel,
        guard: Option<&(dyn Fn(u32) -> Verdict + Sync)>,
        mut on_line: impl FnMut(&str),
    ) -> Result<Ended, ProcessError> {
        let mut run = || -> io::Result<Ended> {
            let (stdout_reader, stdout_writer) = io::pipe()?;
            let (stderr_reader, stderr_writer) = io::pipe()?;
            let expression = duct::cmd(self.program.as_std_path(), &self.args)
                .full_env(&self.env)
                .dir(&self.dir)
                .stdout_file(stdout_writer)
                .stderr_file(stderr_writer)
                .unchecked()
                .before_spawn(|command| {
                    own_group(command);
                    Ok(())
                });
            let fed = match &self.input {
                Some(bytes) => expression.stdin_bytes(bytes.as_slice()),
                None => expression.stdin_null(),
            };
            let handle = fed.start()?;
            // The expression holds the writing ends: as long as it lives the pipes do not end.
            drop((expression, fed));
            let pid = handle.pids().first().copied();
            let _registration = pid.map(|pid| cancel.register(pid));
            let over = Over::default();
            let stdout = std::thread::scope(|scope| -> io::Result<Vec<u8>> {
                // Told also when the reader below fails or panics: the scope waits for the guard.
                let _told = over.when_dropped();
                if let (Some(pid), Some(guard)) = (pid, guard) {
                    let over = &over;
                    scope.spawn(move || {
                        while !over.wait(LOOK) {
                            if guard(pid) == Verdict::End {
                                end_group(pid);
                            }
                        }
                    });
                }
                let stdout = scope.spawn(move || {
                    let mut bytes = Vec::new();
                    let mut reader = stdout_reader;
                    reader.read_to_end(&mut bytes).map(|_| bytes)
                });
                let mut reader = BufReader::new(stderr_reader);
                let mut line = Vec::new();
                while reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
                    on_line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
                    line.clear();
                }
                stdout.join().unwrap_or_else(|_| Err(io::Error::other("the reader of a pipe panicked")))
            })?;
            if let (Some(pid), Some(_)) = (pid, guard) {
                end_followers(pid);
            }
            let output = handle.into_output()?;
            Ok(Ended { status: output.status, stdout, stderr: Vec::new() })
        };
        run().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ProcessError {
        ProcessError::Start { program: self.program.clone(), source }
    }
}

#[cfg(unix)]
fn own_group(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

/// Ends what a process that has ended left in its group. As long as nobody has asked for the status, no other group can
/// have the number.
#[cfg(unix)]
fn end_followers(pid: u32) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let Some(leader) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(leader), ended) {}
    end_group(pid);
}

#[cfg(not(unix))]
fn end_followers(_pid: u32) {}

#[cfg(not(unix))]
fn own_group(_command: &mut std::process::Command) {}

/// The first program of that name in a PATH-like list of directories. Relative entries are passed over: what
/// is run must not depend on the directory that xbuild stands in.
pub fn find_program(path_list: &str, name: &str) -> Option<Utf8PathBuf> {
    let file = if cfg!(windows) { format!("{name}.exe") } else { name.to_owned() };
    std::env::split_paths(path_list)
        .filter_map(|dir| Utf8PathBuf::from_path_buf(dir).ok())
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(&file))
        .find(|path| is_program(path))
}

fn is_program(path: &Utf8Path) -> bool {
    let Ok(metadata) = path.metadata() else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    metadata.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Process {
        Process {
            program: "/bin/sh".into(),
            args: vec!["-c".to_owned(), script.to_owned()],
            env: BTreeMap::from([("ONLY".to_owned(), "this".to_owned())]),
            dir: "/".into(),
            input: None,
        }
    }

    #[test]
    fn output_status_and_environment() {
        let cancel = Cancel::default();
        let ended = sh("echo $ONLY; echo $HOME >&2; exit 3").run(&cancel).unwrap();
        assert_eq!(ended.stdout, b"this\n");
        assert_eq!(ended.stderr, b"\n");
        assert_eq!(ended.status.code(), Some(3));
        let error = sh("echo why >&2; exit 3").read(&cancel).unwrap_err();
        assert!(error.to_string().ends_with("\n  why"), "{error}");
    }

    #[test]
    fn cancelling_ends_grandchildren() {
        let cancel = Cancel::default();
        let canceller = cancel.clone();
        let started = std::time::Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(200));
                canceller.cancel(crate::cancel::Reason::FailFast);
            });
            let ended = sh("sleep 30 & sleep 30; wait").run(&cancel).unwrap();
            assert!(!ended.status.success());
        });
        assert!(started.elapsed() < std::time::Duration::from_secs(10));
    }
}
