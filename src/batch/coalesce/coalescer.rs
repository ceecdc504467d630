use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use foldhash::fast::RandomState;

use super::arrival::{Arrival, Merge};
use super::pairs::Pairs;
use super::slot::Slot;
use super::{CoalescerBuilder, CoalescerStats};
use crate::batch::front::Room;
use crate::batch::shared::{Offer, Shared};
use crate::batch::trigger::Trigger;
use crate::batch::{Batcher, CloseReport, FlushError, Overflow, PushError};
use crate::primitive::Arc;
use crate::time::Deadline;

/// A [`Batcher`] of keys: what comes for a key that waits is merged into its value, and each batch has a key once.
///
/// For work where only what has come together counts: a signal to the same process, a change of the same row, a number
/// to be added to the same counter. Batches are those of a batcher whose items are the distinct keys: handed over when
/// [`max_items`](CoalescerBuilder::max_items) keys wait, when the first of them has waited for the
/// [`linger`](CoalescerBuilder::linger), on [`flush`](Self::flush) and on [`close`](Self::close), in the order in which
/// the keys first came; at most [`capacity`](CoalescerBuilder::capacity) keys wait, and a push to one of them succeeds
/// where the coalescer is full.
///
/// - A key is merged into **until the handler's thread takes its pair out**, also in a closed batch that waits for the
///   handler. What comes after that begins a new pair, in a later batch. So for each key the handler sees values in the
///   order in which they were pushed.
/// - The linger counts from a key's **first** push: a key that keeps coming does not put off its own batch.
/// - A [`flush`](Self::flush) waits for merged values like for all others.
///
/// Each push takes one lock for a look-up, and the batcher's as well where the key is a new one. Under it run the key's
/// `Eq` and the `merge` function: both should be short. They cannot use the coalescer itself: a push or a flush is
/// refused as [`Reentrant`](PushError::Reentrant), and everything else panics. Where one of them panics, the panic goes
/// on to the caller of the push, whose value is lost and not counted; the value that waits is what `merge` has left,
/// and everything goes on as before. `Hash` runs outside, and so does whatever drops keys and values. Keys are hashed
/// by `foldhash`, seeded for each coalescer, and weak against who chooses keys to collide and sees how long that takes.
///
/// Memory is used again: once as many keys have waited at once as ever will, a push allocates nothing, unless it waits,
/// and a handler that leaves its vector needs no new one. None is given back.
///
/// Dropping a coalescer closes it as dropping a `Batcher` does, within
/// [`drop_timeout`](CoalescerBuilder::drop_timeout).
///
/// ```
/// use bedplate::batch::Coalescer;
/// use std::sync::mpsc;
///
/// let (report, changes) = mpsc::channel();
/// let balances = Coalescer::builder(|sum: &mut i64, change| *sum += change)
///     .max_items(100)
///     .linger(std::time::Duration::MAX)
///     .spawn("balances", move |batch| report.send(batch.drain(..).collect()).unwrap())?;
/// for (account, change) in [("rent", -700), ("food", -20), ("rent", 50), ("food", -5), ("food", -15)] {
///     balances.push(account, change).unwrap();
/// }
/// balances.flush().unwrap();
/// assert_eq!(changes.recv(), Ok(vec![("rent", -650), ("food", -40)]));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Coalescer<K, V> {
    pairs: Arc<Pairs<K, V>>,
    batcher: Batcher<Slot>,
    merge: Merge<V>,
    hasher: RandomState,
    /// A push looks whether the linger is over, also one whose value is merged: nobody else does.
    watched: bool,
}

impl<K: Eq + Hash, V> Coalescer<K, V> {
    /// The options to choose from. `merge` adds a value, the second, to the one that waits for its key.
    pub fn builder(merge: impl Fn(&mut V, V) + Send + Sync + 'static) -> CoalescerBuilder<K, V> {
        CoalescerBuilder::new(Box::new(merge))
    }

    /// Hands in a value for `key`: merges it into the one that waits for this key, or else has the key wait. What
    /// happens where the coalescer is full and the key is a new one is the [`overflow`](CoalescerBuilder::overflow)'s
    /// to say: it waits, unless told otherwise.
    ///
    /// On an [`inline`](CoalescerBuilder::inline) coalescer it runs the handler if a batch is due and no other thread
    /// runs it.
    ///
    /// # Errors
    ///
    /// [`PushError::Closed`] after a close, also one that came during the wait, [`PushError::Reentrant`] from within
    /// the handler, the `merge` or an `Eq` of the coalescer, and [`PushError::Full`] with [`Overflow::Reject`], or once
    /// the time of [`Overflow::Block`] is up. Key and value come back.
    ///
    /// # Panics
    ///
    /// Where `merge`, or the key's `Eq` or `Hash`, panics.
    #[inline]
    pub fn push(&self, key: K, value: V) -> Result<(), PushError<(K, V)>> {
        self.push_by(key, value, self.shared().overflow, None)
    }

