use std::fmt;
use std::time::Duration;

use super::shared::Shared;
use super::{BatcherBuilder, BatcherStats, CloseReport, FlushError, Overflow, Producer, PushError};
use crate::primitive::thread::{self, JoinHandle};
use crate::primitive::{Arc, Mutex};
use crate::queue::Source;
use crate::time::Deadline;

/// Hands the items of many threads to one handler, many at a time.
///
/// Items are handled in the order they were pushed, so those of one thread keep their order. A batch is handed over
/// when it holds [`max_items`](BatcherBuilder::max_items) or [`max_bytes`](BatcherBuilder::max_bytes), when its first
/// item has waited for the [`linger`](BatcherBuilder::linger), on [`flush`](Self::flush) and on [`close`](Self::close).
/// At most [`capacity`](BatcherBuilder::capacity) items wait; beyond that a push waits, or fails and returns its item.
///
/// A push holds one lock for as long as it takes to append to a vector. Vectors are used again, so once they have
/// grown a push allocates nothing, unless it waits. The handler runs outside the lock. A panic in it is caught and
/// counted; the items it had not taken out go to [`on_failed`](BatcherBuilder::on_failed), and the next batch is handed
/// to it as before.
///
/// A push or a flush from within the handler is refused with an error, as it could only wait for itself.
///
/// Dropping a batcher closes it and waits for its items, five seconds unless
/// [`drop_timeout`](BatcherBuilder::drop_timeout) says otherwise; what still waits then goes to `on_failed`. After a
/// [`close`](Self::close) by any name, and in the handler, a drop does not wait.
///
/// ```
/// use bedplate::batch::Batcher;
/// use std::sync::mpsc;
///
/// let (sums, results) = mpsc::channel();
/// let batcher = Batcher::builder()
///     .max_items(50)
///     .spawn("sums", move |batch: &mut Vec<u64>| sums.send(batch.drain(..).sum::<u64>()).unwrap())?;
/// std::thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| (1..=25).for_each(|n| batcher.push(n).unwrap()));
///     }
/// });
/// let report = batcher.close();
/// assert_eq!((report.handled, report.left_over.len()), (100, 0));
/// drop(batcher);
/// assert_eq!(results.iter().sum::<u64>(), 4 * 325);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Batcher<T> {
    shared: Arc<Shared<T>>,
    /// The batch thread, until it was joined.
    thread: Mutex<Option<JoinHandle<()>>>,
    drop_timeout: Duration,
    /// How many items a producer gathers.
    stage: usize,
}

impl<T> Batcher<T> {
    /// The options to choose from.
    pub fn builder() -> BatcherBuilder<T> {
        BatcherBuilder::new()
    }

    pub(super) fn new(
        shared: Arc<Shared<T>>,
        thread: Option<JoinHandle<()>>,
        drop_timeout: Duration,
        stage: usize,
    ) -> Self {
        Self { shared, thread: Mutex::new(thread), drop_timeout, stage }
    }

