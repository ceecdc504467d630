#![allow(unsafe_code)] // Slots belong to the end whose range they are in, which the compiler cannot see.

use std::mem::MaybeUninit;

use super::{Consumer, Producer};
use crate::primitive::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use crate::primitive::{Arc, UnsafeCell};
use crate::sync::CachePadded;

/// In the gate: pushes are refused.
pub(super) const CLOSED: u8 = 1;
/// In the gate: the producer was dropped.
pub(super) const PRODUCER_GONE: u8 = 2;
/// In the gate: the consumer was dropped.
pub(super) const CONSUMER_GONE: u8 = 4;

/// The place of one item.
pub(super) type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// Makes a ring of `capacity` slots and hands out its two ends. All of its memory is allocated here.
///
/// ```
/// use bedplate::queue::spsc;
///
/// let (producer, consumer) = spsc::ring(64);
/// std::thread::scope(|s| {
///     s.spawn(move || {
///         for n in 0..1_000 {
///             while producer.try_push(n).is_err() {
///                 std::thread::yield_now();
///             }
///         }
///     });
///     let mut expected = 0;
///     loop {
///         match consumer.try_pop() {
///             Ok(n) => {
///                 assert_eq!(n, expected);
///                 expected += 1;
///             }
///             Err(e) if e.is_closed() => break,
///             Err(_) => std::thread::yield_now(),
///         }
///     }
///     assert_eq!(expected, 1_000);
/// });
/// ```
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
#[must_use]
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    assert!(capacity > 0, "spsc::ring: the capacity must be at least 1");
    // Two laps and a chunk must fit a word. Only slots without a size could be more.
    assert!(capacity <= usize::MAX / 4, "spsc::ring: the capacity is past the address space");
    let ring = Arc::new(Ring {
        head: CachePadded::new(AtomicUsize::new(0)),
        producer: CachePadded::new(ProducerLine { tail: AtomicUsize::new(0), pushing: AtomicBool::new(false) }),
        gate: CachePadded::new(AtomicU8::new(0)),
        slots: (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect(),
    });
    (Producer::new(Arc::clone(&ring)), Consumer::new(ring))
}

/// What the two ends share.
///
/// Head and tail are *positions*: they go round two laps of the slots, from 0 to twice the capacity, and begin again.
/// One word so tells the slot, and a full ring from an empty one, for any capacity and without a division. Rejected
/// without a measurement: a count beside an index, one more word to write for each item; a mask, which needs a power of
/// two of slots.
pub(super) struct Ring<T> {
    /// The position of the oldest item. Written by the consumer.
    pub(super) head: CachePadded<AtomicUsize>,
    pub(super) producer: CachePadded<ProducerLine>,
    /// `CLOSED`, `PRODUCER_GONE`, `CONSUMER_GONE`. Written at most a few times, read with each push.
    pub(super) gate: CachePadded<AtomicU8>,
    slots: Box<[Slot<T>]>,
}

pub(super) struct ProducerLine {
    /// The position of the next item. Written by the producer.
    pub(super) tail: AtomicUsize,
    /// An announced push is at work. Written by the producer.
    pub(super) pushing: AtomicBool,
}

// SAFETY: a slot from head up to tail is touched by the consumer only, any other by the producer only. The Release
// stores of tail and head, with the Acquire loads on the other side, hand a slot over after its last use. There is one
// producer and one consumer, neither is `Sync`. An item moves from one thread to the other: `T: Send`.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Where positions begin again at 0.
    #[inline]
    pub(super) fn round(&self) -> usize {
        2 * self.capacity()
    }

    /// The position of the same slot in the other lap.
    #[inline]
    pub(super) fn opposite(&self, position: usize) -> usize {
        if position < self.capacity() { position + self.capacity() } else { position - self.capacity() }
    }

    /// How far it is from one position on to another.
    #[inline]
    pub(super) fn distance(&self, from: usize, to: usize) -> usize {
        if from <= to { to - from } else { self.round() - from + to }
    }

    /// All the positions up to this one, with those of the rounds before.
    pub(super) fn total(&self, rounds: u64, position: usize) -> u64 {
        rounds * self.round() as u64 + position as u64
    }

    #[inline]
    fn index(&self, position: usize) -> usize {
        if position < self.capacity() { position } else { position - self.capacity() }
    }

    /// The slot of a position.
    #[inline]
    pub(super) fn slot(&self, position: usize) -> &Slot<T> {
        let index = self.index(position);
        debug_assert!(index < self.capacity());
        // SAFETY: a position is less than twice the capacity, so its index is less than the capacity. The two ends
        // see to that in `publish` and `advance`.
        unsafe { self.slots.get_unchecked(index) }
    }

    /// The `n` slots from a position on, up to the end of the ring and from its beginning; `n` is at most the capacity.
    #[inline]
    pub(super) fn slots(&self, position: usize, n: usize) -> (&[Slot<T>], &[Slot<T>]) {
        let index = self.index(position);
        debug_assert!(index < self.capacity() && n <= self.capacity());
        // SAFETY: the index of a position is less than the capacity, see `slot`.
        let (before, from) = unsafe { self.slots.split_at_unchecked(index) };
        let first = n.min(from.len());
        // SAFETY: `first` is at most the length of `from`. What n is more than that is at most the length of `before`,
        // since n is at most that of both: both callers got it from `distance`, or counted items of such a range.
        unsafe { (from.get_unchecked(..first), before.get_unchecked(..n - first)) }
    }
}

impl<T> Drop for Ring<T> {
    /// Drops what a push that was under way while the consumer left has added.
    fn drop(&mut self) {
        // Relaxed, both: both ends are gone, and the reference count has ordered them before this.
        let (head, tail) = (self.head.load(Ordering::Relaxed), self.producer.tail.load(Ordering::Relaxed));
        let (first, second) = self.slots(head, self.distance(head, tail));
        // SAFETY: the ring is exclusively ours, and each slot from head up to tail holds an item and is read once.
        let items = first.iter().chain(second).map(|slot| slot.with_mut(|slot| unsafe { (*slot).assume_init_read() }));
        // Into a vector, whose drop goes on past a panic of an item.
        drop(items.collect::<Vec<T>>());
    }
}

/// The items of slots, in place.
///
/// loom sees an access end when a closure does, so there it is not.
#[cfg(not(bedplate_loom))]
pub(super) fn as_ptr<T>(slots: &[Slot<T>]) -> *mut [MaybeUninit<T>] {
    // A `Slot<T>` is a transparent wrapper of `MaybeUninit<T>` that may be written to behind a shared reference.
    std::ptr::from_ref(slots) as *mut [MaybeUninit<T>]
}
