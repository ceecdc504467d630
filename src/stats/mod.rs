//! Figures that cost the path they count no shared cache line.
//!
//! | type | tells | a write costs |
//! |---|---|---|
//! | [`Counter`] | how many, ever | one atomic addition on the thread's own line |
//! | [`Gauge`] | how many now, and the most there ever were | one atomic operation on a line all writers share |
//! | [`Histogram`] | how they are distributed | one atomic addition and two loads in the thread's own table |
//!
//! Reading any of them never stops a writer. A reading taken while others write is no single point in time, and none
//! of these types orders other memory: a thread that sees a count has not thereby seen what was counted.

mod buckets;
mod counter;
mod gauge;
mod histogram;
mod histogram_builder;
mod snapshot;

pub use counter::Counter;
pub use gauge::Gauge;
pub use histogram::Histogram;
pub use histogram_builder::HistogramBuilder;
pub use snapshot::{Bucket, HistogramSnapshot};

#[cfg(test)]
mod tests;
