//! `xbuild [build]`.

use camino::{Utf8Path, Utf8PathBuf};

use super::args::BuildArgs;
use super::plan;
use super::session::Session;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::fs;
use crate::pipeline::{self, Request};
use crate::plan::{Plan, PlanError};
use crate::report::HumanReporter;

pub(super) fn run(session: &Session, args: &BuildArgs) -> Result<ExitCode, Error> {
    let flags = args.extend(session.global.layer());
    let reporter = HumanReporter::new(&session.terminal);
    let context = session.context(&flags, &reporter);
    let request = Request {
        builds: args.selection.builds.clone(),
        no_packages: args.selection.no_package || args.output.is_some(),
    };
    let prepared = pipeline::prepare(&request, &context)?;
    let output = match &args.output {
        Some(path) => Some(output_path(path, session.cwd(), &prepared.plan)?),
        None => None,
    };
    if args.dry_run {
        plan::print(session, &prepared, args.selection.json, &context)?;
        return Ok(ExitCode::Success);
    }
    let result = pipeline::build(&prepared, output.as_ref(), &context);
    if result.is_err() {
        reporter.clear();
    }
    let report = result?;
    reporter.summary(&report);
    if args.selection.json {
        let text = serde_json::to_string_pretty(&report.records).unwrap_or_default();
        session.terminal.data(&(text + "\n"));
    }
    Ok(if report.succeeded() { ExitCode::Success } else { ExitCode::TargetFailed })
}

/// The file that `-o` means: inside PATH when that is a directory, as with `go build`.
fn output_path(text: &str, cwd: &Utf8Path, plan: &Plan) -> Result<Utf8PathBuf, Error> {
    let builds: Vec<_> = plan
        .targets
        .iter()
        .flat_map(|target| target.builds.iter().map(move |build| (target, build)))
        .collect();
    let [(_, build)] = builds[..] else {
        let what: Vec<String> =
            builds.iter().map(|(target, build)| format!("{} {}", target.target, build.id)).collect();
        return Err(PlanError::SeveralForOutput { count: builds.len(), what: what.join(", ") }.into());
    };
    let path = cwd.join(text);
    let path = if text.ends_with('/') || path.is_dir() { path.join(&build.binary) } else { path };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(path)
}
