//! `xbuild vendor`: the online side.

use serde_json::json;

use super::args::JsonArgs;
use super::session::Session;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::pipeline::{self, Request};
use crate::report::HumanReporter;

pub(super) fn run(session: &Session, args: &JsonArgs) -> Result<ExitCode, Error> {
    let mut flags = session.global.layer();
    flags.online = Some(true);
    let reporter = HumanReporter::lines(&session.terminal);
    let context = session.context(&flags, &reporter);
    let prepared = pipeline::prepare(&Request::default(), &context)?;
    let tree = pipeline::vendor(&prepared, &context)?;
    if args.json {
        let value = json!({"origin": tree.origin, "dir": tree.dir, "modules": tree.modules});
        session.terminal.data(&(serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"));
    }
    Ok(ExitCode::Success)
}
