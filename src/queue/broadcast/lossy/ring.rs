#![allow(unsafe_code)] // Takes items apart into words, and puts them together.

use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::ptr;

use super::{Plain, Receiver, Sender};
use crate::primitive::Arc;
use crate::primitive::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use crate::queue::broadcast::Stats;
use crate::sync::CachePadded;

/// Makes a lossy broadcast of `capacity` slots, with its sender and a first receiver. All memory is allocated here: for
/// each slot eight bytes and the item, rounded up to eight.
///
/// ```
/// use bedplate::queue::broadcast::{self, RecvError};
///
/// let (sender, mut receiver) = broadcast::lossy(2);
/// for n in 0..5 {
///     sender.push(n).unwrap();
/// }
/// assert_eq!(receiver.try_recv(), Err(RecvError::Lagged(3)));
/// assert_eq!(receiver.try_recv(), Ok(3));
/// assert_eq!(receiver.try_recv(), Ok(4));
/// assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
/// ```
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
#[must_use]
pub fn lossy<T: Plain>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "broadcast::lossy: the capacity must be at least 1");
    let len = capacity.checked_mul(Ring::<T>::SLOT).expect("broadcast::lossy: the slots do not fit the address space");
    let ring = Arc::new(Ring {
        tail: CachePadded::new(AtomicU64::new(0)),
        closed: AtomicBool::new(false),
        capacity,
        words: (0..len).map(|_| AtomicU64::new(Mark::NEVER.0)).collect(),
        items: PhantomData,
    });
    let receiver = Receiver::subscribe_to(&ring);
    (Sender::new(ring), receiver)
}

/// What a slot holds, in a word: that of a later position is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(u64);

impl Mark {
    /// Nothing was ever written.
    const NEVER: Self = Self(0);

    /// The item of position `at` is being written. What the slot held before may be torn.
    const fn writing(at: u64) -> Self {
        Self(2 * at + 1)
    }

    /// The slot holds the item of position `at`.
    const fn holds(at: u64) -> Self {
        Self(2 * at + 2)
    }

    /// The position being written, or held. Not of `NEVER`.
    const fn position(self) -> u64 {
        (self.0 - 1) / 2
    }
}

/// What a receiver finds in the slot of its next position.
pub(super) enum Found<T> {
    Item(T),
    /// The item has not been written yet.
    NotYet,
    /// It is overwritten, or being overwritten, by that of this later position.
    Overwritten(u64),
}

/// What the handles share. Positions count items since the beginning; a slot is the position modulo the capacity.
pub(super) struct Ring<T> {
    /// Items pushed. Written by the sender.
    pub(super) tail: CachePadded<AtomicU64>,
    /// Written once, by the sender.
    pub(super) closed: AtomicBool,
    pub(super) capacity: usize,
    /// For each slot a mark, and the words of the item. Written by the sender.
    words: Box<[AtomicU64]>,
    /// Items are copied in and out, on any thread: `Plain` is `Send`. None is ever lent.
    items: PhantomData<fn(T) -> T>,
}

impl<T: Plain> Ring<T> {
    /// Words of a slot.
    const SLOT: usize = 1 + mem::size_of::<T>().div_ceil(WORD);

    /// The mark and the words of a slot.
    #[inline]
    fn slot(&self, index: usize) -> (&AtomicU64, &[AtomicU64]) {
        let slot = &self.words[index * Self::SLOT..][..Self::SLOT];
        (&slot[0], &slot[1..])
    }

    /// The index after `index`.
    #[inline]
    pub(super) fn after(&self, index: usize) -> usize {
        if index + 1 == self.capacity { 0 } else { index + 1 }
    }

    #[inline]
    pub(super) fn index_of(&self, at: u64) -> usize {
        (at % self.capacity as u64) as usize
    }

    pub(super) fn is_closed(&self) -> bool {
        // Acquire pairs with the Release in `Sender::close` (edge "close"): every mark is seen.
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn stats(&self) -> Stats {
        // Relaxed: a figure that orders nothing.
        let pushed = self.tail.load(Ordering::Relaxed);
        let len = pushed.min(self.capacity as u64) as usize;
        Stats { capacity: self.capacity, len, pushed, closed: self.is_closed() }
    }

    /// Writes the item of position `at`, whose slot is `index`. Called by one thread at a time.
    #[inline]
    pub(super) fn write(&self, at: u64, index: usize, item: &T) {
        let (mark, words) = self.slot(index);
        // Relaxed: the fence keeps it before the words.
        mark.store(Mark::writing(at).0, Ordering::Relaxed);
        // Pairs with the fence in `read` (edge "tear"): who reads one of the words below, reads this mark or a later one
        // behind its fence.
        fence(Ordering::Release);
        let bytes = ptr::from_ref(item).cast::<u8>();
        for (n, word) in words.iter().enumerate() {
            let mut buffer = [0; WORD];
            // SAFETY: within the item, whose bytes are all initialised (`Plain`), and within the buffer.
            unsafe { ptr::copy_nonoverlapping(bytes.add(n * WORD), buffer.as_mut_ptr(), bytes_of::<T>(n)) };
            // Relaxed: ordered by the mark that follows.
            word.store(u64::from_ne_bytes(buffer), Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `read` (edge "publish"): who sees the mark sees the words.
        mark.store(Mark::holds(at).0, Ordering::Release);
    }

    /// Copies the item of position `at`, whose slot is `index`.
    #[inline]
    pub(super) fn read(&self, at: u64, index: usize) -> Found<T> {
        let (mark, words) = self.slot(index);
        // Acquire pairs with the Release in `write` (edge "publish").
        let before = Mark(mark.load(Ordering::Acquire));
        if before < Mark::holds(at) {
            return Found::NotYet;
        }
        if before > Mark::holds(at) {
            return Found::Overwritten(before.position());
        }
        let mut item = MaybeUninit::<T>::uninit();
        let bytes = item.as_mut_ptr().cast::<u8>();
        for (n, word) in words.iter().enumerate() {
            // Relaxed: the fence keeps it before the second look at the mark.
            let buffer = word.load(Ordering::Relaxed).to_ne_bytes();
            // SAFETY: within the item and within the buffer.
            unsafe { ptr::copy_nonoverlapping(buffer.as_ptr(), bytes.add(n * WORD), bytes_of::<T>(n)) };
        }
        // Pairs with the fence in `write` (edge "tear").
        fence(Ordering::Acquire);
        let after = Mark(mark.load(Ordering::Relaxed));
        if after != before {
            return Found::Overwritten(after.position());
        }
        // SAFETY: the slot held the item before and after its words were copied, so they are the bytes of a `T`.
        Found::Item(unsafe { item.assume_init() })
    }
}

/// Bytes in a word.
const WORD: usize = mem::size_of::<u64>();

/// Bytes of a `T` in its n-th word: the last may be cut short.
#[inline]
const fn bytes_of<T>(n: usize) -> usize {
    let left = mem::size_of::<T>() - n * WORD;
    if left < WORD { left } else { WORD }
}
