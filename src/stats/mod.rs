//! Figures that cost the path they count no shared cache line.
//!
//! | type | tells | a write costs |
//! |---|---|---|
//! | [`Counter`] | how many, ever | a load and a store in a cell that only the thread writes |
//! | [`Gauge`] | how many now, and the most there ever were | one atomic operation on a line all writers share |
//! | [`Histogram`] | how they are distributed | a few loads and a store in a table that only the thread writes |
//!
//! Reading any of them never stops a writer. A reading taken while others write is no single point in time, and none
//! of these types orders other memory: a thread that sees a count has not thereby seen what was counted.
//!
//! What `stats()` of a structure returns tells its values one by one through [`Figures`], to whatever system for
//! metrics there is. With feature `metrics`, `Publisher` does it for the facade of that name.

mod buckets;
mod counter;
mod figure;
mod figures;
mod gauge;
mod histogram;
mod histogram_builder;
#[cfg(feature = "metrics")]
mod publisher;
#[cfg(feature = "metrics")]
mod samples;
#[cfg(feature = "metrics")]
mod series;
mod snapshot;
#[cfg(feature = "metrics")]
mod summary;
#[cfg(feature = "metrics")]
mod unsent;
mod zeros;

pub use counter::Counter;
pub use figure::Figure;
pub use figures::Figures;
#[cfg(any(feature = "queue", feature = "pool", feature = "cache", feature = "batch"))]
pub(crate) use figures::figures;
pub use gauge::Gauge;
pub use histogram::Histogram;
pub use histogram_builder::HistogramBuilder;
#[cfg(feature = "metrics")]
pub use publisher::Publisher;
pub use snapshot::{Bucket, HistogramSnapshot};

#[cfg(test)]
mod tests;
