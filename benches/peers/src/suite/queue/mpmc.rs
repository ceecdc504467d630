//! The many-to-many queues under one set of names.

use bedplate::queue::Bounded;
use concurrent_queue::ConcurrentQueue;
use crossbeam::queue::ArrayQueue;

/// A bounded queue whose calls do not wait.
pub trait Mpmc: Sync {
    /// An empty queue.
    fn with_capacity(capacity: usize) -> Self;
    /// Whether there was room.
    fn push(&self, value: u64) -> bool;
    /// The oldest, if there is one.
    fn pop(&self) -> Option<u64>;

    /// Moves items from the front of `items` into the queue, as many as there is room for.
    fn push_bulk(&self, items: &mut Vec<u64>) -> usize {
        let pushed = items.iter().take_while(|&&value| self.push(value)).count();
        items.drain(..pushed);
        pushed
    }

    /// Moves up to `max` items from the queue to the end of `items`.
    fn pop_bulk(&self, items: &mut Vec<u64>, max: usize) -> usize {
        let before = items.len();
        items.extend((0..max).map_while(|_| self.pop()));
        items.len() - before
    }
}

impl Mpmc for Bounded<u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity)
    }

    #[inline]
    fn push(&self, value: u64) -> bool {
        self.try_push(value).is_ok()
    }

    #[inline]
    fn pop(&self) -> Option<u64> {
        self.try_pop().ok()
    }

    fn push_bulk(&self, items: &mut Vec<u64>) -> usize {
        self.try_push_bulk(items)
    }

    fn pop_bulk(&self, items: &mut Vec<u64>, max: usize) -> usize {
        self.try_pop_bulk(items, max)
    }
}

impl Mpmc for ArrayQueue<u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity)
    }

    #[inline]
    fn push(&self, value: u64) -> bool {
        ArrayQueue::push(self, value).is_ok()
    }

    #[inline]
    fn pop(&self) -> Option<u64> {
        ArrayQueue::pop(self)
    }
}

impl Mpmc for ConcurrentQueue<u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::bounded(capacity)
    }

    #[inline]
    fn push(&self, value: u64) -> bool {
        ConcurrentQueue::push(self, value).is_ok()
    }

    #[inline]
    fn pop(&self) -> Option<u64> {
        ConcurrentQueue::pop(self).ok()
    }
}
