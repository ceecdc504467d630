//! The many-to-many queues under one set of names.

use crate::suite::payload::Payload;
use bedplate::queue::Bounded;
use concurrent_queue::ConcurrentQueue;
use crossbeam::queue::ArrayQueue;
use crossfire::flavor::Queue;
use crossfire::mpmc::Array;
use thingbuf::ThingBuf;

/// A bounded queue whose calls do not wait.
pub trait Mpmc<T>: Send + Sync {
    /// An empty queue.
    fn with_capacity(capacity: usize) -> Self;
    /// Whether there was room.
    fn push(&self, item: T) -> bool;
    /// The oldest, if there is one.
    fn pop(&self) -> Option<T>;

    /// Moves items from the front of `items` into the queue, as many as there is room for.
    fn push_bulk(&self, items: &mut Vec<T>) -> usize
    where
        T: Copy,
    {
        let pushed = items.iter().take_while(|&&item| self.push(item)).count();
        items.drain(..pushed);
        pushed
    }

    /// Moves up to `max` items from the queue to the end of `items`.
    fn pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        let before = items.len();
        items.extend((0..max).map_while(|_| self.pop()));
        items.len() - before
    }
}

impl<T: Payload> Mpmc<T> for Bounded<T> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity)
    }

    #[inline]
    fn push(&self, item: T) -> bool {
        self.try_push(item).is_ok()
    }

    #[inline]
    fn pop(&self) -> Option<T> {
        self.try_pop().ok()
    }

    fn push_bulk(&self, items: &mut Vec<T>) -> usize {
        self.try_push_bulk(items)
    }

    fn pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        self.try_pop_bulk(items, max)
    }
}

/// A queue without bulk calls: how it is made, how it pushes, and what it pops.
macro_rules! singles {
    ($queue:ty $(where T: $bound:path)?, $new:path, $push:path, $pop:expr) => {
        impl<T: Payload $(+ $bound)?> Mpmc<T> for $queue {
            fn with_capacity(capacity: usize) -> Self {
                $new(capacity)
            }

            #[inline]
            fn push(&self, item: T) -> bool {
                $push(self, item).is_ok()
            }

            #[inline]
            fn pop(&self) -> Option<T> {
                $pop(self)
            }
        }
    };
}

singles!(ArrayQueue<T>, ArrayQueue::new, ArrayQueue::push, ArrayQueue::pop);
singles!(ConcurrentQueue<T>, ConcurrentQueue::bounded, ConcurrentQueue::push, |queue: &Self| queue.pop().ok());
// The queue under crossfire's channel, which the crate also offers by itself.
singles!(Array<T>, Array::new, Queue::push, Queue::pop);
// By value: its references to slots have no counterpart in queues that do not keep what was popped.
singles!(ThingBuf<T> where T: Default, ThingBuf::new, ThingBuf::push, ThingBuf::pop);
