//! Running sealed actions.
//!
//! Takes a [`SealedAction`] and its share of the host, returns an [`ActionResult`]. An executor reports progress
//! through a callback and prints nothing. Remote execution is a further executor.

mod graph;
mod local;
mod memory;
mod slots;
mod usage;
mod watch;

pub use local::LocalExecutor;
pub use memory::memory_per_slot;
pub use slots::{Lease, SlotBudget, waves};

use crate::cancel::Cancel;
use crate::fs::FsError;
use crate::model::{ActionResult, Resources, SealedAction};
use crate::process::ProcessError;

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A package has begun to compile.
    Compiling {
        /// Its import path.
        package: String,
        /// Packages that are done.
        done: usize,
        /// Packages in the graph.
        total: usize,
    },
    /// The program's own package has been compiled or is about to be; the linker follows.
    Linking,
}

/// Runs steps.
pub trait Executor: Sync {
    /// Runs one step to its end.
    ///
    /// # Errors
    /// When the step could not be run at all. A step that ran and failed is an [`ActionResult`].
    fn execute(
        &self,
        action: &SealedAction,
        resources: Resources,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ActionResult, ExecError>;
}

/// A step that could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// `go` did not start.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A directory of the step could not be made.
    #[error(transparent)]
    Fs(#[from] FsError),
}
