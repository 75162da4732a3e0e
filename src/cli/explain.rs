//! `xbuild explain`.

use super::args::ExplainArgs;
use super::session::Session;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::pipeline::{self, Request};
use crate::report::{HumanReporter, explanation};

pub(super) fn run(session: &Session, args: &ExplainArgs) -> Result<ExitCode, Error> {
    let mut selection = args.selection.clone();
    selection.targets.extend(args.names.iter().cloned());
    let flags = selection.extend(session.global.layer());
    let reporter = HumanReporter::new(&session.terminal);
    let context = session.context(&flags, &reporter);
    let request = Request { builds: selection.builds.clone(), no_packages: true };
    let prepared = pipeline::prepare(&request, &context)?;
    let explained = pipeline::explain(&prepared, &context);
    reporter.clear();
    let explained = explained?;
    if selection.json {
        let text = serde_json::to_string_pretty(&explained).unwrap_or_default();
        session.terminal.data(&(text + "\n"));
    } else {
        session.terminal.data(&explanation(&explained, session.terminal.styled_output()));
    }
    Ok(ExitCode::Success)
}
