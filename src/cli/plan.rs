//! `xbuild plan`.

use super::args::PlanArgs;
use super::session::Session;
use crate::error::Error;
use crate::exec::waves;
use crate::exit_code::ExitCode;
use crate::model::Resources;
use crate::pipeline::{self, Context, Prepared, Request, compiled_in_plan};
use crate::report::{HumanReporter, plan_json, show_plan};
use crate::seal::{Directories, SourceView, seal};

pub(super) fn run(session: &Session, args: &PlanArgs) -> Result<ExitCode, Error> {
    let flags = args.selection.extend(session.global.layer());
    let reporter = HumanReporter::lines(&session.terminal);
    let context = session.context(&flags, &reporter);
    let request = Request { builds: args.selection.builds.clone(), no_packages: args.selection.no_package };
    let prepared = pipeline::prepare(&request, &context)?;
    print(session, &prepared, args.selection.json, &context)?;
    Ok(ExitCode::Success)
}

/// Prints a plan. Directories that a run makes anew stand as `<staging>` and `<scratch>`.
pub(super) fn print(
    session: &Session,
    prepared: &Prepared,
    json: bool,
    context: &Context<'_>,
) -> Result<(), Error> {
    let plan = &prepared.plan;
    let level = prepared.sealing(context)?.level;
    if !json {
        show_plan(plan, &session.terminal);
        return Ok(());
    }
    let compiled = compiled_in_plan(prepared, level);
    let directories = Directories {
        source: &SourceView::in_place(&plan.project.module_dir, level),
        cache: &plan.settings.cache_dir.value,
        compiled: compiled.as_ref(),
        staging: "<staging>".into(),
        scratch: "<scratch>".into(),
    };
    let shares = waves(plan.settings.jobs.value, plan.targets.len());
    let actions: Vec<_> = plan
        .targets
        .iter()
        .zip(shares)
        .flat_map(|(target, slots)| {
            let actions = target.builds.iter().map(|build| seal(plan, &target.target, build, &directories));
            actions
                .map(move |action| {
                    (action, Resources { slots, memory: None, limits: plan.settings.limits() })
                })
                .collect::<Vec<_>>()
        })
        .collect();
    session.terminal.data(&plan_json(plan, &actions));
    Ok(())
}
