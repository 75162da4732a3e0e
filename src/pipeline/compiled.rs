//! The compile cache around each step: what it is given before, what is taken from it afterwards.

use std::time::{Duration, Instant};

use super::Prepared;
use super::target::Shared;
use crate::cache::{CALL, CompileSpace, Store};
use crate::event::Event;
use crate::fs;
use crate::model::{Blake3, SealLevel, SealedAction};
use crate::sandbox::{OwnProgram, own_program};
use crate::seal::CompileCache;

/// The compile cache of a run's steps.
pub(super) struct Compiled {
    space: CompileSpace,
    /// What the steps are given.
    pub(super) cache: CompileCache,
}

impl Compiled {
    /// Makes what is not there yet. `None` where this program cannot be shown to the steps: then Go has a directory of
    /// its own, which it believes as it does everywhere else.
    pub(super) fn open(store: &Store, level: SealLevel, tools: &Blake3) -> fs::Result<Option<Self>> {
        let Some(program) = own_program(level) else { return Ok(None) };
        let space = CompileSpace::new(level, tools);
        store.open_compiled(&space)?;
        let cache = cache(store, program, &space);
        Ok(Some(Compiled { space, cache }))
    }

    /// Takes in what a step has compiled, also of one that failed: what did compile is as good as any other. Who ends a
    /// run does not wait for it.
    pub(super) fn take_in(&self, shared: &Shared<'_>, action: &SealedAction) {
        const MOMENT: Duration = Duration::from_millis(100);
        let Some(puts) = &action.puts else { return };
        let started = Instant::now();
        let give_up = || shared.cancel.reason().is_some() && started.elapsed() > MOMENT;
        if let Err(error) = shared.store.ingest(&self.space, puts, &give_up) {
            let text = format!("{}: the next run has to compile it again: {error}", action.target);
            shared.listener.event(&Event::Note(text));
        }
    }
}

/// The compile cache in a plan that is only shown: nothing is made.
pub fn compiled_in_plan(prepared: &Prepared, level: SealLevel) -> Option<CompileCache> {
    let space = CompileSpace::new(level, &prepared.identity.tools_blake3);
    Some(cache(&prepared.store, own_program(level)?, &space))
}

fn cache(store: &Store, program: OwnProgram, space: &CompileSpace) -> CompileCache {
    let (index, blobs) = (store.index_of(space), store.blobs());
    let empty = store.empty_go_cache();
    CompileCache { program, call: CALL, empty, index, blobs, space: space.name().to_owned() }
}
