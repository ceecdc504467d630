use crate::primitive::atomic::{AtomicUsize, Ordering};

/// How many threads are at an end of a ring, and so how its positions are claimed.
pub(in crate::queue) trait Claim {
    /// Whether positions are finished in their order, each before the word moves past it: then the word tells the other
    /// end which slots are ready.
    const IN_ORDER: bool;

    /// Moves `word` from `from` to `to` before the slots in between are touched; false where it is not there any more.
    fn claim(word: &AtomicUsize, from: usize, to: usize) -> bool;

    /// Notes that the slots up to `to` are done with.
    fn done(word: &AtomicUsize, to: usize);
}

/// Any number of threads claim at this end, by compare-and-swap.
#[derive(Debug)]
pub(in crate::queue) enum Shared {}

impl Claim for Shared {
    const IN_ORDER: bool = false;

    #[inline]
    fn claim(word: &AtomicUsize, from: usize, to: usize) -> bool {
        // SeqCst pairs with the fences on the way to a refusal (edge "claim"). On failure Relaxed: the word is read again.
        word.compare_exchange_weak(from, to, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    #[inline]
    fn done(_: &AtomicUsize, _: usize) {}
}

/// One thread is at this end: it owns the slots from its word on, and moves the word past them afterwards.
#[derive(Debug)]
pub(in crate::queue) enum Single {}

impl Claim for Single {
    const IN_ORDER: bool = true;

    #[inline]
    fn claim(_: &AtomicUsize, _: usize, _: usize) -> bool {
        true
    }

    #[inline]
    fn done(word: &AtomicUsize, to: usize) {
        // Release pairs with the Acquire loads of the word (edge "word").
        word.store(to, Ordering::Release);
    }
}
