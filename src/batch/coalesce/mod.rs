//! Batches by key.

mod arrival;
mod builder;
mod coalescer;
mod guarded;
mod pairs;
mod slot;
mod stats;
mod table;

pub use builder::CoalescerBuilder;
pub use coalescer::Coalescer;
pub use stats::CoalescerStats;

#[cfg(test)]
mod tests;
