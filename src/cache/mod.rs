//! What runs leave for later runs. The layout is drawn in cache/README.md.

mod outputs;

pub use outputs::{OutputStore, Seed};
