//! How a row is measured: pinned threads, ours and each peer in turn, medians and the spread of their ratio.

mod allocated;
mod bench;
mod cpu_time;
mod row;
mod spec;
mod statistics;
mod threads;
mod wait;

pub use allocated::allocated;
pub use bench::{Bench, LeftOut, Outcome};
pub use cpu_time::{process_cpu, thread_cpu};
#[cfg(test)]
pub use row::RowId;
pub use row::{Better, Row};
pub use spec::Spec;
#[cfg(test)]
pub use statistics::{percentile, spread};
pub use threads::{Job, cpus, on_cpu, on_one_cpu, share, together, together_jobs};
pub use wait::Wait;
