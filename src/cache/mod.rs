//! What runs leave for later runs. The layout is drawn in cache/README.md.
//!
//! A [`Store`] keeps content by its hash (the CAS), what actions came to by their keys (the action cache), what Go has
//! compiled, and memos of what was worked out. Everything is written whole before it gets its name, and is looked at again when it comes back.

mod actions;
mod cas;
mod compile;
mod frame;
mod gc;
mod history;
mod inventory;
mod locks;
mod memo;
mod root;
mod runs;
mod store;
mod verify;

pub use actions::{ActionKind, EncodedKey, Record};
pub use cas::Incoming;
pub use compile::{CALL, CompileEntry, CompileSpace, Entry as Compiled, Ingested, serve};
pub use gc::{InUse, Limits, PrunePlan};
pub use history::History;
pub use inventory::{Amount, Inventory, Kind, Unit};
pub use locks::KeyLock;
pub use root::open;
pub use runs::RunLine;
pub use store::{Damage, Store};
pub use verify::Verification;
