//! The compile cache around each step: what it is given before, what is taken from it afterwards.

use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::Prepared;
use super::target::TargetShared;
use crate::cache::{CALL, CompileSpace, Store};
use crate::event::Event;
use crate::fs;
use crate::model::{Blake3, SealLevel, SealedAction};
use crate::sandbox::own_program;
use crate::seal::CompileCache;

/// The compile cache of a run's steps; `None` where this program cannot be shown to them. Then Go has a directory of its
/// own, which it believes as it does everywhere else.
pub(super) fn open(
    store: &Store,
    level: SealLevel,
    tools: &Blake3,
) -> fs::Result<Option<(CompileSpace, CompileCache)>> {
    let Some(program) = own_program(level) else { return Ok(None) };
    let space = CompileSpace::new(level, tools);
    let (index, blobs) = store.open_compiled(&space)?;
    let cache = CompileCache { program, call: CALL, index, blobs, space: space.name().to_owned() };
    Ok(Some((space, cache)))
}

/// The same for a plan that is only shown: nothing is made, and the SDK's digest stands as `<sdk>`.
pub fn compiled_in_plan(prepared: &Prepared) -> Option<CompileCache> {
    let level = prepared.sealing.level;
    let store = &prepared.plan.settings.cache_dir.value;
    let space = format!("{level}/<sdk>");
    Some(CompileCache {
        program: own_program(level)?,
        call: CALL,
        index: store.join(crate::cache::COMPILED).join(&space),
        blobs: store.join(crate::cache::CAS),
        space,
    })
}

/// Takes in what a step has compiled, also of one that failed: what did compile is as good as any other. Who ends a run
/// does not wait for it.
pub(super) fn take_in(shared: &TargetShared<'_>, action: &SealedAction) {
    const MOMENT: Duration = Duration::from_millis(100);
    let (Some(puts), Some(space)) = (&action.puts, &shared.space) else { return };
    let started = Instant::now();
    let give_up = || shared.cancel.reason().is_some() && started.elapsed() > MOMENT;
    let note = |text: String| shared.listener.event(&Event::Note(text));
    if let Err(error) = shared.store.ingest(space, puts, &give_up) {
        note(format!("{}: the next run cannot reuse what was compiled: {error}", action.target));
    }
    say_damage(shared.store, &note);
}

/// Says what was found damaged; it has been put aside, and was made again.
pub(super) fn say_damage(store: &Store, note: &dyn Fn(String)) {
    for damage in store.take_damage() {
        let place = store.root().join(Utf8Path::new(crate::cache::QUARANTINE));
        note(format!(
            "{} of the store was damaged: it was put aside in {place} and made again",
            damage.entry
        ));
    }
}
