use super::held::this_thread;
use super::landing::Landing;
use crate::primitive::{Arc, Mutex};

/// Which threads wait for which loads, so that a circle of them is refused where it would close.
///
/// A thread waits for one load at a time, and a load is led by one thread, so from any wait one path leads on. A circle
/// can only close with a new wait: who takes over a load does not wait. Every wait is checked under one lock; it is on no
/// path but that of a thread about to sleep.
#[derive(Debug)]
pub(super) struct Waits<V> {
    pub(super) waits: Mutex<Vec<Wait<V>>>,
}

#[derive(Debug)]
pub(super) struct Wait<V> {
    thread: usize,
    landing: Arc<Landing<V>>,
}

/// Keeps the calling thread in the list while it lives.
#[must_use = "the wait is on record only while this lives"]
#[derive(Debug)]
pub(super) struct Waiting<'a, V> {
    waits: &'a Waits<V>,
    thread: usize,
}

impl<V> Waits<V> {
    pub(super) fn new() -> Self {
        Self { waits: Mutex::new(Vec::new()) }
    }

    /// Puts on record that the calling thread is about to wait at `landing`; `None` where the wait would not end.
    pub(super) fn enter(&self, landing: &Arc<Landing<V>>) -> Option<Waiting<'_, V>> {
        let thread = this_thread();
        let mut waits = self.waits.lock();
        let mut next = landing;
        // Ends: the waits on record form no circle.
        loop {
            let leader = next.leader();
            if leader == thread {
                return None;
            }
            match waits.iter().find(|wait| wait.thread == leader) {
                Some(wait) => next = &wait.landing,
                None => break,
            }
        }
        waits.push(Wait { thread, landing: Arc::clone(landing) });
        Some(Waiting { waits: self, thread })
    }
}

impl<V> Drop for Waiting<'_, V> {
    fn drop(&mut self) {
        let wait = {
            let mut waits = self.waits.waits.lock();
            let at = waits.iter().position(|wait| wait.thread == self.thread);
            at.map(|at| waits.swap_remove(at))
        };
        // Outside the lock: the last of them drops the value.
        drop(wait);
    }
}
