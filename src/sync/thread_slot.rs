//! Dense small thread ids, reused after a thread ends, by which per-thread shards are chosen.

pub(crate) use imp::{known_thread_slot, thread_slot};

#[cfg(not(any(bedplate_loom, bedplate_shuttle)))]
mod imp {
    use std::cell::Cell;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use parking_lot::Mutex;

    /// No slot yet, or no more: the thread is past the destruction of its thread-locals.
    const NONE: u32 = u32::MAX;

    static SLOTS: Mutex<Slots> = Mutex::new(Slots { next: 0, free: BinaryHeap::new() });

    struct Slots {
        next: u32,
        free: BinaryHeap<Reverse<u32>>,
    }

    thread_local! {
        /// Const-initialised and without `Drop`: reading it is a bare TLS access.
        static SLOT: Cell<u32> = const { Cell::new(NONE) };
        /// Gives the slot back when the thread ends. Registered on the slow path only.
        static SENTINEL: Sentinel = const { Sentinel };
    }

    struct Sentinel;

    impl Drop for Sentinel {
        fn drop(&mut self) {
            let slot = SLOT.replace(NONE);
            if slot != NONE {
                SLOTS.lock().free.push(Reverse(slot));
            }
        }
    }

    /// The calling thread's slot: the smallest id that no living thread holds, or `None` in thread-local destructors.
    #[inline]
    pub(crate) fn thread_slot() -> Option<usize> {
        known_thread_slot().or_else(claim)
    }

    /// As [`thread_slot`], but `None` where the thread has none yet. It calls nothing.
    #[inline]
    pub(crate) fn known_thread_slot() -> Option<usize> {
        let slot = SLOT.get();
        (slot != NONE).then_some(slot as usize)
    }

    #[cold]
    fn claim() -> Option<usize> {
        // After its destruction the sentinel could not give the slot back: then there is none.
        SENTINEL.try_with(|_| ()).ok()?;
        let mut slots = SLOTS.lock();
        let slot = match slots.free.pop() {
            Some(Reverse(slot)) => slot,
            None => {
                slots.next += 1;
                slots.next - 1
            }
        };
        SLOT.set(slot);
        Some(slot as usize)
    }
}

/// Model checkers run many threads on one: each of theirs gets a slot of its own, in the order in which they ask, and
/// none comes back.
#[cfg(any(bedplate_loom, bedplate_shuttle))]
mod imp {
    use crate::primitive::atomic::{AtomicUsize, Ordering};
    use crate::primitive::{lazy_static, thread_local};
    use std::cell::Cell;

    lazy_static! {
        static ref NEXT: AtomicUsize = AtomicUsize::new(0);
    }

    thread_local! {
        static SLOT: Cell<Option<usize>> = Cell::new(None);
    }

    pub(crate) fn known_thread_slot() -> Option<usize> {
        SLOT.try_with(Cell::get).ok().flatten()
    }

    pub(crate) fn thread_slot() -> Option<usize> {
        known_thread_slot().or_else(|| {
            let slot = NEXT.fetch_add(1, Ordering::Relaxed);
            SLOT.try_with(|own| own.set(Some(slot))).ok()?;
            Some(slot)
        })
    }
}
