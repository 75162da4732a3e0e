//! What runs leave for later runs. The layout is drawn in cache/README.md.

mod outputs;
mod root;

pub use outputs::{OutputStore, Seed};
pub use root::open;