    /// What a coalescer hands its slots in to.
    #[inline]
    pub(super) fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    /// Hands in an item. What happens where the batcher is full is the
    /// [`overflow`](BatcherBuilder::overflow)'s to say: it waits, unless told otherwise.
    ///
    /// On an [`inline`](BatcherBuilder::inline) batcher it runs the handler if the item makes a batch due and no other
    /// thread runs it.
    ///
    /// # Errors
    ///
    /// [`PushError::Closed`] after a close, also one that came during the wait, [`PushError::Reentrant`] from within
    /// the handler, and [`PushError::Full`] with [`Overflow::Reject`], or once the time of [`Overflow::Block`] is up.
    /// The item comes back.
    #[inline]
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        self.shared.push(item)
    }

    /// [`push`](Self::push) of an item that is not to wait for the linger: it and all that was pushed before is handed
    /// over as soon as the handler is free. The order stays what it was. It does not wait for the handler.
    ///
    /// # Errors
    ///
    /// As `push`.
    pub fn push_urgent(&self, item: T) -> Result<(), PushError<T>> {
        self.shared.push_urgent(item)
    }

    /// Hands in all of `items`, in order, many with one lock: from the front of a `Vec`, a `vec::Drain`, a
    /// `vec::IntoIter` or, for `Copy` items, a slice. As [`push`](Self::push) otherwise.
    ///
    /// ```
    /// use bedplate::batch::{Batcher, Overflow, PushError};
    /// use std::time::Duration;
    ///
    /// let builder = Batcher::builder().max_items(4).capacity(4).linger(Duration::MAX).overflow(Overflow::Reject);
    /// let batcher = builder.spawn("rows", |batch: &mut Vec<u64>| batch.clear())?;
    /// let mut rows = vec![1, 2, 3];
    /// batcher.push_all(&mut rows).unwrap();
    /// assert!(rows.is_empty()); // Its memory is kept for the next ones.
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As `push`; the items that were not taken are still in `items`. Those before them were taken.
    pub fn push_all<S: Source<T>>(&self, items: &mut S) -> Result<(), PushError<()>> {
        self.shared.push_all(items)
    }

    /// A handle that pushes without a locked operation; see [`Producer`]. Takes the lock; the handle has memory for a
    /// [`stage`](BatcherBuilder::stage).
    pub fn producer(&self) -> Producer<T> {
        Producer::new(Arc::clone(&self.shared), self.stage)
    }

    /// Hands in an item; waits up to `timeout` while the batcher is full. As [`push`](Self::push) otherwise.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] once the time is up, beside the errors of `push`.
    pub fn push_timeout(&self, item: T, timeout: Duration) -> Result<(), PushError<T>> {
        self.shared.push_by(item, Overflow::Block(timeout))
    }

    /// Hands in an item without waiting for room. As [`push`](Self::push) otherwise.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] where as many items wait as the capacity allows, beside the errors of `push`.
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        self.shared.push_by(item, Overflow::Reject)
    }

    /// Has everything that was pushed before this call handed over, whatever the linger, and waits until the handler is
    /// done with it.
    ///
    /// `Ok` says that each of these items was handled or has failed, the latter told by
    /// [`on_failed`](BatcherBuilder::on_failed) and [`stats`](Self::stats). Flushes of several threads share a batch.
    ///
    /// # Errors
    ///
    /// [`FlushError::Closed`] where a close gave back items that this flush waits for, and [`FlushError::Reentrant`]
    /// from within the handler.
    pub fn flush(&self) -> Result<(), FlushError> {
        self.shared.flush(Deadline::NEVER)
    }

    /// [`flush`](Self::flush) that waits up to `timeout`. On an [`inline`](BatcherBuilder::inline) batcher the caller
    /// may have to run the handler itself, and is then as late as that.
    ///
    /// # Errors
    ///
    /// [`FlushError::TimedOut`] once the time is up, beside the errors of `flush`.
    pub fn flush_timeout(&self, timeout: Duration) -> Result<(), FlushError> {
        self.shared.flush(Deadline::after(&self.shared.clock, timeout))
    }

    /// [`flush`](Self::flush) that does not wait for the handler: it asks for the hand-over and tells how things stand.
    ///
    /// # Errors
    ///
    /// [`FlushError::TimedOut`] where something is still to be handled, beside the errors of `flush`.
    pub fn try_flush(&self) -> Result<(), FlushError> {
        self.shared.flush(Deadline::PAST)
    }

    /// Runs the handler for what is due on an [`inline`](BatcherBuilder::inline) batcher and says when to call this
    /// again: at the end of the linger of what waits, [`Deadline::NEVER`] where nothing does. Does nothing where
    /// another thread runs the handler, or where the batcher has a thread of its own.
    pub fn poll(&self) -> Deadline {
        self.shared.poll()
    }

    /// Refuses pushes from now on, and waits until everything that was pushed is handled and the batch thread has
    /// ended.
    ///
    /// Pushes that wait get their items back at once. Called from within the handler it does not wait, and returns what
    /// is behind the batch in hand. A second close waits like the first one.
    pub fn close(&self) -> CloseReport<T> {
        self.close_until(Deadline::NEVER)
    }

    /// [`close`](Self::close) that waits up to `timeout` and then returns the items that no handler was called with.
    ///
    /// A handler that is running goes on with its batch, and its thread ends after that. On an
    /// [`inline`](BatcherBuilder::inline) batcher the caller may have to run the handler itself; the time is looked at
    /// between batches.
    pub fn close_timeout(&self, timeout: Duration) -> CloseReport<T> {
        self.close_until(Deadline::after(&self.shared.clock, timeout))
    }

    /// [`close`](Self::close) that waits for nothing: all items that no handler was called with come back.
    pub fn try_close(&self) -> CloseReport<T> {
        self.close_until(Deadline::PAST)
    }

    fn close_until(&self, deadline: Deadline) -> CloseReport<T> {
        let report = self.shared.close(deadline);
        self.join();
        report
    }

    /// Joins the batch thread if it has nothing left to do, so that it is gone when a close returns.
    fn join(&self) {
        // A thread that ends runs destructors of thread-locals, and one of them may be what closes the batcher.
        let is_other = |t: &mut JoinHandle<()>| t.thread().id() != thread::current().id();
        if self.shared.is_unserved() {
            let ended = self.thread.lock().take_if(is_other);
            if let Some(ended) = ended {
                // It cannot have panicked: all code of the user is contained.
                let _ = ended.join();
            }
        }
    }

    /// What was pushed, what became of it, and why batches were handed over. Takes the lock.
    #[must_use]
    pub fn stats(&self) -> BatcherStats {
        self.shared.stats()
    }
}

impl<T> Drop for Batcher<T> {
    fn drop(&mut self) {
        let deadline = if self.shared.is_closed() {
            Deadline::PAST
        } else {
            Deadline::after(&self.shared.clock, self.drop_timeout)
        };
        self.shared.abandon(deadline);
        self.join();
    }
}

impl<T> fmt::Debug for Batcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
