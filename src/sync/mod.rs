//! What the structures of this crate wait and count with.
//!
//! [`EventCount`] lets a lock-free structure block: a waiter registers, looks once more, and only then sleeps, so the
//! side that changes the structure pays one fence and one load while nobody waits, or the load alone
//! ([`EventCount::notify_relaxed`]).

#[cfg(feature = "batch")]
mod asym_mutex;
mod baton;
mod event_count;
#[cfg(any(feature = "pool", feature = "batch"))]
#[cfg_attr(not(all(feature = "pool", feature = "batch")), allow(dead_code))]
pub(crate) mod fence;
mod list;
mod listener;
mod park;
mod parker;
#[cfg(any(feature = "pool", feature = "cache"))]
mod patience;
#[cfg(feature = "channel")]
mod relay;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
mod sharded;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
mod thread_slot;
mod waiter;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
mod writers;

#[cfg(feature = "batch")]
pub(crate) use asym_mutex::AsymMutex;
pub use crossbeam::utils::CachePadded;
pub use event_count::EventCount;
pub use listener::Listener;
#[cfg(feature = "channel")]
pub(crate) use listener::Woken;
#[cfg(any(feature = "batch", feature = "pool", feature = "cache"))]
#[allow(unused_imports)]
pub(crate) use park::park_until;
#[cfg(any(feature = "pool", feature = "cache"))]
pub(crate) use patience::Patience;
#[cfg(feature = "channel")]
pub(crate) use relay::Relayed;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
pub(crate) use sharded::Sharded;
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
#[cfg_attr(not(any(feature = "cache", feature = "pool")), allow(unused_imports))]
pub(crate) use thread_slot::{known_thread_slot, thread_slot};
#[cfg(any(feature = "stats", feature = "pool", feature = "cache", test))]
pub(crate) use writers::Writers;

#[cfg(test)]
mod tests;
