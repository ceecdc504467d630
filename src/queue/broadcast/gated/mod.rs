//! A lossless broadcast: the slowest receiver gates the sender. Made by [`broadcast::gated`](super::gated()).
//!
//! The sender writes each item once, into a ring, and stores how many it has written; each receiver reads the items in
//! place and stores how many it has seen. The sender keeps the least of these as it last saw them and looks again only
//! when the ring seems full. So neither side has an atomic read-modify-write, and a batch costs one store. After the
//! Disruptor of LMAX (Thompson, Farley, Barker, Gee, Stewart, 2011) with its sequence barriers and gating sequences.
//!
//! An item stays in the ring after all have seen it, until its slot is taken again, [`Sender::reclaim`] takes it out,
//! or the last handle goes: then it is dropped, once, by the thread that does that.

mod read_guard;
mod receiver;
pub(super) mod ring;
mod sender;
mod shared_sender;

pub use read_guard::ReadGuard;
pub use receiver::Receiver;
pub use sender::Sender;
pub use shared_sender::SharedSender;
