#![cfg(feature = "cache")]
//! The public behaviour of `bedplate::cache`.

mod cache;
mod compute;
mod hashers;
mod idle;
mod listener;
mod load;
mod lru;
mod memo;
mod panics;
mod policies;
mod reentry;
mod refresh;
mod stampede;
mod sweep;
mod ttl;
mod weight;
