//! One sender's items to every receiver: each receiver sees each of them, at its own pace.
//!
//! | kind | a slow receiver | items | receivers |
//! |---|---|---|---|
//! | [`gated()`] | makes the sender wait: `try_push` answers `Full` | any `Send + Sync`; read in place, or cloned | are counted by the sender |
//! | [`lossy()`] | loses the oldest and is told how many | plain bytes ([`lossy::Plain`]), copied out | unknown to the sender |
//!
//! Both have one sender; [`gated::Sender::into_shared`] and [`lossy::Sender::into_shared`] put it behind a lock, for
//! several threads that push. Receivers come and go at any time: `subscribe` begins with the next item, `clone` stands
//! where its original stands, and dropping one is leaving. No operation waits for another thread, but where its doc
//! says so.
//!
//! Closing is the sender's: [`close`](gated::Sender::close), or dropping it. One receiver among several has nothing to
//! close; it leaves. What was pushed before the close is received by all, and only then do they get
//! [`RecvError::Closed`].
//!
//! # Which one
//!
//! [`gated()`] where a lost item is an error: replication, one stream into several stages. [`lossy()`] where the newest
//! matters and the sender must not be held up: prices, sensors, progress. For items with pointers in them that may
//! be lost, push an index or an id through [`lossy()`] and look the item up.
//!
//! ```
//! use bedplate::queue::broadcast;
//! use std::thread;
//!
//! let (sender, mut first) = broadcast::gated(64);
//! let mut second = sender.subscribe();
//! thread::scope(|s| {
//!     let sum = |receiver: &mut broadcast::gated::Receiver<u64>| {
//!         let mut sum = 0;
//!         loop {
//!             match receiver.try_read_bulk(32, |n| sum += n) {
//!                 Ok(_) => {}
//!                 Err(e) if e.is_closed() => return sum,
//!                 Err(_) => thread::yield_now(),
//!             }
//!         }
//!     };
//!     let sums = [s.spawn(move || sum(&mut first)), s.spawn(move || sum(&mut second))];
//!     let mut items = (1..=1_000).collect::<Vec<u64>>().into_iter();
//!     while items.len() > 0 {
//!         if sender.try_push_bulk(&mut items) == 0 {
//!             thread::yield_now();
//!         }
//!     }
//!     drop(sender);
//!     assert_eq!(sums.map(|sum| sum.join().unwrap()), [500_500, 500_500]);
//! });
//! ```

pub mod gated;
pub mod lossy;
mod receiver_stats;
mod recv_error;
mod stats;

pub use gated::ring::gated;
pub use lossy::ring::lossy;
pub use receiver_stats::ReceiverStats;
pub use recv_error::RecvError;
pub use stats::Stats;
