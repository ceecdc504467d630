//! Bounded caches: concurrent with single-flight loading and expiry, or strict least-recently-used on one thread.
//!
//! | | [`Cache`] | [`Lru`] |
//! |---|---|---|
//! | shared between threads | yes, through `&Cache` | no, `&mut Lru` |
//! | victim | S3-FIFO: tolerates scans, a hit moves nothing | exactly the least recently used |
//! | expiry | per entry or for the whole cache | none |
//! | loading | once per key at a time, the others wait | plain `get_or_insert_with` |
//!
//! # What runs where
//!
//! Loaders, and the `Drop` of every key and value a cache lets go, run outside its locks, and may use the cache.
//! `Hash` runs before the lock. What has to run under the lock of a shard is `Eq` of keys, `Clone` of a value on a hit,
//! and the closure of [`Cache::get_with`]: keep them short. Using the same [`Cache`] from there panics with a message
//! that says so, whichever key is asked for: it could otherwise wait for a lock its own thread holds, or for a thread
//! that waits for this one. A panic in any of them leaves the cache whole.
//!
//! # The policy
//!
//! Each shard of a [`Cache`] runs S3-FIFO (Yang, Zhang, Qiu, Yue, Vinayak: *FIFO queues are all you need for cache
//! eviction*, SOSP 2023). New entries enter a small queue, a tenth of the shard; those asked for again before they reach
//! its end go on to the main queue, the others leave, and only a fingerprint of their hash stays for as long as the
//! main queue is deep. An entry that comes back in that time enters the main queue at once. A hit only raises a
//! two-bit count; the main queue gives an entry one more round for each. A scan, whose keys come once, passes
//! through the small queue and leaves the main one as it was.
//!
//! An entry past its time to live goes before any that is alive.

mod builder;
#[allow(clippy::module_inception)] // The module is named after its main type.
mod cache;
mod expiry;
mod fifo;
mod flights;
mod ghost;
mod held;
mod landing;
mod load;
mod load_error;
mod lru;
mod node;
mod shard;
mod slab;
mod stats;
#[cfg(test)]
mod validate;
mod waits;

pub use builder::Builder;
pub use cache::Cache;
pub use hashbrown::Equivalent;
pub use load_error::LoadError;
pub use lru::Lru;
pub use stats::Stats;

#[cfg(test)]
mod tests;
