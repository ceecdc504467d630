//! Senders and receivers that wait: a bounded queue with deadlines and a close that loses nothing.
//!
//! A channel is a [`queue`](crate::queue) and two event counts. [`bounded`] stands on a ring, [`segmented`] on memory
//! that follows the content, [`spsc`] on the ring for one sender and one receiver; all three give a [`Sender`] and a
//! [`Receiver`] with the same methods.
//!
//! Each waiting operation comes as `try_x` (does not wait), `x_timeout` and `x_deadline` (waits so long), and `x`
//! (waits until it is done or the channel is closed). An operation that waits tries for a moment first where the
//! machine has more than one CPU, and then parks its thread; a parked thread costs nothing until it is woken. An item
//! that could not be sent comes back inside the error.
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
//! There is no select over several channels, no rendezvous channel of capacity zero and no unbounded one:
//! [`crossbeam-channel`](https://docs.rs/crossbeam-channel) has them.
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

mod builder;
mod iter;
mod receiver;
mod recv_error;
mod send_error;
mod sender;
mod shared;
mod stats;
mod waiters;

pub use builder::{Builder, bounded, builder, segmented, spsc};
pub use iter::{Iter, TryIter};
pub use receiver::{Receiver, SegmentedReceiver, SpscReceiver};
pub use recv_error::{RecvError, RecvTimeoutError, TryRecvError};
pub use send_error::{SendError, SendTimeoutError, TrySendError};
pub use sender::{SegmentedSender, Sender, SpscSender};
pub use stats::Stats;
