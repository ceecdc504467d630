//! Senders and receivers that wait: a bounded queue with deadlines and a close that loses nothing.
//!
//! A channel is a [`queue`](crate::queue) and two event counts. [`bounded`] stands on a ring, [`segmented`] on memory
//! that follows the content, [`spsc`] on the ring for one sender and one receiver, [`mpsc`] and [`spmc`] on those with one
//! end for one thread; all give a [`Sender`] and a [`Receiver`] with the same methods.
//!
//! Each waiting operation comes as `try_x` (does not wait), `x_timeout` and `x_deadline` (waits so long), and `x`
//! (waits until it is done or the channel is closed). An item that could not be sent comes back inside the error.
//!
//! # Waiting
//!
//! [`Wait`] says how: by default a thread spins for at most 2 microseconds, and not at all where it has one CPU only;
//! gives up its time slice for at most 25; and then parks. A parked thread costs nothing until it is woken. While nobody
//! is parked, a send or a receive pays one load to know it.
//!
//! A wake-up costs who gives it several microseconds, so there is one in flight at a time for each side: a batch of
//! items wakes one receiver, and that one, once it has taken its own, wakes the next if there are items left.
//! [`Stats`] counts parks and wake-ups.
//!
//! A thread that waits for more than this channel, in an event loop of its own, is told by a closure:
//! [`Builder::on_readable`], [`Receiver::arm`], and the same of the sender.
//!
//! # Closing
//!
//! A channel closes with [`Sender::close`], [`Receiver::close`], or when the last of its senders or the last of its
//! receivers is dropped. From then on every send is refused and gives its item back, and everybody who waits is woken.
//! Items already accepted are still received, all of them; after the last one, receiving answers `Closed`. Where the
//! last receiver is gone, what is left inside is dropped.
//!
//! # Beyond this
//!
//! There is no select over several channels (but see [`Receiver::arm`]), no rendezvous channel of capacity zero and no
//! unbounded one: [`crossbeam-channel`](https://docs.rs/crossbeam-channel) has them.
//!
//! ```
//! use bedplate::channel;
//!
//! let (tx, rx) = channel::bounded(16);
//! let sum: u64 = std::thread::scope(|s| {
//!     for worker in 0..4 {
//!         let tx = tx.clone();
//!         s.spawn(move || (0..100).for_each(|n| tx.send(worker * 100 + n).unwrap()));
//!     }
//!     drop(tx); // The workers' clones are the last senders: the loop below ends with them.
//!     rx.iter().sum()
//! });
//! assert_eq!(sum, (0..400).sum());
//! ```

mod backoff;
mod builder;
mod hook;
mod iter;
mod ready;
mod receiver;
mod recv_error;
mod send_error;
mod sender;
mod shared;
mod stalls;
mod stats;
mod wait;
mod waiters;

pub use builder::{Builder, bounded, builder, mpsc, segmented, spmc, spsc};
pub use iter::{IntoIter, Iter, TryIter};
pub use ready::Ready;
pub use receiver::{MpscReceiver, Receiver, SegmentedReceiver, SpmcReceiver, SpscReceiver};
pub use recv_error::{RecvError, RecvTimeoutError, TryRecvError};
pub use send_error::{SendError, SendTimeoutError, TrySendError};
pub use sender::{MpscSender, SegmentedSender, Sender, SpmcSender, SpscSender};
pub use stats::Stats;
pub use wait::Wait;

#[cfg(test)]
mod tests;
