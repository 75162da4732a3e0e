//! `xbuild vendor`: the online side.

use serde_json::json;

use super::args::VendorArgs;
use super::session::Session;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::pipeline::{self, Request};
use crate::report::HumanReporter;

pub(super) fn run(session: &Session, args: &VendorArgs) -> Result<ExitCode, Error> {
    let mut flags = session.global.layer();
    flags.online = Some(true);
    let reporter = HumanReporter::new(&session.terminal);
    let mut context = session.context(&flags, &reporter);
    let mut env = context.env.clone();
    if let Some(proxy) = &args.proxy {
        env.insert("GOPROXY".to_owned(), proxy.clone());
        context.env = &env;
    }
    let gather = || {
        let prepared = pipeline::prepare(&Request::default(), &context)?;
        pipeline::vendor(&prepared, &context)
    };
    let tree = gather();
    reporter.clear();
    let tree = tree?;
    if args.json {
        let value = json!({"origin": tree.origin, "dir": tree.dir, "modules": tree.modules});
        session.terminal.data(&(serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"));
    }
    Ok(ExitCode::Success)
}