    /// [`push`](Self::push) of a value that is not to wait for the linger: it and all that was pushed before is handed
    /// over as soon as the handler is free. The order stays what it was. It does not wait for the handler.
    ///
    /// # Errors
    ///
    /// As `push`.
    pub fn push_urgent(&self, key: K, value: V) -> Result<(), PushError<(K, V)>> {
        self.push_by(key, value, self.shared().overflow, Some(Trigger::Urgent))
    }

    /// [`push`](Self::push) that waits up to `timeout` where the coalescer is full.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] once the time is up, beside the errors of `push`.
    pub fn push_timeout(&self, key: K, value: V, timeout: Duration) -> Result<(), PushError<(K, V)>> {
        self.push_by(key, value, Overflow::Block(timeout), None)
    }

    /// [`push`](Self::push) that does not wait for room.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] where as many keys wait as the capacity allows and `key` is none of them, beside the errors
    /// of `push`.
    pub fn try_push(&self, key: K, value: V) -> Result<(), PushError<(K, V)>> {
        self.push_by(key, value, Overflow::Reject, None)
    }

    #[inline]
    fn push_by(&self, key: K, value: V, overflow: Overflow, urgent: Option<Trigger>) -> Result<(), PushError<(K, V)>> {
        if self.is_inside() {
            return Err(PushError::Reentrant((key, value)));
        }
        // Outside the lock: hashing is the user's code, and may take long.
        let hash = self.hasher.hash_one(&key);
        let mut arrival = Arrival::new(hash, key, value);
        let room = if overflow == Overflow::DropOldest { Room::Evicting } else { Room::Bounded };
        let mut offer = self.offer(&mut arrival, room, urgent);
        if offer == Offer::Full {
            offer = self.overflow(&mut arrival, overflow, urgent);
        }
        if arrival.merged.is_some() && (urgent.is_some() || self.watched) {
            self.look(urgent);
        }
        match (offer, arrival.into_pair()) {
            (Offer::Taken, _) | (_, None) => Ok(()),
            (Offer::Full, Some(pair)) => Err(PushError::Full(pair)),
            (Offer::Closed, Some(pair)) => Err(PushError::Closed(pair)),
        }
    }

    /// Tries once, and does what follows when the lock is released: it may be to run the handler.
    #[inline]
    fn offer(&self, arrival: &mut Arrival<K, V>, room: Room, urgent: Option<Trigger>) -> Offer {
        let shared = self.shared();
        let (offer, call) = self.pairs.table.with(|table| arrival.place(table, shared, &self.merge, room, urgent));
        shared.answer(call);
        offer
    }

    /// Goes on, by the rule `overflow`, with a pair for which there was no room.
    #[cold]
    fn overflow(&self, arrival: &mut Arrival<K, V>, overflow: Overflow, urgent: Option<Trigger>) -> Offer {
        let shared = self.shared();
        match overflow {
            Overflow::Block(timeout) if !timeout.is_zero() => {
                let mut pass_on = PassOn { shared, armed: true };
                let offer = shared.wait_for_room(timeout, || self.offer(arrival, Room::Bounded, urgent));
                pass_on.armed = offer == Offer::Taken && arrival.merged.is_some();
                offer
            }
            Overflow::DropNewest => {
                shared.both(|_, back| back.count_dropped_newest(1));
                Offer::Taken
            }
            _ => Offer::Full,
        }
    }

    /// As a push of a new key does: makes what waits due if it is to be, and does what is asked of the caller.
    #[cold]
    fn look(&self, urgent: Option<Trigger>) {
        let shared = self.shared();
        let call = shared.both(|front, back| {
            if let Some(trigger) = urgent {
                front.make_due(trigger);
            }
            shared.call(front, back)
        });
        shared.answer(call);
    }
}

impl<K, V> Coalescer<K, V> {
    pub(super) fn new(pairs: Arc<Pairs<K, V>>, batcher: Batcher<Slot>, merge: Merge<V>, watched: bool) -> Self {
        Self { pairs, batcher, merge, hasher: RandomState::default(), watched }
    }

    #[inline]
    fn shared(&self) -> &Shared<Slot> {
        self.batcher.shared()
    }

    /// Whether the calling thread runs this coalescer's handler, merges or compares keys at this moment.
    #[inline]
    fn is_inside(&self) -> bool {
        self.pairs.table.is_held() || self.shared().is_inside()
    }

