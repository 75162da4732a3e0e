//! Steps as child processes of this host.

use std::time::Instant;

use super::graph::PackageGraph;
use super::{ExecError, Executor, Progress};
use crate::cancel::Cancel;
use crate::fs;
use crate::model::{ActionResult, BuildOutcome, Resources, SealedAction};
use crate::process::Process;

/// Runs each step directly, sealed by its environment alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalExecutor;

impl LocalExecutor {
    /// The word for this seal in metadata.json.
    pub const SEAL: &str = "env";
}

impl Executor for LocalExecutor {
    fn execute(
        &self,
        action: &SealedAction,
        resources: Resources,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ActionResult, ExecError> {
        for path in [&action.output, &action.action_graph] {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
        }
        let started = Instant::now();
        let process = process(action, resources);
        let mut graph: Option<PackageGraph> = None;
        let (mut messages, mut compiled) = (String::new(), 0);
        let ended = process.stream(cancel, |line| {
            if graph.is_none() {
                graph = fs::read_text(&action.action_graph).ok().as_deref().and_then(PackageGraph::parse);
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
                None => {
                    messages.push_str(line);
                    messages.push('\n');
                }
            }
        })?;
        let graph = graph
            .or_else(|| fs::read_text(&action.action_graph).ok().as_deref().and_then(PackageGraph::parse))
            .unwrap_or_default();
        Ok(ActionResult {
            outcome: outcome(ended.status),
            messages,
            packages: graph.total(),
            compiled,
            elapsed: started.elapsed(),
        })
    }
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
    Process { program: program.into(), args, env, dir: action.dir.clone() }
}

fn outcome(status: std::process::ExitStatus) -> BuildOutcome {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return BuildOutcome::Signal(signal);
    }
    match status.code() {
        Some(0) => BuildOutcome::Success,
        code => BuildOutcome::Exit(code.unwrap_or(-1)),
    }
}
