//! Bounded caches: concurrent with single-flight loading and expiry, or strict least-recently-used on one thread.
//!
//! | | [`Cache`] | [`Lru`] |
//! |---|---|---|
//! | shared between threads | yes, through `&Cache` | no, `&mut Lru` |
//! | victim | [by policy](#the-policy) | exactly the least recently used |
//! | bounded by | entries or weight | entries, and weight |
//! | expiry | per entry, for the whole cache, by the value, when idle | per entry, for the whole map, when idle |
//! | loading | once per key at a time, the others wait | plain `get_or_insert_with` |
//!
//! [`Memo`] is a [`Cache`] that is filled in one way, by computing what is missing; [`memoize!`] puts one behind a function.
//!
//! # What runs where
//!
//! Loaders, functions of [`Cache::compute`], the [listener](Builder::listener), and the `Drop` of every key and value a
//! cache lets go, run outside its locks, and may use the cache. `Hash` runs before the lock, and so do the
//! [weigher](Builder::weigher) and [`expire_by`](Builder::expire_by) of an insertion. What has to run under the lock of a shard
//! is `Eq` of keys, `Clone` of a value, the closures of [`Cache::get_with`], [`peek`](Cache::peek),
//! [`remove_if`](Cache::remove_if) and [`retain`](Cache::retain), and the weigher and `expire_by` of a value that was loaded:
//! keep them short. Using the same [`Cache`] from there panics with a message that says so, whichever key is asked for: it
//! could otherwise wait for a lock its own thread holds, or for a thread that waits for this one. A panic in any of them
//! leaves the cache whole.
//!
//! # The policy
//!
//! [`Policy::Adaptive`], the default, is of the class of W-TinyLFU: new entries stand in a window; at its end, one moves up to the
//! main region if it was asked for more often, in this stay and those before, than the one it would push out. How often is
//! known of entries that have left, too, by a few bits of a ghost; what comes back soon goes straight to the main region; and whether it
//! had left the window or the main region says how large the window should be. So a scan or a loop larger than the cache passes
//! through the window and leaves the rest, and where recent entries are worth more the window grows. A hit only sets one of
//! two bits of its entry. [`Policy::S3Fifo`] and [`Policy::Lru`] are the choices beside it.
//!
//! An entry past its time to live is preferred to any that is alive, as far as one is found in 64 places.
//!
//! # Presets
//!
//! Sizes and times to live of an operating-system layer, as starting points; the example `kos_caches` runs them.
//!
//! | for | entries | time to live | options |
//! |---|---|---|---|
//! | resolved paths | 1,000 | 60 s | `Cache::builder(1_000).ttl(Duration::from_secs(60))` |
//! | attributes of files | 500 | 30 s | `Cache::builder(500).ttl(Duration::from_secs(30))` |
//! | processes | 100 | 1 s | `Cache::builder(100).ttl(Duration::from_secs(1))` |
//!
//! A time to live bounds how stale an answer may be; who is told that an answer has changed calls [`Cache::remove`] and need
//! not wait for it.

mod adaptive;
mod budget;
mod builder;
#[allow(clippy::module_inception)] // The module is named after its main type.
mod cache;
mod cause;
mod compute;
mod departed;
mod entry;
mod expiry;
mod flights;
mod ghosts;
mod held;
mod landing;
mod leadership;
mod life;
mod load;
mod load_error;
mod locks;
mod lru;
mod memo;
mod order;
mod policy;
mod read;
mod recency;
mod s3_fifo;
mod shard;
mod slot;
mod stats;
mod sweep;
mod table;
mod too_heavy;
#[cfg(any(test, fuzzing))]
mod validate;
mod waits;
mod window;
mod write;

pub use builder::Builder;
pub use cache::Cache;
pub use cause::Cause;
pub use compute::Compute;
pub use hashbrown::Equivalent;
pub use load_error::LoadError;
pub use lru::{Lru, LruBuilder};
#[doc(hidden)]
pub use memo::__memoize;
pub use memo::{CacheInfo, Memo, memoize};
pub use policy::Policy;
pub use stats::Stats;
pub use too_heavy::TooHeavy;

/// 2^64 divided by the golden ratio, made odd (Knuth's multiplicative hashing).
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

#[cfg(test)]
mod tests;
