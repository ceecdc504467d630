use std::fmt;

use crossbeam::utils::CachePadded;

use super::Listener;
use super::list::{Interest, List};
use super::waiter::{self, Waiter, Word};
use crate::primitive::atomic::{AtomicUsize, Ordering, fence};
use crate::primitive::{Arc, Mutex, fence_under_loom};

/// Lets threads sleep until a condition over other atomics may have changed.
///
/// The waiter calls [`listen`](Self::listen), looks at its condition once more, and sleeps on the [`Listener`] only if
/// it still does not hold. The other side changes the condition and then calls [`notify`](Self::notify). No wake-up is
/// lost: either the waiter sees the change, or the notifier sees the waiter.
///
/// `notify` costs a fence and a load while nobody listens, and never blocks then; with listeners it takes a lock for
/// as long as it takes to unlink them. [`notify_relaxed`](Self::notify_relaxed) does without the fence, where the
/// change itself can stand in for it. Listeners are woken first come, first served. To listen allocates nothing, but
/// for the first time in a thread and where a thread listens to several at once. After the event counts of Vyukov and
/// folly (`folly/synchronization/EventCount.h`).
///
/// ```
/// use bedplate::sync::EventCount;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// static READY: AtomicBool = AtomicBool::new(false);
/// let event = EventCount::new();
/// std::thread::scope(|s| {
///     s.spawn(|| {
///         while !READY.load(Ordering::Acquire) {
///             let listener = event.listen();
///             if READY.load(Ordering::Acquire) {
///                 break;
///             }
///             listener.wait();
///         }
///     });
///     READY.store(true, Ordering::Release);
///     event.notify_all();
/// });
/// ```
pub struct EventCount {
    /// What a notifier has to know: see [`Interest`]. Written under the lock, read by every notifier.
    pub(super) interest: CachePadded<AtomicUsize>,
    list: Mutex<List>,
}

impl Default for EventCount {
    fn default() -> Self {
        Self::new()
    }
}

impl EventCount {
    /// An event count that nobody listens to.
    #[must_use]
    pub fn new() -> Self {
        Self { interest: CachePadded::new(AtomicUsize::new(0)), list: Mutex::new(List::default()) }
    }

    /// Announces that the calling thread is about to wait. Look at the condition again after this.
    pub fn listen(&self) -> Listener<'_> {
        let waiter = waiter::take();
        self.change(|list| list.listeners.push_back(Arc::clone(&waiter)));
        // Pairs with the fence in `notify`, or with the two in `notify_relaxed` that stand for it (edge "listen"): of
        // "listener linked, then condition read" here and "condition written, then interest read" there, at least one
        // side sees the other's write.
        fence(Ordering::SeqCst);
        Listener::new(self, waiter)
    }

    /// Wakes up to `n` listeners. Change the condition before this.
    #[inline]
    pub fn notify(&self, n: usize) {
        // Pairs with the fence in `listen` (edge "listen").
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence.
        if Interest(self.interest.load(Ordering::Relaxed)).listeners() != 0 {
            self.notify_slow(n);
        }
    }

    /// Wakes up to `n` listeners, without the fence of [`notify`](Self::notify): one load while nobody listens.
    ///
    /// Loses no wake-up where the condition was changed by a read-modify-write with `SeqCst`, earlier in this thread,
    /// and that is the change a listener looks for. On x86 this saves a locked operation.
    ///
    /// ```
    /// use bedplate::sync::EventCount;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// static PERMITS: AtomicUsize = AtomicUsize::new(0);
    /// let event = EventCount::new();
    /// let take = || PERMITS.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
    /// std::thread::scope(|s| {
    ///     s.spawn(|| {
    ///         while !take() {
    ///             let listener = event.listen();
    ///             if take() {
    ///                 break;
    ///             }
    ///             listener.wait();
    ///         }
    ///     });
    ///     PERMITS.fetch_add(1, Ordering::SeqCst);
    ///     event.notify_relaxed(1);
    /// });
    /// assert_eq!(PERMITS.load(Ordering::SeqCst), 0);
    /// ```
    #[inline]
    pub fn notify_relaxed(&self, n: usize) {
        if self.interest_after_rmw().listeners() != 0 {
            self.notify_slow(n);
        }
    }

    /// Wakes up to `n` listeners, by a thread that has passed a fence since it changed the condition: a light one where
    /// each listener passes a heavy one between [`listen`](Self::listen) and its look.
    #[cfg(feature = "batch")]
    #[inline]
    pub(crate) fn notify_fenced(&self, n: usize) {
        // Relaxed: ordered by the caller's fence.
        if Interest(self.interest.load(Ordering::Relaxed)).listeners() != 0 {
            self.notify_slow(n);
        }
    }

    /// Wakes every listener. Change the condition before this.
    #[inline]
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    /// The interest, by a thread that has changed the condition by a SeqCst read-modify-write.
    #[inline]
    pub(super) fn interest_after_rmw(&self) -> Interest {
        fence_under_loom();
        // SeqCst, together with the read-modify-write before, pairs with the fence in `listen` and the one in
        // `put_down` (edge "listen").
        Interest(self.interest.load(Ordering::SeqCst))
    }

    #[cold]
    fn notify_slow(&self, n: usize) {
        // The first apart, so that one, which is the usual number, allocates nothing.
        let (first, rest) = self.change(|list| {
            let first = list.take(Word::Notified);
            let rest: Vec<_> = (1..n).map_while(|_| list.take(Word::Notified)).collect();
            (first, rest)
        });
        first.into_iter().chain(rest).for_each(|waiter| waiter.wake());
    }

    /// Unlinks `waiter`; otherwise a notification has already taken it, and it has been told.
    pub(super) fn unlink(&self, waiter: &Arc<Waiter>) {
        self.change(|list| {
            if let Some(at) = list.listeners.iter().position(|w| Arc::ptr_eq(w, waiter)) {
                list.listeners.remove(at);
            }
        });
    }

    /// Changes the list, and says in `interest` what has become of it.
    pub(super) fn change<R>(&self, f: impl FnOnce(&mut List) -> R) -> R {
        let mut list = self.list.lock();
        let result = f(&mut list);
        // Relaxed: of the writers one has the lock at a time; against a notifier's load it is ordered by the fence of
        // whoever listens, puts the baton down or arms.
        self.interest.store(list.interest().0, Ordering::Relaxed);
        result
    }
}

impl fmt::Debug for EventCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a figure.
        let interest = Interest(self.interest.load(Ordering::Relaxed));
        f.debug_struct("EventCount").field("listeners", &interest.listeners()).finish()
    }
}
