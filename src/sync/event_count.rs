use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;

use crossbeam::utils::CachePadded;

use super::park::park_until;
use crate::primitive::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::primitive::{Arc, Mutex, Thread, thread};
use crate::time::{Clock, Deadline};

/// Lets threads sleep until a condition over other atomics may have changed.
///
/// The waiter calls [`listen`](Self::listen), looks at its condition once more, and sleeps on the [`Listener`] only if
/// it still does not hold. The other side changes the condition and then calls [`notify`](Self::notify). No wake-up is
/// lost: either the waiter sees the change, or the notifier sees the waiter.
///
/// `notify` costs a fence and a load while nobody listens, and never blocks then; with listeners it takes a lock for
/// as long as it takes to unlink them. Listeners are woken first come, first served. After the event counts of Vyukov
/// and folly (`folly/synchronization/EventCount.h`).
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
    /// How many listeners are linked. Written under the lock, read by every notifier.
    linked: CachePadded<AtomicUsize>,
    listeners: Mutex<VecDeque<Arc<Waiter>>>,
}

struct Waiter {
    thread: Thread,
    notified: AtomicBool,
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
        Self { linked: CachePadded::new(AtomicUsize::new(0)), listeners: Mutex::new(VecDeque::new()) }
    }

    /// Announces that the calling thread is about to wait. Look at the condition again after this.
    pub fn listen(&self) -> Listener<'_> {
        let waiter = Arc::new(Waiter { thread: thread::current(), notified: AtomicBool::new(false) });
        {
            let mut listeners = self.listeners.lock();
            listeners.push_back(Arc::clone(&waiter));
            // Relaxed: ordered against the notifier's load by the two fences.
            self.linked.store(listeners.len(), Ordering::Relaxed);
        }
        // Pairs with the fence in `notify`: of "listener linked, then condition read" here and "condition written,
        // then linked read" there, at least one side sees the other's write.
        fence(Ordering::SeqCst);
        Listener { event: self, waiter, done: false, of_this_thread: PhantomData }
    }

    /// Wakes up to `n` listeners. Change the condition before this.
    #[inline]
    pub fn notify(&self, n: usize) {
        // Pairs with the fence in `listen`.
        fence(Ordering::SeqCst);
        if self.linked.load(Ordering::Relaxed) != 0 {
            self.notify_slow(n);
        }
    }

    /// Wakes every listener. Change the condition before this.
    #[inline]
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    #[cold]
    fn notify_slow(&self, n: usize) {
        let mut woken = Vec::new();
        {
            let mut listeners = self.listeners.lock();
            let n = n.min(listeners.len());
            woken.extend(listeners.drain(..n));
            self.linked.store(listeners.len(), Ordering::Relaxed);
        }
        for waiter in woken {
            // Release pairs with the Acquire in `Listener::is_notified`.
            waiter.notified.store(true, Ordering::Release);
            waiter.thread.unpark();
        }
    }

    /// Unlinks `waiter`; false where a notification has already taken it.
    fn unlink(&self, waiter: &Arc<Waiter>) -> bool {
        let mut listeners = self.listeners.lock();
        let at = listeners.iter().position(|w| Arc::ptr_eq(w, waiter));
        if let Some(at) = at {
            listeners.remove(at);
            self.linked.store(listeners.len(), Ordering::Relaxed);
        }
        at.is_some()
    }
}

impl fmt::Debug for EventCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventCount").field("listeners", &self.linked.load(Ordering::Relaxed)).finish()
    }
}

/// A thread's place in the list of an [`EventCount`]. Dropped without a wait, it passes a notification it may have
/// received to the next listener.
///
/// It is the thread that listens which is woken, so a listener does not leave it:
///
/// ```compile_fail,E0277
/// let event = bedplate::sync::EventCount::new();
/// let listener = event.listen();
/// std::thread::scope(|s| {
///     s.spawn(|| listener.wait());
/// });
/// ```
#[must_use = "look at the condition again, then `wait` on it or drop it"]
pub struct Listener<'a> {
    event: &'a EventCount,
    waiter: Arc<Waiter>,
    /// Whether the notification was taken or the waiter unlinked, so that `drop` has nothing left to do.
    done: bool,
    of_this_thread: PhantomData<*const ()>,
}

impl Listener<'_> {
    /// Sleeps until notified.
    pub fn wait(self) {
        self.wait_until(&Clock::Monotonic, Deadline::NEVER);
    }

    /// Sleeps until notified or until the deadline of `clock`; says whether it was notified.
    pub fn wait_until(mut self, clock: &Clock, deadline: Deadline) -> bool {
        loop {
            if self.is_notified() {
                self.done = true;
                return true;
            }
            if deadline.is_past(clock) {
                self.done = true;
                // A notification that came at the last moment counts, or it would be lost.
                return !self.event.unlink(&self.waiter);
            }
            park_until(clock, deadline);
        }
    }

    fn is_notified(&self) -> bool {
        // Acquire pairs with the Release in `notify_slow`.
        self.waiter.notified.load(Ordering::Acquire)
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        if !self.done && !self.event.unlink(&self.waiter) {
            self.event.notify(1);
        }
    }
}

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("notified", &self.is_notified()).finish_non_exhaustive()
    }
}
