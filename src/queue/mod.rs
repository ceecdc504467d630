//! Bounded queues that never wait: lock-free hand-over between threads.
//!
//! | queue | ends | memory | limit |
//! |---|---|---|---|
//! | [`Bounded`] | many to many | a ring, allocated once | exact capacity |
//! | [`Segmented`] | many to many | follows the content, in blocks | exact limit |
//! | [`mpsc`] | many to one | the same ring | exact capacity |
//! | [`spmc`] | one to many | the same ring | exact capacity |
//! | [`spsc`] | one to one | a ring, allocated once | exact capacity |
//! | [`Overwriting`] | many to many | the ring of `Bounded` | exact capacity; the oldest goes, and is counted |
//! | [`broadcast::gated()`] | one, or several behind a lock, to all | a ring, allocated once | exact capacity; the slowest receiver gates |
//! | [`broadcast::lossy()`] | one, or several behind a lock, to all | a ring, allocated once | exact capacity; a slow receiver is told how many it lost |
//!
//! All of them are first in, first out. The first five speak one language: `try_push` gives a refused item back inside a
//! [`PushError`], `try_pop` answers with an item or a [`PopError`]. Closing refuses further pushes; what was accepted
//! before can still be popped, and only then does `try_pop` answer [`PopError::Closed`]. To wait for room or for an
//! item, put a [`channel`](https://docs.rs/bedplate/latest/bedplate/channel/) on top. [`Push`], [`Pop`] and [`Queue`]
//! are what such a layer is written against.
//!
//! # Which one
//!
//! [`spsc`] where exactly one thread pushes and one pops: no atomic read-modify-write on either side, and chunks in place.
//! [`Bounded`] otherwise; [`mpsc`] or [`spmc`] where one end is one thread's and items travel in bulk. [`Segmented`] where
//! the limit is large and the usual fill is small, so that a ring would mostly hold air. [`Overwriting`] where the newest
//! matters and nobody may be held up: telemetry. [`broadcast`] where each receiver is to see each item.
//!
//! Where items come in numbers, move them in numbers: a bulk call of 32 costs a fraction of 32 single ones, on every
//! queue but `Segmented`. The design page (`docs/queues.md`) has the reasons and what else was tried.

mod bounded;
pub mod broadcast;
mod bulk;
mod drain;
mod gate;
mod iter_mut;
pub mod mpsc;
mod overwriting;
mod overwriting_stats;
mod pop_error;
mod push_error;
mod ring;
mod segmented;
mod source;
pub mod spmc;
pub mod spsc;
mod stats;
mod traits;

pub use bounded::Bounded;
pub use drain::Drain;
pub use iter_mut::IterMut;
pub use overwriting::Overwriting;
pub use overwriting_stats::OverwritingStats;
pub use pop_error::PopError;
pub use push_error::PushError;
pub use segmented::Segmented;
pub use source::Source;
pub use stats::Stats;
pub use traits::{Pop, Push, Queue};

#[cfg(test)]
mod tests;
