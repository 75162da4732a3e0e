//! `xbuild cache`.

use super::args::{CacheArgs, CacheCommand, GcArgs};
use super::session::Session;
use crate::cache::Limits;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::pipeline::{self, StoreHere};
use crate::report::{HumanReporter, pruned, statistics, verified_store};

pub(super) fn run(session: &Session, args: &CacheArgs) -> Result<ExitCode, Error> {
    let flags = session.global.layer();
    let reporter = HumanReporter::lines(&session.terminal);
    let here = pipeline::store_here(&session.context(&flags, &reporter))?;
    match &args.command {
        CacheCommand::Path => session.terminal.data(&format!("{}\n", here.dir)),
        CacheCommand::Stats(json) => {
            let statistics_ = pipeline::cache_statistics(&here)?;
            session.terminal.data(&match json.json {
                true => serde_json::to_string_pretty(&statistics_).unwrap_or_default() + "\n",
                false => statistics(&statistics_),
            });
        }
        CacheCommand::Gc(gc) => return collect(session, &here, gc),
        CacheCommand::Verify(json) => {
            let verification = pipeline::cache_verify(&here)?;
            session.terminal.data(&match json.json {
                true => serde_json::to_string_pretty(&verification).unwrap_or_default() + "\n",
                false => verified_store(&verification),
            });
            if !verification.damaged.is_empty() {
                return Ok(ExitCode::Damaged);
            }
        }
    }
    Ok(ExitCode::Success)
}

fn collect(session: &Session, here: &StoreHere, args: &GcArgs) -> Result<ExitCode, Error> {
    let limits = Limits { size: args.max_size.or(here.limit), age: args.max_age };
    if limits == Limits::default() {
        session
            .terminal
            .line("no limit is set: only what nobody can want goes (--max-size, --max-age, cache_size)");
    }
    let collected = pipeline::cache_collect(here, limits, args.dry_run)?;
    session.terminal.data(&match args.json {
        true => serde_json::to_string_pretty(&collected).unwrap_or_default() + "\n",
        false => pruned(&collected),
    });
    Ok(ExitCode::Success)
}
