//! `xbuild doctor`.

use super::args::JsonArgs;
use super::session::Session;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::pipeline::diagnose;
use crate::report::{HumanReporter, show_diagnosis};

pub(super) fn run(session: &Session, args: &JsonArgs) -> Result<ExitCode, Error> {
    let flags = session.global.layer();
    let reporter = HumanReporter::lines(&session.terminal);
    let diagnosis = diagnose(&session.context(&flags, &reporter))?;
    if args.json {
        let text = serde_json::to_string_pretty(&diagnosis).unwrap_or_default();
        session.terminal.data(&(text + "\n"));
    } else {
        show_diagnosis(&diagnosis, &session.terminal);
    }
    Ok(diagnosis.failure.map_or(ExitCode::Success, |error| error.exit_code()))
}
