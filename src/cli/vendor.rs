//! `xbuild vendor`: makes vendor/ and vendor.lock, which is the online side, or verifies them.

use serde_json::json;

use super::args::VendorArgs;
use super::session::Session;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::pipeline::{VendorOutcome, VendorTask, vendor_project};
use crate::report::HumanReporter;
use crate::vendor::LOCK_NAME;

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
    let task = match (args.check, args.lock_only) {
        (true, _) => VendorTask::Check,
        (_, true) => VendorTask::LockOnly,
        _ => VendorTask::Install,
    };
    let done = vendor_project(task, &context);
    reporter.clear();
    let (dir, outcome) = done?;
    if args.json {
        let value = match outcome {
            VendorOutcome::Installed(installed) => json!({
                "dir": dir.join("vendor"),
                "lock": dir.join(LOCK_NAME),
                "changed": installed.changed,
                "modules": installed.modules,
                "completed": installed.completed,
            }),
            VendorOutcome::Checked(None) => json!({"proof": "not-needed"}),
            VendorOutcome::Checked(Some(verified)) => json!({
                "proof": "verified",
                "files": verified.files,
                "modules": verified.modules,
                "seconds": verified.elapsed.as_secs_f64(),
            }),
        };
        session.terminal.data(&(serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"));
    }
    Ok(ExitCode::Success)
}
