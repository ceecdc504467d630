use super::{Bounded, PopError, PushError, Segmented, Source, Stats, mpsc, spmc, spsc};
use crate::primitive::Arc;

mod sealed {
    /// Keeps the traits to the queues of this crate, so that they may grow.
    pub trait Sealed {}
}

/// A handle to a queue: what both ends can ask and do. Sealed.
pub trait Queue: sealed::Sealed {
    /// Refuses every push from now on; says whether this call did it.
    fn close(&self) -> bool;

    /// Whether the queue is closed. There may still be items inside.
    fn is_closed(&self) -> bool;

    /// The most items the queue holds.
    fn capacity(&self) -> usize;

    /// Items in the queue.
    fn len(&self) -> usize;

    /// Whether the queue holds nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the queue is at its capacity.
    fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// What the queue holds and what has gone through it.
    fn stats(&self) -> Stats;
}

/// The pushing end of a queue. Sealed.
///
/// ```
/// use bedplate::queue::{Bounded, Push, PushError, spsc};
/// use std::sync::Arc;
///
/// fn fill<Q: Push<u32>>(queue: &Q) -> usize {
///     (0..).take_while(|n| queue.try_push(*n).is_ok()).count()
/// }
///
/// let (producer, _consumer) = spsc::ring(3);
/// assert_eq!(fill(&producer), 3);
/// assert_eq!(fill(&Arc::new(Bounded::new(5))), 5);
/// ```
pub trait Push<T>: Queue {
    /// Whether a push makes its item known by a read-modify-write with `SeqCst`: a pop behind a `SeqCst` fence then
    /// answers `Empty` only where the `SeqCst` loads that the pushing thread makes afterwards come after that fence.
    #[doc(hidden)]
    const CLAIMS: bool;

    /// Appends `item`, or gives it back.
    ///
    /// # Errors
    ///
    /// [`PushError`] says why it was refused.
    fn try_push(&self, item: T) -> Result<(), PushError<T>>;

    /// Pushes from the front of `items` as many as there is room for, and says how many; the rest stays in `items`.
    fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize;
}

/// The popping end of a queue. Sealed.
pub trait Pop<T>: Queue {
    /// Whether a pop makes its room known by a read-modify-write with `SeqCst`: a push behind a `SeqCst` fence then
    /// answers `Full` only where the `SeqCst` loads that the popping thread makes afterwards come after that fence.
    #[doc(hidden)]
    const CLAIMS: bool;

    /// Takes the oldest item.
    ///
    /// # Errors
    ///
    /// [`PopError`] says why there is none.
    fn try_pop(&self) -> Result<T, PopError>;

    /// Pops up to `max` items onto the end of `items` and says how many came.
    fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize;
}

/// Forwards to the inherent methods of the same name.
macro_rules! forward_queue {
    ($handle:ty) => {
        impl<T> sealed::Sealed for $handle {}

        impl<T> Queue for $handle {
            fn close(&self) -> bool {
                (**self).close()
            }

            fn is_closed(&self) -> bool {
                (**self).is_closed()
            }

            fn capacity(&self) -> usize {
                (**self).capacity()
            }

            fn len(&self) -> usize {
                (**self).len()
            }

            fn is_empty(&self) -> bool {
                (**self).is_empty()
            }

            fn is_full(&self) -> bool {
                (**self).is_full()
            }

            fn stats(&self) -> Stats {
                (**self).stats()
            }
        }

        impl<T> Push<T> for $handle {
            const CLAIMS: bool = true;

            #[inline]
            fn try_push(&self, item: T) -> Result<(), PushError<T>> {
                (**self).try_push(item)
            }

            fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
                (**self).try_push_bulk(items)
            }
        }

        impl<T> Pop<T> for $handle {
            const CLAIMS: bool = true;

            #[inline]
            fn try_pop(&self) -> Result<T, PopError> {
                (**self).try_pop()
            }

            fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
                (**self).try_pop_bulk(items, max)
            }
        }
    };
}

forward_queue!(Arc<Bounded<T>>);
forward_queue!(Arc<Segmented<T>>);

/// Forwards to the inherent methods of the same name, but for `close`, which each handle documents itself.
macro_rules! queue_of {
    ($handle:ty, $(#[$doc:meta])*) => {
        impl<T> sealed::Sealed for $handle {}

        impl<T> Queue for $handle {
            $(#[$doc])*
            fn close(&self) -> bool {
                self.close()
            }

            fn is_closed(&self) -> bool {
                self.is_closed()
            }

            fn capacity(&self) -> usize {
                self.capacity()
            }

            fn len(&self) -> usize {
                self.len()
            }

            fn is_empty(&self) -> bool {
                self.is_empty()
            }

            fn is_full(&self) -> bool {
                self.is_full()
            }

            fn stats(&self) -> Stats {
                self.stats()
            }
        }
    };
}

/// A single producer claims with a store, which a close from the other end cannot order itself against.
macro_rules! push_announced {
    ($producer:ty) => {
        /// A push through this trait announces itself first, with a store and a full fence, so that a
        /// [`close`](Queue::close) from the other end loses nothing. The inherent methods do without.
        impl<T> Push<T> for $producer {
            const CLAIMS: bool = false;

            #[inline]
            fn try_push(&self, item: T) -> Result<(), PushError<T>> {
                self.announced(|| self.try_push(item))
            }

            #[inline]
            fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
                self.announced(|| self.try_push_bulk(items))
            }
        }
    };
}

macro_rules! pop_of {
    ($consumer:ty, claims: $claims:literal) => {
        impl<T> Pop<T> for $consumer {
            const CLAIMS: bool = $claims;

            #[inline]
            fn try_pop(&self) -> Result<T, PopError> {
                self.try_pop()
            }

            #[inline]
            fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
                self.try_pop_bulk(items, max)
            }
        }
    };
}

queue_of!(spsc::Producer<T>,);
queue_of!(
    spsc::Consumer<T>,
    /// Refuses every push from now on; says whether this call did it.
    ///
    /// Exact against pushes through [`Push`]: they came before and will be popped, or are refused. A push through the
    /// inherent [`try_push`](spsc::Producer::try_push) that is under way at this moment may still go through after a
    /// pop has answered `Closed`: its item comes with a later pop, or is dropped with the ring.
);
push_announced!(spsc::Producer<T>);
pop_of!(spsc::Consumer<T>, claims: false);

queue_of!(spmc::Producer<T>,);
queue_of!(
    spmc::Consumer<T>,
    /// Refuses every push from now on; says whether this call did it.
    ///
    /// Exact against pushes through [`Push`]: they came before and will be popped, or are refused. A push through the
    /// inherent [`try_push`](spmc::Producer::try_push) that is under way at this moment may still go through after a
    /// pop has answered `Closed`: its item comes with a later pop, or is dropped with the ring.
);
push_announced!(spmc::Producer<T>);
pop_of!(spmc::Consumer<T>, claims: true);

queue_of!(mpsc::Producer<T>,);
queue_of!(mpsc::Consumer<T>,);
pop_of!(mpsc::Consumer<T>, claims: false);

impl<T> Push<T> for mpsc::Producer<T> {
    const CLAIMS: bool = true;

    #[inline]
    fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        self.try_push(item)
    }

    #[inline]
    fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        self.try_push_bulk(items)
    }
}
