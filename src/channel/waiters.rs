use super::backoff::Backoff;
use super::hook::Hook;
use super::stalls::Stalls;
use super::{Ready, Wait};
use crate::primitive::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{EventCount, Listener, Relayed, Woken};
use crate::time::{Clock, Deadline};

/// The threads that wait at one side of a channel, and the event loop that does.
#[derive(Debug)]
pub(super) struct Waiters {
    event: EventCount,
    hook: Option<Hook>,
    stalls: Stalls,
    /// Threads in `wait` that have nothing left but to park; for statistics only.
    parked: AtomicUsize,
    /// How often a thread parked; for statistics only.
    parks: AtomicU64,
    /// How often a parked thread was woken for a change of the queue; for statistics only.
    wakes: AtomicU64,
}

/// What became of a try.
#[derive(Debug)]
pub(super) enum Attempt<R, S> {
    /// It is through.
    Done(R),
    /// There was nothing to be had, as the queue's words say: whoever changes them wakes a listener.
    Nothing(S),
    /// What it needs is claimed by a peer that has not finished.
    Busy(S),
}

impl Waiters {
    pub(super) fn new(hook: Option<Hook>, claimed: bool) -> Self {
        Self {
            event: EventCount::new(),
            hook,
            stalls: Stalls::new(claimed),
            parked: AtomicUsize::new(0),
            parks: AtomicU64::new(0),
            wakes: AtomicU64::new(0),
        }
    }

    /// The queue has changed so that one of them may be through; `claimed`: by a SeqCst read-modify-write.
    #[inline]
    pub(super) fn signal(&self, claimed: bool) {
        let relayed = if claimed { self.event.relay_relaxed() } else { self.event.relay() };
        if relayed.woke || relayed.armed {
            self.follow_up(relayed);
        }
    }

    /// Wakes all of them. The queue must have changed before.
    pub(super) fn signal_all(&self) {
        if self.event.relay_to_all() {
            self.call_hook();
        }
    }

    /// An operation of the queue has ended.
    #[inline]
    pub(super) fn end_stalls(&self) {
        self.stalls.over();
    }

    #[cold]
    fn follow_up(&self, relayed: Relayed) {
        // Relaxed: a figure.
        self.wakes.fetch_add(u64::from(relayed.woke), Ordering::Relaxed);
        if relayed.armed {
            self.call_hook();
        }
    }

    fn call_hook(&self) {
        if let Some(hook) = &self.hook {
            hook.call();
        }
    }

    /// Repeats `attempt` until it is through or the deadline of `clock` is past, and waits between two attempts. An
    /// attempt that is not through gives back what it needs for the next one. `left` says whether another waiter would
    /// get through as well.
    pub(super) fn wait<S, R>(
        &self,
        wait: Wait,
        clock: &Clock,
        deadline: Deadline,
        mut state: S,
        mut attempt: impl FnMut(S) -> Attempt<R, S>,
        left: impl Fn() -> bool,
    ) -> Result<R, S> {
        let mut backoff = Backoff::new(wait);
        while backoff.pause() {
            match attempt(state) {
                Attempt::Done(result) => return Ok(result),
                Attempt::Nothing(back) | Attempt::Busy(back) => state = back,
            }
            if deadline.is_past(clock) {
                return Err(state);
            }
        }
        let mut stalls = 0;
        loop {
            let listener = self.event.listen();
            // A change before `listen` is seen here, a later one wakes the listener.
            let (woken, tried) = match attempt(state) {
                Attempt::Done(result) => {
                    self.pass_on(listener.leave(), left);
                    return Ok(result);
                }
                Attempt::Nothing(back) => (self.park(listener, clock, deadline), attempt(back)),
                Attempt::Busy(back) => {
                    stalls += 1;
                    self.stalls.wait(listener, (clock, deadline), stalls - 1, back, &mut attempt)
                }
            };
            match tried {
                Attempt::Done(result) => {
                    self.pass_on(woken, left);
                    return Ok(result);
                }
                Attempt::Nothing(back) | Attempt::Busy(back) => state = back,
            }
            match woken {
                // It looks again after the next `listen`, and then for the others as well.
                Woken::First(baton) => baton.put_down(),
                Woken::No if deadline.is_past(clock) => return Err(state),
                Woken::No | Woken::Yes => {}
            }
        }
    }

    fn park<'a>(&self, listener: Listener<'a>, clock: &Clock, deadline: Deadline) -> Woken<'a> {
        // Relaxed: a figure.
        self.parks.fetch_add(1, Ordering::Relaxed);
        let _parked = Parked::new(&self.parked);
        listener.wait_relayed(clock, deadline)
    }

    /// By a thread that is through after listening: wakes the next where it would get through as well. While this one
    /// had the baton nobody was woken, and what came meanwhile is for this thread to see.
    fn pass_on(&self, woken: Woken<'_>, left: impl Fn() -> bool) {
        if let Woken::First(baton) = woken {
            if left() {
                // Relaxed: a figure.
                self.wakes.fetch_add(u64::from(baton.pass()), Ordering::Relaxed);
                return;
            }
            baton.put_down();
        }
        if left() {
            self.signal(false);
        }
    }

    /// Sees to it that the hook is called once, when `ready` holds the next time; says where it holds now.
    pub(super) fn arm(&self, ready: impl Fn() -> bool) -> Ready {
        if ready() {
            return Ready::Now;
        }
        self.event.arm();
        if ready() {
            // Where a relay was faster, the hook has been called, or will be: for nothing, which it has to bear.
            self.event.disarm();
            return Ready::Now;
        }
        Ready::Later
    }

    pub(super) fn has_hook(&self) -> bool {
        self.hook.is_some()
    }

    pub(super) fn hook_panics(&self) -> u64 {
        self.hook.as_ref().map_or(0, Hook::panics)
    }

    pub(super) fn parked(&self) -> usize {
        // Relaxed: a figure.
        self.parked.load(Ordering::Relaxed)
    }

    pub(super) fn parks(&self) -> u64 {
        // Relaxed: a figure.
        self.parks.load(Ordering::Relaxed)
    }

    pub(super) fn wakes(&self) -> u64 {
        // Relaxed: a figure.
        self.wakes.load(Ordering::Relaxed)
    }
}

/// Counts the calling thread as parked while it lives.
struct Parked<'a>(&'a AtomicUsize);

impl<'a> Parked<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        // Relaxed, here and below: a figure.
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
