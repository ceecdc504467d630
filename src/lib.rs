// The README is the front page where all that its example uses is there.
#![cfg_attr(all(feature = "default", target_os = "linux"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "default", target_os = "linux")),
    doc = "Performance primitives for storage engines, stream pipelines and agents."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs, missing_debug_implementations)]

mod primitive;
#[cfg(any(feature = "time", feature = "topo", feature = "mem", feature = "io"))]
mod sys;

#[cfg(feature = "batch")]
pub mod batch;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "channel")]
pub mod channel;
#[cfg(all(feature = "io", target_os = "linux"))]
pub mod io;
#[cfg(all(feature = "mem", target_os = "linux"))]
pub mod mem;
#[cfg(feature = "pool")]
pub mod pool;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "stats")]
pub mod stats;
#[cfg(feature = "sync")]
pub mod sync;
#[cfg(feature = "time")]
pub mod time;
#[cfg(all(feature = "topo", target_os = "linux"))]
pub mod topo;

#[cfg(all(feature = "default", target_os = "linux", any(doc, doctest)))]
pub mod docs;

#[cfg(any(feature = "topo", feature = "mem", feature = "io"))]
pub use sys::Demand;
