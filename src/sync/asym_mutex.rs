#![allow(unsafe_code)] // A lock hands out what its cell holds.

use std::fmt;
use std::time::Duration;

use super::{EventCount, fence};
use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::primitive::{UnsafeCell, spin_loop, thread};
use crate::time::{Clock, Deadline};

/// A lock for sections of a few instructions that is taken all the time: locking is one read-modify-write, unlocking a
/// plain store.
///
/// Other locks unlock by a read-modify-write because they must learn whether somebody sleeps. Here who is about to
/// sleep says so and then passes the heavy fence, so that a plain load after the store will do; where there are no
/// asymmetric fences, unlocking passes a full one. Who finds it locked spins, then yields, then sleeps; it is not fair,
/// and who has it must not call anything that may take it. A longer section is only slower for those who wait.
///
/// A push into a vector of 256 `u64` that another thread empties, ns an item, with 1, 2 and 4 producers and the consumer
/// on two CPUs: this one 9.0, 8.6, 10.7; parking_lot 19.2, 21.9, 23.3; std 19.0, 97, 100; crossbeam's channel 19.8, 23.2,
/// 24.4 (2026-11-22, prototypes, medians of 7 in turn, CPUs shared with builds).
pub(crate) struct AsymMutex<T> {
    locked: AtomicBool,
    /// Whether light fences will do.
    light: bool,
    value: UnsafeCell<T>,
    sleepers: EventCount,
}

// SAFETY: the value is reached through `with` alone, by one thread at a time, each of which sees what the one before
// did.
unsafe impl<T: Send> Send for AsymMutex<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for AsymMutex<T> {}

impl<T> AsymMutex<T> {
    /// Hints before the second try, doubled before each of the next up to the most: a section takes some 10 ns, but who
    /// has the lock is likely to want it again at once, and is faster alone. 32, 128 and 512 to begin with made no
    /// difference; with one hint between tries, as `Patience` has it, the row `push 2p` of `peers` took 41 to 61 ns where it
    /// takes 16, and `push 4p` 63 to 68 where it takes 17 (2026-11-22).
    const FIRST_HINTS: u32 = 32;
    const MOST_HINTS: u32 = 512;
    /// Tries before the thread yields between them, and before it sleeps. Under loom it sleeps at once.
    const SPINS: u32 = if cfg!(bedplate_loom) { 0 } else { 5 };
    const YIELDS: u32 = if cfg!(bedplate_loom) { 0 } else { 12 };
    /// How long it sleeps at most where the kernel has come to refuse its part of the fence.
    const WITHOUT_FENCE: Duration = Duration::from_millis(1);

    pub(crate) fn new(value: T) -> Self {
        Self {
            locked: AtomicBool::new(false),
            light: fence::prepare(),
            value: UnsafeCell::new(value),
            sleepers: EventCount::new(),
        }
    }

    /// Runs `f` with the value, and nobody else's beside it.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        if !self.lock() {
            self.lock_slow();
        }
        let _unlock = Unlock(self);
        // SAFETY: the lock is this thread's until `_unlock` is dropped, so the reference is the only one.
        self.value.with_mut(|value| f(unsafe { &mut *value }))
    }

    /// Takes the lock, and tells whether it could.
    #[inline]
    fn lock(&self) -> bool {
        // Acquire pairs with the Release in `Unlock::drop` (edge "asym lock"): what those before did to the value.
        // Relaxed: nothing is done where it is locked. A swap, which would store there too, costs the same, and loom
        // takes its store for one that may come after the next unlock's.
        self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn try_lock(&self) -> bool {
        // Relaxed: a look that spares the line of who has it.
        !self.locked.load(Ordering::Relaxed) && self.lock()
    }

    #[cold]
    fn lock_slow(&self) {
        loop {
            let mut hints = Self::FIRST_HINTS;
            for turn in 0..Self::YIELDS {
                (0..hints).for_each(|_| spin_loop());
                hints = (hints * 2).min(Self::MOST_HINTS);
                if turn >= Self::SPINS {
                    thread::yield_now();
                }
                if self.try_lock() {
                    return;
                }
            }
            let listener = self.sleepers.listen();
            // Pairs with the light fence in `Unlock::drop` (edge "asym sleep"): of "listener linked, then locked read"
            // here and "unlocked, then listeners read" there, at least one side sees the other's write.
            let fenced = fence::heavy();
            if self.try_lock() {
                return;
            }
            if fenced {
                listener.wait();
            } else {
                let clock = Clock::Monotonic;
                listener.wait_until(&clock, Deadline::after(&clock, Self::WITHOUT_FENCE));
            }
        }
    }
}

/// Unlocks, also where the section panics.
struct Unlock<'a, T>(&'a AsymMutex<T>);

impl<T> Drop for Unlock<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // Release pairs with the Acquire in `lock` (edge "asym lock").
        self.0.locked.store(false, Ordering::Release);
        // Pairs with the heavy fence in `lock_slow` (edge "asym sleep").
        fence::light_or_full(self.0.light);
        self.0.sleepers.notify_fenced(1);
    }
}

impl<T> fmt::Debug for AsymMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a figure.
        f.debug_struct("AsymMutex").field("locked", &self.locked.load(Ordering::Relaxed)).finish_non_exhaustive()
    }
}
