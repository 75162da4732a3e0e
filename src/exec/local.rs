//! Steps as child processes of this host, shut in as their action says.

use std::io::Read;
use std::time::Instant;

use camino::Utf8PathBuf;

use super::graph::PackageGraph;
use super::watch::{Watch, crashed_for_want, ran_out};
use super::{ExecError, Executor, Progress};
use crate::cancel::Cancel;
use crate::fs;
use crate::model::{Access, ActionResult, BuildOutcome, Mount, Resources, SealedAction};
use crate::process::Process;
use crate::sandbox::{Enclosure, Limits, SETUP_FAILED, enclose};

/// Runs each step in the sandbox of its seal.
#[derive(Debug, Clone)]
pub struct LocalExecutor {
    /// An empty directory, on which each step's file system is put together.
    pub root: Utf8PathBuf,
}

impl Executor for LocalExecutor {
    fn execute(
        &self,
        action: &SealedAction,
        resources: Resources,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ActionResult, ExecError> {
        for mount in &action.mounts {
            if let Mount::Bind { host, access: Access::Write, .. } = mount {
                fs::create_dir_all(host)?;
            }
        }
        let watch = Watch::new(resources.limits, action.seal);
        let started = Instant::now();
        let enclosure = Enclosure {
            level: action.seal,
            mounts: &action.mounts,
            root: &self.root,
            limits: Limits { memory: resources.limits.memory, processes: resources.limits.processes },
        };
        let process = enclose(process(action, resources), &enclosure);
        let mut graph: Option<PackageGraph> = None;
        let (mut messages, mut compiled) = (String::new(), 0);
        let ended = process.stream_guarded(cancel, &|pid| watch.look(pid), |line| {
            if graph.is_none() {
                graph = action_graph(action);
            }
            let step = graph
                .as_mut()
                .and_then(|graph| Some((graph.started(line)?, graph.total(), graph.is_main(line))));
            match step {
                Some((done, total, main)) => {
                    compiled += 1;
                    progress(Progress::Compiling { package: line.to_owned(), done, total });
                    if main {
                        progress(Progress::Linking);
                    }
                }
                None if messages.len() > MOST_MESSAGES => {}
                None => {
                    messages.push_str(line);
                    messages.push('\n');
                }
            }
        })?;
        let graph = graph.or_else(|| action_graph(action)).unwrap_or_default();
        let outcome = match watch.ended().unwrap_or_else(|| outcome(ended.status, &messages)) {
            // A process was refused more before all of them together were seen to hold too much.
            BuildOutcome::OutOfMemory(None) => BuildOutcome::OutOfMemory(resources.limits.memory),
            BuildOutcome::Exit(_) if resources.limits.memory.is_some() && crashed_for_want(&messages) => {
                BuildOutcome::OutOfMemory(resources.limits.memory)
            }
            other => other,
        };
        Ok(ActionResult {
            outcome,
            messages,
            stdout: ended.stdout,
            packages: graph.total(),
            compiled,
            elapsed: started.elapsed(),
        })
    }
}

/// More than anybody reads, in bytes. What a step says must not fill the memory of the one that listens.
const MOST_MESSAGES: usize = 4 << 20;

/// What `go build` is going to do, once it has written that down.
fn action_graph(action: &SealedAction) -> Option<PackageGraph> {
    /// Bytes; a program of 1400 packages has 1 MiB.
    const MOST: u64 = 256 << 20;
    let mut text = String::new();
    let (file, _) = fs::open_regular(&action.action_graph).ok()?;
    file.take(MOST).read_to_string(&mut text).ok()?;
    PackageGraph::parse(&text)
}

/// The step's own command line with its share of the host.
fn process(action: &SealedAction, resources: Resources) -> Process {
    let mut words = action.argv.iter().cloned();
    let program = words.next().unwrap_or_default();
    let mut args: Vec<String> = words.collect();
    args.insert(1.min(args.len()), format!("-p={}", resources.slots));
    let mut env = action.env.clone();
    env.insert("GOMAXPROCS".to_owned(), resources.slots.to_string());
    if let Some(bytes) = resources.memory {
        env.insert("GOGC".to_owned(), "off".to_owned());
        env.insert("GOMEMLIMIT".to_owned(), bytes.to_string());
    }
    Process { program: program.into(), args, env, dir: action.dir.clone(), input: None }
}

/// How a step ended that nobody here ended.
fn outcome(status: std::process::ExitStatus, messages: &str) -> BuildOutcome {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        const SIGKILL: i32 = 9;
        return match signal {
            SIGKILL => BuildOutcome::OutOfMemory(None),
            other => BuildOutcome::Signal(other),
        };
    }
    match status.code() {
        Some(0) => BuildOutcome::Success,
        Some(code) if code == i32::from(SETUP_FAILED) => BuildOutcome::NotSealed,
        Some(_) if ran_out(messages) => BuildOutcome::OutOfMemory(None),
        // The words of the system's error, which Go hands on.
        Some(_) if messages.contains("no space left on device") => BuildOutcome::DiskFull,
        code => BuildOutcome::Exit(code.unwrap_or(-1)),
    }
}
