mod budget;
mod builder;
mod expiry;
mod ghosts;
#[cfg(bedplate_loom)]
mod loom;
mod mark;
mod ops;
mod policies;
mod sequence;
mod table;
mod threads;
mod waits;
mod window;

/// Under this name for `ops`, which the fuzz target includes too.
use crate as bedplate;
