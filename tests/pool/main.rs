//! The pools, through their public API.
#![cfg(feature = "pool")]

mod arena_pool;
#[cfg(target_os = "linux")]
mod block;
#[cfg(target_os = "linux")]
mod block_pool;
mod hooks;
mod model;
mod object_pool;
mod waiting;
