//! Pools that lend what is costly to make: objects, page-aligned blocks, arenas.
//!
//! - [`ObjectPool`] lends values of any type, made by a closure and reset by another.
//! - [`BlockPool`] (Linux) lends page-aligned blocks of memory, for direct I/O and for hand-over between threads.
//! - [`ArenaPool`] lends bump arenas, emptied at once for the next user.
//!
//! All three keep a strict bound and lend first what came back last to the thread that asks. An acquisition comes in three
//! forms: `try_acquire` does not wait, `acquire_timeout` and `acquire_deadline` wait until a point in time, `acquire` waits
//! without limit. What is lent goes back when it is dropped, on any thread; leaking it costs capacity, never memory
//! safety. `close` refuses all who wait and all who come later, `trim` gives idle memory back, `stats` tells what the
//! pool holds and did.
//!
//! Each thread keeps a few idle objects in a magazine of its own, which costs no lock and no atomic read-modify-write to use;
//! behind the magazines is a depot under a lock. A thread that finds nothing idle, and may make nothing new, fetches what lies
//! in the magazines of others. The page `docs/pools` tells how, and what it costs.
//!
//! No call runs a user's closure, or the `Drop` of a user's object, under a lock. A child process made by `fork` may only call
//! `exec`: a magazine may have been in use by a thread that is not there any more.

mod acquire_error;
mod arena_guard;
mod arena_pool;
mod arena_pool_builder;
#[cfg(target_os = "linux")]
mod blocks;
mod eviction;
mod home;
#[cfg(feature = "leak_sites")]
mod leak_site;
mod object_pool;
mod object_pool_builder;
mod objects;
mod owned_pooled;
mod pooled;
mod recycle;
mod sites;
mod slot;
mod stats;
// Part of it serves the blocks alone.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod stock;
mod try_box;

pub use acquire_error::AcquireError;
pub use arena_guard::ArenaGuard;
pub use arena_pool::ArenaPool;
pub use arena_pool_builder::ArenaPoolBuilder;
#[cfg(target_os = "linux")]
pub use blocks::{Block, BlockLocation, BlockPool, BlockPoolBuilder, BlockStats, RawBlock, Slab, SlabPins, Zero};
#[doc(no_inline)]
pub use bumpalo::Bump;
#[cfg(feature = "leak_sites")]
pub use leak_site::LeakSite;
pub use object_pool::ObjectPool;
pub use object_pool_builder::ObjectPoolBuilder;
pub use owned_pooled::OwnedPooled;
pub use pooled::Pooled;
pub use recycle::Recycle;
pub use stats::Stats;
