//! A [`Bounded`](super::Bounded) with a single producer: pushing takes no atomic read-modify-write.
//!
//! [`ring`] makes the two ends. Consumers are cloned; the producer can be sent to another thread but neither cloned nor
//! shared, so that one thread pushes is in the types. The ring, its answers and its bulk calls are those of
//! [`Bounded`](super::Bounded); a claim of the producer is a plain store. There is no `force_push`, which would claim at
//! the consumers' end.

mod consumer;
mod producer;
mod shared;

pub use consumer::Consumer;
pub use producer::Producer;

use crate::primitive::Arc;
use shared::Shared;

/// Makes a ring of `capacity` slots and hands out the producer and a consumer, to be cloned. All of its memory is
/// allocated here.
///
/// ```
/// use bedplate::queue::spmc;
///
/// let (producer, consumer) = spmc::ring(64);
/// producer.try_push_bulk(&mut (0..40).collect::<Vec<_>>());
/// drop(producer); // Closes the ring.
/// let sum: i32 = std::thread::scope(|s| {
///     let workers: Vec<_> = (0..4)
///         .map(|_| {
///             let consumer = consumer.clone();
///             s.spawn(move || std::iter::from_fn(|| consumer.try_pop().ok()).sum::<i32>())
///         })
///         .collect();
///     workers.into_iter().map(|worker| worker.join().unwrap()).sum()
/// });
/// let rest: i32 = std::iter::from_fn(|| consumer.try_pop().ok()).sum();
/// assert_eq!(sum + rest, (0..40).sum());
/// ```
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
#[must_use]
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    assert!(capacity > 0, "spmc::ring: the capacity must be at least 1");
    let shared = Arc::new(Shared::new(capacity));
    (Producer::new(Arc::clone(&shared)), Consumer::new(shared))
}
