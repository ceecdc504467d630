use std::fmt;

use crossbeam::queue::SegQueue;

use super::{PopError, PushError, Source, Stats, bulk};
use crate::primitive::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::CachePadded;

/// In the word of pushes: no further push may claim.
const CLOSED: usize = 1;

/// One item in either word.
const ONE: usize = 2;

/// A queue between any number of threads whose memory follows its content, up to an exact limit.
///
/// For a limit that is rarely reached: a [`Bounded`](super::Bounded) of a million slots takes the memory of a million
/// items from the start, this takes blocks of 31 slots as items come and frees them as they go.
///
/// No operation locks. A push allocates once in 31 times. The items are in a `crossbeam::queue::SegQueue`; beside it
/// stand two counts, of items let in and of items taken out, which make the limit and the close exact. `Full` and
/// `Empty` are true at some moment within the call. `Busy` says that a push or a pop of another thread is half done, so
/// that neither can be told. Unlike [`Bounded`](super::Bounded), an operation may wait inside `SegQueue`, spinning and
/// yielding: a pop for the push that is writing the very item it took, and both for a thread that is putting in the
/// next block.
///
/// ```
/// use bedplate::queue::{PopError, PushError, Segmented};
///
/// let queue = Segmented::new(1_000_000);
/// queue.try_push("a")?;
/// assert_eq!(queue.len(), 1);
/// queue.close();
/// assert_eq!(queue.try_push("b"), Err(PushError::Closed("b")));
/// assert_eq!(queue.try_pop(), Ok("a"));
/// assert_eq!(queue.try_pop(), Err(PopError::Closed));
/// # Ok::<(), PushError<&str>>(())
/// ```
pub struct Segmented<T> {
    items: SegQueue<T>,
    /// Items let in, times `ONE`, and the `CLOSED` mark. Written by pushes, before the item goes in, and by `close`.
    pushed: CachePadded<AtomicUsize>,
    /// Items taken out, times `ONE`. Written by pops, after the item has come out.
    popped: CachePadded<AtomicUsize>,
    limit: usize,
}

