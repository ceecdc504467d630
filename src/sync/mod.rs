//! What the structures of this crate wait and count with.
//!
//! [`EventCount`] lets a lock-free structure block: a waiter registers, looks once more, and only then sleeps, so the
//! side that changes the structure pays one fence and one load while nobody waits.

mod event_count;
mod park;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
mod sharded;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
mod thread_slot;

pub use crossbeam::utils::CachePadded;
pub use event_count::{EventCount, Listener};
#[cfg(any(feature = "batch", feature = "pool", feature = "cache"))]
#[allow(unused_imports)]
pub(crate) use park::park_until;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
pub(crate) use sharded::Sharded;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
pub(crate) use thread_slot::thread_slot;

#[cfg(test)]
mod tests;
