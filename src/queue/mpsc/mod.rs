//! A [`Bounded`](super::Bounded) with a single consumer: popping takes no atomic read-modify-write.
//!
//! [`ring`] makes the two ends. Producers are cloned; the consumer can be sent to another thread but neither cloned nor
//! shared, so that one thread pops is in the types. The ring, its answers and its bulk calls are those of
//! [`Bounded`](super::Bounded); a claim of the consumer is a plain store. There is no `force_push`, which would claim at
//! the consumer's end.

mod consumer;
mod producer;

pub use consumer::Consumer;
pub use producer::Producer;

use super::ring::Ring;
use crate::primitive::Arc;

/// Makes a ring of `capacity` slots and hands out a producer, to be cloned, and the consumer. All of its memory is
/// allocated here.
///
/// ```
/// use bedplate::queue::{PopError, mpsc};
///
/// let (producer, consumer) = mpsc::ring(64);
/// std::thread::scope(|s| {
///     for part in 0..4 {
///         let producer = producer.clone();
///         s.spawn(move || (0..10).for_each(|n| producer.try_push(part * 10 + n).unwrap()));
///     }
/// });
/// drop(producer); // The last one closes the ring.
/// let mut all = Vec::new();
/// assert_eq!(consumer.try_pop_bulk(&mut all, 64), 40);
/// assert_eq!(consumer.try_pop(), Err(PopError::Closed));
/// ```
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
#[must_use]
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    assert!(capacity > 0, "mpsc::ring: the capacity must be at least 1");
    let ring = Arc::new(Ring::new(capacity));
    (Producer::new(Arc::clone(&ring)), Consumer::new(ring))
}
