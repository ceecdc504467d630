#![allow(unsafe_code)] // The owner of a stage fills its slots.

use std::fmt;

use super::inside::Inside;
use super::shared::{Offer, Shared};
use super::stage::Stage;
use super::{FlushError, Overflow, PushError};
use crate::primitive::Arc;
use crate::sync::fence;
use crate::time::Deadline;

/// A handle that pushes for one thread at a time, at a fraction of what [`Batcher::push`](super::Batcher::push) costs:
/// without a locked operation. From [`Batcher::producer`](super::Batcher::producer).
///
/// Items gather in a *stage* of the producer's own and are handed over [`stage`](super::BatcherBuilder::stage) at a
/// time. A push that fits into the stage is accepted: from then on the item is the batcher's, and is handled, fails or
/// comes back from a close like any other. What is different:
///
/// - Items of one producer keep their order. Against items of other producers, and of plain pushes, also of the same
///   thread, they are ordered by when they are handed over.
/// - Staged items count toward `max_items`, `max_bytes` and the capacity when they are handed over, so a batcher holds up
///   to a stage for each producer more than its capacity. The linger counts from when an item came into the stage, and
///   the batcher itself takes out what has waited so long, as do [`flush`](super::Batcher::flush) and
///   [`close`](super::Batcher::close): a producer that stops pushing, or is leaked, holds nothing up.
///
/// With a linger of zero or little traffic each item is taken out of the stage by the batch thread, which pays a
/// `membarrier` (some 15 µs) each time: use a plain push there.
///
/// ```
/// use bedplate::batch::Batcher;
/// use std::time::Duration;
///
/// let batcher = Batcher::builder()
///     .max_items(1_000)
///     .linger(Duration::from_millis(10))
///     .spawn("events", |batch: &mut Vec<u64>| batch.clear())?;
/// std::thread::scope(|s| {
///     for t in 0..2 {
///         let mut producer = batcher.producer();
///         s.spawn(move || (0..5_000).for_each(|n| producer.push(t * 5_000 + n).unwrap()));
///     }
/// });
/// assert_eq!(batcher.close().handled, 10_000);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a producer is there to push"]
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    stage: Arc<Stage<T>>,
    /// How many slots of the stage are filled.
    len: usize,
    /// The stage's word as it was when this producer last told what there is to tell.
    seen: usize,
    /// Whether light fences will do.
    light: bool,
}

/// No word of a stage, so that the next item has to be told of.
const UNSEEN: usize = usize::MAX;

impl<T> Producer<T> {
    pub(super) fn new(shared: Arc<Shared<T>>, stage: usize) -> Self {
        let stage = Arc::new(Stage::new(stage, shared.size.is_some()));
        shared.front.with(|front| {
            if front.is_closing() {
                stage.close();
            }
            front.stages.push(Arc::clone(&stage));
        });
        Self { shared, stage, len: 0, seen: UNSEEN, light: fence::prepare() }
    }

    /// Hands in an item. Where the stage is full it is handed over first, and where the batcher is full as well, the
    /// [`overflow`](super::BatcherBuilder::overflow) of the batcher applies.
    ///
    /// # Errors
    ///
    /// As [`Batcher::push`](super::Batcher::push). The item comes back.
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        if self.len == self.stage.capacity() || Inside::any() {
            return self.push_slow(item);
        }
        self.put(item)
    }

    #[inline]
    fn put(&mut self, item: T) -> Result<(), PushError<T>> {
        let bytes = self.shared.measure(&item);
        // SAFETY: this producer owns the stage, which nobody else fills; `len` counts the slots it has filled, since
        // whatever changes that (`tell`, `Recount`) counts again, and it is less than the capacity: `push` has looked, or
        // `push_slow` has emptied the stage.
        unsafe { self.stage.put(self.len, item, bytes) };
        self.len += 1;
        // Pairs with the heavy fence in `Shared::collect` (edge "stage word").
        fence::light_or_full(self.light);
        if self.stage.word() == self.seen { Ok(()) } else { self.tell() }
    }

    /// Tells the batcher of the item just put, unless it was taken already; takes it back where the batcher is closed.
    #[cold]
    fn tell(&mut self) -> Result<(), PushError<T>> {
        let stage = &*self.stage;
        let (refused, seen, call) = self.shared.both(|front, back| {
            // An item that the close has found is one of those it answers for.
            let refused = if stage.is_closed() { stage.take_back() } else { None };
            if refused.is_none() && stage.len() > 0 && stage.since().is_none() {
                stage.set_since(front.note_staged(&self.shared.clock));
            }
            // The word stands for what has been told: where that was taken or refused, the next item is to be told of.
            let seen = if stage.since().is_some() { stage.word() } else { UNSEEN };
            (refused, seen, self.shared.call(front, back))
        });
        self.seen = seen;
        self.len = stage.filled_by_owner();
        self.shared.answer(call);
        refused.map_or(Ok(()), |item| Err(PushError::Closed(item)))
    }

    #[cold]
    fn push_slow(&mut self, item: T) -> Result<(), PushError<T>> {
        if self.shared.is_inside() {
            return Err(PushError::Reentrant(item));
        }
        if self.len < self.stage.capacity() {
            return self.put(item);
        }
        match self.hand_over_staged() {
            Ok(()) => self.put(item),
            Err(PushError::Closed(())) => Err(PushError::Closed(item)),
            Err(_) if self.shared.overflow == Overflow::DropNewest => {
                self.shared.back.lock().count_dropped_newest(1);
                Ok(())
            }
            // Where some were handed over, they are the oldest: the slots are free once all are.
            Err(_) => Err(PushError::Full(item)),
        }
    }

    /// Hands over what is staged, so that it counts for the batch at once. Waits as [`push`](Self::push) does where the
    /// stage is full.
    ///
    /// # Errors
    ///
    /// As `push`, and [`PushError::Full`] also with [`Overflow::DropNewest`], which drops nothing that was accepted;
    /// what was not handed over stays staged.
    pub fn hand_over(&mut self) -> Result<(), PushError<()>> {
        if self.shared.is_inside() {
            return Err(PushError::Reentrant(()));
        }
        self.hand_over_staged()
    }

    fn hand_over_staged(&mut self) -> Result<(), PushError<()>> {
        let overflow = match self.shared.overflow {
            Overflow::DropNewest => Overflow::Reject,
            other => other,
        };
        let owner = Recount(self);
        match owner.0.shared.hand_in(&mut owner.0.stage.own_contents(), overflow, None) {
            Offer::Taken => Ok(()),
            Offer::Full => Err(PushError::Full(())),
            Offer::Closed => Err(PushError::Closed(())),
        }
    }

    /// As [`Batcher::flush`](super::Batcher::flush), which takes what is staged along.
    ///
    /// # Errors
    ///
    /// As `Batcher::flush`.
    pub fn flush(&mut self) -> Result<(), FlushError> {
        self.shared.flush(Deadline::NEVER)
    }
}

/// Looks, when it goes, how many slots are filled after a hand-over, also one that unwinds: what `put` may rely on.
struct Recount<'a, T>(&'a mut Producer<T>);

impl<T> Drop for Recount<'_, T> {
    fn drop(&mut self) {
        self.0.len = self.0.stage.filled_by_owner();
        if self.0.len == 0 {
            self.0.seen = UNSEEN;
        }
    }
}

/// Hands over what is staged, without waiting: the batcher takes it beyond its capacity. Of an inline batcher it runs the
/// handler if that makes a batch due.
impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.shared.part(&self.stage);
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("stage", &self.stage.capacity()).finish_non_exhaustive()
    }
}
