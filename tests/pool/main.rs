//! The pools, through their public API.
#![cfg(feature = "pool")]

mod arena_pool;
#[cfg(target_os = "linux")]
mod block;
#[cfg(target_os = "linux")]
mod block_bulk;
#[cfg(target_os = "linux")]
mod block_huge_tlb;
#[cfg(target_os = "linux")]
mod block_life;
#[cfg(target_os = "linux")]
mod block_model;
#[cfg(target_os = "linux")]
mod block_pool;
#[cfg(target_os = "linux")]
mod block_slabs;
#[cfg(target_os = "linux")]
mod block_zero;
mod churn;
mod hooks;
mod idle;
#[cfg(feature = "leak_sites")]
mod leak_sites;
mod magazines;
mod model;
mod object_pool;
mod ownership;
mod panics;
mod soundness;
mod waiting;
mod worker;
