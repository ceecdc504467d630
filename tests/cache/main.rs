#![cfg(feature = "cache")]
//! The public behaviour of `bedplate::cache`.

mod cache;
mod load;
mod lru;
mod panics;
mod reentry;
mod ttl;
