//! The rows, a file for each suite.

mod batch;
mod cache;
mod channel;
mod io;
mod log;
mod names;
mod payload;
mod pipeline;
mod pool;
mod queue;
mod scratch;
mod shape;
mod stats;
mod topo;
mod trips;

#[cfg(test)]
pub use cache::Keys;
pub use io::child;
pub use names::Suite;
#[cfg(test)]
pub use payload::Payload;
#[cfg(test)]
pub use shape::{Place, Shape};
