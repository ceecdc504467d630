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
    let ring = Arc::new(Ring {
        head: CachePadded::new(AtomicUsize::new(0)),
        producer: CachePadded::new(ProducerLine { tail: AtomicUsize::new(0), pushing: AtomicBool::new(false) }),
        gate: CachePadded::new(AtomicU8::new(0)),
        rest: AtomicUsize::new(0),
        slots: (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect(),
    });
    (Producer::new(Arc::clone(&ring)), Consumer::new(ring))
}

/// What the two ends share. Head and tail count items since the beginning, around the word; each end keeps the index
/// of its next slot beside its count, so that the capacity may be any number.
pub(super) struct Ring<T> {
    /// Items popped. Written by the consumer.
    pub(super) head: CachePadded<AtomicUsize>,
    pub(super) producer: CachePadded<ProducerLine>,
    /// `CLOSED`, `PRODUCER_GONE`, `CONSUMER_GONE`. Written at most a few times, read with each push.
    pub(super) gate: CachePadded<AtomicU8>,
    /// The slot of the head, written by the consumer when it is dropped, for what the producer adds after that.
    pub(super) rest: AtomicUsize,
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
}

pub(super) struct ProducerLine {
    /// Items pushed. Written by the producer.
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

    /// The index after `index`.
    #[inline]
    pub(super) fn after(&self, index: usize) -> usize {
        if index + 1 == self.slots.len() { 0 } else { index + 1 }
    }

    /// Puts an item into a slot.
    ///
    /// # Safety
    ///
    /// The caller is the producer, and the slot is not from head up to tail.
    #[inline]
    pub(super) unsafe fn write(&self, index: usize, item: T) {
        // SAFETY: outside head..tail the slot is the producer's alone. What it held was moved out.
        self.slots[index].with_mut(|slot| unsafe { slot.write(MaybeUninit::new(item)) });
    }

    /// Moves the item out of a slot.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, or has the ring exclusively; the slot is from head up to tail, and is not read a
    /// second time.
    #[inline]
    pub(super) unsafe fn read(&self, index: usize) -> T {
        // SAFETY: within head..tail the slot holds an item and is the consumer's alone.
        self.slots[index].with_mut(|slot| unsafe { (*slot).assume_init_read() })
    }
}

impl<T> Drop for Ring<T> {
    /// Drops what a push that was under way while the consumer left has added.
    fn drop(&mut self) {
        // Relaxed, all: both ends are gone, and the reference count has ordered them before this.
        let tail = self.producer.tail.load(Ordering::Relaxed);
        let left = tail.wrapping_sub(self.head.load(Ordering::Relaxed));
        let mut index = self.rest.load(Ordering::Relaxed);
        // Into a vector, whose drop goes on past a panic of an item.
        let items = (0..left).map(|_| {
            // SAFETY: the ring is exclusively ours, and the index walks each slot from head up to tail once.
            let item = unsafe { self.read(index) };
            index = self.after(index);
            item
        });
        drop(items.collect::<Vec<T>>());
    }
}