    /// Has everything that was pushed before this call handed over, merged values included, whatever the linger, and
    /// waits until the handler is done with it.
    ///
    /// `Ok` says that each of these keys was handled, has failed or was dropped to make room. What comes for a key
    /// meanwhile may go along.
    ///
    /// # Errors
    ///
    /// [`FlushError::Closed`] where a close gave back keys that this flush waits for, and [`FlushError::Reentrant`]
    /// from within the handler, the `merge` or an `Eq` of the coalescer.
    pub fn flush(&self) -> Result<(), FlushError> {
        self.outside()?.flush()
    }

    /// [`flush`](Self::flush) that waits up to `timeout`. On an [`inline`](CoalescerBuilder::inline) coalescer the
    /// caller may have to run the handler itself, and is then as late as that.
    ///
    /// # Errors
    ///
    /// [`FlushError::TimedOut`] once the time is up, beside the errors of `flush`.
    pub fn flush_timeout(&self, timeout: Duration) -> Result<(), FlushError> {
        self.outside()?.flush_timeout(timeout)
    }

    /// [`flush`](Self::flush) that does not wait for the handler: it asks for the hand-over and tells how things stand.
    ///
    /// # Errors
    ///
    /// [`FlushError::TimedOut`] where something is still to be handled, beside the errors of `flush`.
    pub fn try_flush(&self) -> Result<(), FlushError> {
        self.outside()?.try_flush()
    }

    fn outside(&self) -> Result<&Batcher<Slot>, FlushError> {
        if self.pairs.table.is_held() { Err(FlushError::Reentrant) } else { Ok(&self.batcher) }
    }

    /// Runs the handler for what is due on an [`inline`](CoalescerBuilder::inline) coalescer and says when to call this
    /// again: at the end of the linger of what waits, [`Deadline::NEVER`] where nothing does. Does nothing where
    /// another thread runs the handler, or where the coalescer has a thread of its own.
    ///
    /// # Panics
    ///
    /// From within the `merge` or an `Eq` of the coalescer.
    pub fn poll(&self) -> Deadline {
        // What it would lead takes the lock.
        self.pairs.table.refuse_held();
        self.batcher.poll()
    }

    /// Refuses pushes from now on, also to keys that wait, and waits until everything that was pushed is handled and
    /// the thread has ended.
    ///
    /// Pushes that wait get their key and value back at once. Called from within the handler it does not wait, and
    /// returns what is behind the batch in hand. A second close waits like the first one.
    ///
    /// The report counts keys.
    ///
    /// # Panics
    ///
    /// From within the `merge` or an `Eq` of the coalescer.
    pub fn close(&self) -> CloseReport<(K, V)> {
        self.shut(Batcher::close)
    }

    /// [`close`](Self::close) that waits up to `timeout` and then returns the pairs that no handler was called with.
    ///
    /// A handler that is running goes on with its batch, and its thread ends after that. On an
    /// [`inline`](CoalescerBuilder::inline) coalescer the caller may have to run the handler itself; the time is looked
    /// at between batches.
    ///
    /// # Panics
    ///
    /// As `close`.
    pub fn close_timeout(&self, timeout: Duration) -> CloseReport<(K, V)> {
        self.shut(|batcher| batcher.close_timeout(timeout))
    }

    /// [`close`](Self::close) that waits for nothing: all pairs that no handler was called with come back.
    ///
    /// # Panics
    ///
    /// As `close`.
    pub fn try_close(&self) -> CloseReport<(K, V)> {
        self.shut(Batcher::try_close)
    }

    fn shut(&self, close: impl FnOnce(&Batcher<Slot>) -> CloseReport<Slot>) -> CloseReport<(K, V)> {
        // Before the batcher: nothing is merged any more into what this call gives back.
        self.pairs.table.with(|table| table.closed = true);
        let CloseReport { handled, failed, dropped, in_flight, left_over: slots } = close(&self.batcher);
        let mut left_over = Vec::new();
        self.pairs.take(&slots, &mut left_over);
        CloseReport { handled, failed, dropped, in_flight, left_over }
    }

    /// What was pushed, what became of it, and why batches were handed over. Takes the locks of the coalescer.
    ///
    /// # Panics
    ///
    /// From within the `merge` or an `Eq` of the coalescer.
    #[must_use]
    pub fn stats(&self) -> CoalescerStats {
        // Under the one lock: what a push has merged, or dropped, is in both or in none.
        self.pairs.table.with(|table| CoalescerStats::new(self.batcher.stats(), table.merged, table.dropped_merged))
    }
}

/// Tells the next push that waits for room of a room that this one was told of and does not take: its value was merged,
/// or its merging has panicked.
struct PassOn<'a> {
    shared: &'a Shared<Slot>,
    armed: bool,
}

impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.shared.notify_room(1);
        }
    }
}

impl<K, V> fmt::Debug for Coalescer<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut coalescer = f.debug_struct("Coalescer");
        if !self.pairs.table.is_held() {
            coalescer.field("stats", &self.stats());
        }
        coalescer.finish_non_exhaustive()
    }
}
