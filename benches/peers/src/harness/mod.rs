//! How a row is measured: pinned threads, ours and each peer in turn, medians and the spread of their ratio.

mod bench;
mod row;
mod spec;
mod statistics;
mod threads;
mod wait;

pub use bench::{Bench, LeftOut, Outcome};
#[cfg(test)]
pub use row::RowId;
pub use row::{Better, Row};
pub use spec::Spec;
#[cfg(test)]
pub use statistics::spread;
pub use threads::{Job, cpus, on_cpu, on_one_cpu, share, together, together_jobs};
pub use wait::Wait;
