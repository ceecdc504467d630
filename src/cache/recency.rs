use std::time::Duration;

use foldhash::fast::FixedState;
use lru::LruCache;

use super::entry::Mark;
use super::table::Table;
use crate::time::Instant;

/// Strict least-recently-used order, kept by the crate [`lru`] over numbers that stand for the entries.
///
/// The marks of the entries are these numbers. No key is in here, so no user code runs in here.
pub(super) struct Recency {
    order: LruCache<u64, Use, FixedState>,
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    hash: u32,
    at: Instant,
}

impl Recency {
    pub(super) fn new() -> Self {
        Self { order: LruCache::unbounded_with_hasher(FixedState::default()), next: 0 }
    }

    /// The mark of a new entry, which is the most recently used.
    pub(super) fn admit(&mut self, hash: u32) -> Mark {
        let number = self.next;
        self.next += 1; // 2^64 insertions do not come.
        self.order.put(number, Use { hash, at: Instant::default() });
        Mark::numbered(number)
    }

    /// The entry of `mark` was used.
    pub(super) fn touch(&mut self, mark: Mark) {
        self.order.promote(&mark.number());
    }

    pub(super) fn used_at(&mut self, mark: Mark, now: Instant) {
        if let Some(last) = self.order.peek_mut(&mark.number()) {
            last.at = now;
        }
    }

    pub(super) fn idle(&self, mark: Mark, now: Instant) -> Duration {
        self.order.peek(&mark.number()).map_or(Duration::ZERO, |last| now - last.at)
    }

    /// The place of the least recently used entry.
    pub(super) fn victim<K, V>(&self, table: &Table<K, V>) -> Option<usize> {
        let (&number, last) = self.order.peek_lru()?;
        table.find_by(last.hash, |entry| entry.mark().number() == number)
    }

    pub(super) fn left(&mut self, mark: Mark) {
        self.order.pop(&mark.number());
    }

    /// The numbers from the least recently used on.
    #[cfg(any(test, fuzzing))]
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.order.iter().rev().map(|(&number, _)| number)
    }
}

impl std::fmt::Debug for Recency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recency").field("len", &self.order.len()).finish_non_exhaustive()
    }
}
