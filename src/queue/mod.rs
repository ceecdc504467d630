//! Bounded queues that never wait: lock-free hand-over between threads.
//!
//! | queue | ends | memory | limit |
//! |---|---|---|---|
//! | [`Bounded`] | many to many | a ring, allocated once | exact capacity |
//! | [`Segmented`] | many to many | follows the content, in blocks | exact limit |
//! | [`spsc`] | one to one | a ring, allocated once | exact capacity |
//!
//! All of them are first in, first out, and speak one language: `try_push` gives a refused item back inside a
//! [`PushError`], `try_pop` answers with an item or a [`PopError`]. Closing refuses further pushes; what was accepted
//! before can still be popped, and only then does `try_pop` answer [`PopError::Closed`]. To wait for room or for an
//! item, put a [`channel`](https://docs.rs/bedplate/latest/bedplate/channel/) on top. [`Push`], [`Pop`] and [`Queue`]
//! are what such a layer is written against.
//!
//! # Which one
//!
//! [`spsc`] where exactly one thread pushes and one pops: no atomic read-modify-write on either side. [`Bounded`]
//! otherwise. [`Segmented`] where the limit is large and the usual fill is small, so that a ring would mostly hold
//! air.

mod bounded;
mod bulk;
mod drain;
mod iter_mut;
mod pop_error;
mod position;
mod push_error;
mod segmented;
mod source;
pub mod spsc;
mod stats;
mod traits;

pub use bounded::Bounded;
pub use drain::Drain;
pub use iter_mut::IterMut;
pub use pop_error::PopError;
pub use push_error::PushError;
pub use segmented::Segmented;
pub use source::Source;
pub use stats::Stats;
pub use traits::{Pop, Push, Queue};

#[cfg(test)]
mod tests;