impl<T> Segmented<T> {
    /// An empty queue of at most `limit` items. Allocates nothing yet.
    ///
    /// # Panics
    ///
    /// If `limit` is zero or above `isize::MAX / 2`, which the words cannot count.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        assert!(limit > 0, "Segmented::new: the limit must be at least 1");
        assert!(limit <= isize::MAX as usize / ONE, "Segmented::new: the limit must be at most isize::MAX / 2");
        Self {
            items: SegQueue::new(),
            pushed: CachePadded::new(AtomicUsize::new(0)),
            popped: CachePadded::new(AtomicUsize::new(0)),
            limit,
        }
    }

    /// Appends `item`, or gives it back.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] with the limit of items inside, [`PushError::Busy`] where that many are counted but a push
    /// or a pop of another thread is half done, [`PushError::Closed`] after [`close`](Self::close).
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        // Relaxed: a guess that the CAS verifies.
        let mut pushed = self.pushed.load(Ordering::Relaxed);
        loop {
            if pushed & CLOSED != 0 {
                return Err(PushError::Closed(item));
            }
            // Relaxed: the count only grows, so an old one refuses too much, never too little, and refusals look again.
            let popped = self.popped.load(Ordering::Relaxed);
            if self.distance(popped, pushed) >= self.limit {
                // Pairs with the SeqCst in `try_pop` (edge "count"), so that this answer is in one order with every
                // finished pop.
                fence(Ordering::SeqCst);
                // An unfinished push or pop keeps its count while its item is not inside. With all of them inside,
                // there is neither, and the queue is full at this moment.
                if self.items.len() >= self.limit {
                    return Err(PushError::Full(item));
                }
                let now = self.pushed.load(Ordering::Relaxed);
                if now == pushed && self.popped.load(Ordering::Relaxed) == popped {
                    return Err(PushError::Busy(item));
                }
                pushed = now;
                continue;
            }
            // SeqCst pairs with the fence in `refuse_pop` (edge "count"). The CAS also shows that `pushed` was no older
            // than `popped`, so there was room.
            let next = pushed.wrapping_add(ONE);
            match self.pushed.compare_exchange_weak(pushed, next, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => {
                    self.items.push(item);
                    return Ok(());
                }
                Err(now) => pushed = now,
            }
        }
    }

    /// Takes the oldest item.
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] with nothing inside, [`PopError::Busy`] where the counts say that a push or a pop of another
    /// thread is half done, [`PopError::Closed`] where the queue is closed and drained.
    pub fn try_pop(&self) -> Result<T, PopError> {
        let item = match self.items.pop() {
            Some(item) => item,
            None => match self.refuse_pop() {
                Some(refusal) => return Err(refusal),
                // The push that was half done may be through by now.
                None => self.items.pop().ok_or(PopError::Busy)?,
            },
        };
        // SeqCst pairs with the fence in `try_push` (edge "count"). The item is out before its room is given away, so
        // there are never more than `limit` of them.
        self.popped.fetch_add(ONE, Ordering::SeqCst);
        Ok(item)
    }

    /// Whether the queue is empty or drained, where a pop found nothing; `None` where an item is still counted.
    #[cold]
    fn refuse_pop(&self) -> Option<PopError> {
        // Pairs with the SeqCst CAS in `try_push` and the SeqCst in `close` (edge "count").
        fence(Ordering::SeqCst);
        // Relaxed, both: ordered by the fence. The second count cannot be overtaken by the first: where they are equal,
        // the queue was empty when `pushed` was read.
        let popped = self.popped.load(Ordering::Relaxed);
        let pushed = self.pushed.load(Ordering::Relaxed);
        if pushed & !CLOSED != popped {
            return None;
        }
        Some(if pushed & CLOSED == 0 { PopError::Empty } else { PopError::Closed })
    }

    /// Pushes from the front of `items` as many as there is room for, and says how many. The rest stays in `items`, in
    /// order. Each item is a push of its own: items of other threads may come between them. Moves the rest of `items`
    /// down, so it costs time linear in its length.
    pub fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        bulk::push_front(items, self.limit - self.len(), |item| self.try_push(item))
    }

    /// Pops up to `max` of the items that are inside onto the end of `items`, and says how many came. Each is a pop of
    /// its own: other threads may take items between them. May allocate in `items`, and does so before it takes one.
    pub fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        bulk::pop_back(items, max, self.len(), || self.try_pop())
    }

    /// Refuses every push from now on; says whether this call did it. What was accepted before stays to be popped.
    ///
    /// The mark is in the word that pushes are counted in, so a push either came before and its item will be popped, or
    /// is refused.
    pub fn close(&self) -> bool {
        // SeqCst pairs with the fence in `refuse_pop` (edge "count").
        self.pushed.fetch_or(CLOSED, Ordering::SeqCst) & CLOSED == 0
    }

    /// Whether [`close`](Self::close) was called. There may still be items inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // SeqCst: in the one order of counts (edge "count").
        self.pushed.load(Ordering::SeqCst) & CLOSED != 0
    }

    /// The limit: the most items the queue holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.limit
    }

    /// Items in the queue, those that a push or a pop is at work on among them.
    #[must_use]
    pub fn len(&self) -> usize {
        loop {
            // SeqCst, all three: in the one order of counts (edge "count").
            let pushed = self.pushed.load(Ordering::SeqCst);
            let popped = self.popped.load(Ordering::SeqCst);
            // The first count did not move, so both were as read when the second was read.
            if self.pushed.load(Ordering::SeqCst) == pushed {
                return self.distance(popped, pushed);
            }
        }
    }

    /// Whether nothing is in the queue and no push or pop is at work on an item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the limit is reached, counting items that a push or a pop is at work on.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.limit
    }

    /// What the queue holds and what has gone through it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        // Relaxed, both: figures that order nothing.
        let (popped, pushed) = (self.popped.load(Ordering::Relaxed), self.pushed.load(Ordering::Relaxed));
        Stats {
            capacity: self.limit,
            len: self.len(),
            pushed: (pushed / ONE) as u64,
            popped: (popped / ONE) as u64,
            closed: pushed & CLOSED != 0,
        }
    }

    /// Items let in and not yet out; zero where `pushed` was read long before `popped`.
    fn distance(&self, popped: usize, pushed: usize) -> usize {
        let ahead = (pushed & !CLOSED).wrapping_sub(popped);
        if ahead as isize > 0 { ahead / ONE } else { 0 }
    }
}

impl<T> fmt::Debug for Segmented<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segmented")
            .field("limit", &self.limit)
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
