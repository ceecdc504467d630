//! What goes over the whole cache.

use std::sync::atomic::Ordering;

use super::budget::Budget;
use super::{Cache, Cause};

/// How many places a purge looks at before it lets others into the shard.
const PURGE_AT_ONCE: usize = 256;

/// A shard, in the upper 16 bits, and a turn in it.
#[derive(Clone, Copy, Debug)]
struct Cursor(u64);

impl Cursor {
    const SHIFT: u32 = 48;

    fn new(shard: usize, turn: usize) -> Self {
        Self((shard as u64) << Self::SHIFT | turn as u64 & ((1 << Self::SHIFT) - 1))
    }

    fn shard(self) -> usize {
        (self.0 >> Self::SHIFT) as usize
    }

    fn turn(self) -> usize {
        (self.0 & ((1 << Self::SHIFT) - 1)) as usize
    }
}

impl<K, V, S> Cache<K, V, S> {
    /// Makes every entry dead, in O(1).
    ///
    /// What was stored before the call is not found any more once it has returned, and a load that was under way stores
    /// nothing (its callers still get its value). The entries are dropped when their shard is next written, and before
    /// any that is alive has to make room for another; [`purge_expired`](Self::purge_expired) drops them too.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache: Cache<u32, u32> = Cache::new(10);
    /// cache.insert(1, 1);
    /// cache.invalidate_all();
    /// assert!(cache.is_empty());
    /// ```
    pub fn invalidate_all(&self) {
        self.advance_epoch();
    }

    /// Looks at up to `budget` places for entries whose time is over, and drops them; says how many. The next call goes on
    /// where this one ends. With `usize::MAX` it looks at every entry once.
    ///
    /// There is no need to call this: expired entries are never returned, and go first when room is needed. It frees
    /// their memory before that, and that of [invalidated](Self::invalidate_all) ones, whose shard counts as one place. A shard is
    /// locked for up to 256 places at a time, and where nothing can have expired it is passed without a lock.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    /// use bedplate::time::Manual;
    /// use std::time::Duration;
    ///
    /// let time = Manual::new();
    /// let cache: Cache<u32, u32> = Cache::builder(100).ttl(Duration::from_secs(1)).clock(time.clone()).build();
    /// (0..100).for_each(|n| _ = cache.insert(n, n));
    /// time.advance(Duration::from_secs(1));
    /// assert_eq!(cache.purge_expired(usize::MAX), 100);
    /// ```
    pub fn purge_expired(&self, budget: usize) -> usize {
        // Relaxed, here and below: two purges at once look at some places twice, or leave some to the next.
        let start = Cursor(self.purge.load(Ordering::Relaxed));
        let (mut shard, mut turn) = (start.shard() % self.locks.len(), start.turn());
        let (mut left, mut purged, mut round) = (budget, 0, 0);
        // The first shard is begun in the middle, and ended at the last.
        while left != 0 && round <= self.locks.len() {
            let end = if round == self.locks.len() { start.turn() } else { usize::MAX };
            let idle = self.visit(shard, |shard| shard.epoch == self.epoch() && !shard.expiry.is_possible(&self.life));
            let mut is_through = idle || turn >= end;
            if !is_through {
                let most = left.min(PURGE_AT_ONCE).min(end - turn);
                let mut out = self.departed();
                let looked = self.change(shard, &mut out, |shard, context, out| {
                    let turns = turn..shard.table.places().min(turn.saturating_add(most));
                    turns.clone().for_each(|turn| shard.purge(turn, context, out));
                    turns.len()
                });
                purged += out.len();
                left -= looked.max(usize::from(out.len() != 0)).min(left);
                turn += looked;
                is_through = looked < most || turn >= end;
            }
            if is_through {
                (shard, turn, round) = ((shard + 1) % self.locks.len(), 0, round + 1);
            }
        }
        self.purge.store(Cursor::new(shard, turn).0, Ordering::Relaxed);
        purged
    }

    /// Drops the entries for which `keep` says no, and tells the listener.
    ///
    /// `keep` sees each live entry of a shard under the shard's lock, as the closure of
    /// [`get_with`](Self::get_with). Where it panics, the entries of that shard and of those after it stay.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache: Cache<u32, u32> = Cache::new(10);
    /// (0..6).for_each(|n| _ = cache.insert(n, n));
    /// cache.retain(|_, value| value % 2 == 0);
    /// assert_eq!(cache.len(), 3);
    /// ```
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        for index in 0..self.locks.len() {
            let mut out = self.departed();
            self.change(index, &mut out, |shard, context, out| {
                let entries = (0..shard.table.places()).filter_map(|place| Some((place, shard.table.at(place)?)));
                let live = entries.filter(|(_, entry)| shard.is_live(entry, context.life));
                let gone: Vec<_> =
                    live.filter(|(_, entry)| !keep(&entry.key, &entry.value)).map(|(place, _)| place).collect();
                // No user code from here on.
                for place in gone {
                    shard.drop_at(place, Cause::Invalidated, context, out);
                }
            });
        }
    }

    /// Changes the capacity. Where it shrinks, entries go until it is met, the heaviest shard's first.
    ///
    /// Other threads that store meanwhile take part in no more than their own places, so that it ends.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache: Cache<u32, u32> = Cache::new(100);
    /// (0..100).for_each(|n| _ = cache.insert(n, n));
    /// cache.resize(10);
    /// assert_eq!((cache.len(), cache.capacity()), (10, 10));
    /// ```
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero, or above `i64::MAX`.
    pub fn resize(&self, capacity: usize) {
        if self.budget.resize(Budget::check(capacity)) {
            if self.is_behind() {
                self.reclaim(0, &mut self.departed());
            }
            loop {
                let free = self.budget.free();
                if free >= 0 || !self.shed_richest(free.unsigned_abs(), None, &mut self.departed()) {
                    break;
                }
            }
        }
    }
}
