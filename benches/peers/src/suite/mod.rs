//! The rows, a file for each suite.

mod batch;
mod cache;
mod channel;
mod io;
mod log;
mod names;
mod pipeline;
mod pool;
mod queue;
mod scratch;
mod stats;
mod topo;

pub use names::Suite;
