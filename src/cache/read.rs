//! Looking up.

use std::hash::{BuildHasher, Hash};

use super::cache::Spot;
use super::entry::Entry;
use super::shard::Look;
use super::{Cache, Equivalent, Policy};
use crate::sync::{known_thread_slot, thread_slot};
use crate::time::Instant;

/// Whether a look-up that finds nothing is one that [`Stats::misses`](super::Stats::misses) counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    Counts,
    /// The caller looks again, and counts then.
    IsNotFinal,
}

impl<K, V, S: BuildHasher> Cache<K, V, S> {
    /// The value of `key`, cloned, where there is a live one.
    ///
    /// The key may come in any form that is [`Equivalent`] and hashes the same, as `&str` for `String`.
    ///
    /// # Panics
    ///
    /// Where it is called from inside `Eq`, `Clone` or a [`get_with`](Self::get_with) closure of the same cache, as every
    /// other method.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.get_with(key, V::clone)
    }

    /// What `read` makes of the value of `key`, where there is a live one: for values that are dear to clone.
    ///
    /// `read` keeps writers from a shard: threads that write there wait for it. It must not use this cache.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache: Cache<u32, Vec<u8>> = Cache::new(10);
    /// cache.insert(1, vec![0; 4096]);
    /// assert_eq!(cache.get_with(&1, Vec::len), Some(4096));
    /// ```
    ///
    /// # Panics
    ///
    /// Where `read` uses this cache: the panic comes from that use, and the cache stays whole.
    #[inline]
    pub fn get_with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.look_up(self.spot(key), key, Miss::Counts, |entry, _| read(&entry.value))
    }

    /// What `read` makes of the live entry of `key`, and of the time where it matters.
    #[inline]
    pub(super) fn look_up<Q, R>(
        &self,
        spot: Spot,
        key: &Q,
        miss: Miss,
        read: impl FnOnce(&Entry<K, V>, Option<Instant>) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        if self.policy == Policy::Lru {
            // Strict order is written by every hit.
            return self.look_up_alone(spot, key, miss, read);
        }
        let now = if self.is_timeless() { None } else { Some(self.life.clock.now()) };
        match self.try_look_up(spot, key, miss, now, read) {
            Ok(found) => found,
            Err(read) => self.look_up_slow(spot, key, miss, read),
        }
    }

    /// A look-up with nothing in its way, which gives `read` back where there is. It calls no function but `read`: what a
    /// function saves before it calls others would have to reach the cache before the locked instruction in here ends.
    #[inline]
    fn try_look_up<Q, R, F>(
        &self,
        spot: Spot,
        key: &Q,
        miss: Miss,
        now: Option<Instant>,
        read: F,
    ) -> Result<Option<R>, F>
    where
        Q: Equivalent<K> + ?Sized,
        F: FnOnce(&Entry<K, V>, Option<Instant>) -> R,
    {
        let Some(_held) = self.hold_first() else { return Err(read) };
        let Some(thread) = known_thread_slot() else { return Err(read) };
        let Some(visit) = self.locks.try_visit(thread, spot.shard) else { return Err(read) };
        match visit.value().look(spot.hash, key, &self.life, self.epoch(), now) {
            Look::Live(entry) => {
                visit.slot().count(true);
                Ok(Some(read(entry, now)))
            }
            Look::Absent => {
                if miss == Miss::Counts {
                    visit.slot().count(false);
                }
                Ok(None)
            }
            Look::Dead => Err(read),
        }
    }

    /// A look-up that may wait.
    #[cold]
    fn look_up_slow<Q, R>(
        &self,
        spot: Spot,
        key: &Q,
        miss: Miss,
        read: impl FnOnce(&Entry<K, V>, Option<Instant>) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let held = self.hold();
        if let Some(visit) = self.locks.visit(thread_slot().unwrap_or(0), spot.shard) {
            let now = Some(self.life.clock.now());
            match visit.value().look(spot.hash, key, &self.life, self.epoch(), now) {
                Look::Live(entry) => {
                    visit.slot().count(true);
                    return Some(read(entry, now));
                }
                Look::Absent => {
                    if miss == Miss::Counts {
                        visit.slot().count(false);
                    }
                    return None;
                }
                Look::Dead => {}
            }
        }
        drop(held);
        self.look_up_alone(spot, key, miss, read)
    }

    /// Looks up as a writer: takes out what is dead, and keeps strict order.
    #[cold]
    fn look_up_alone<Q, R>(
        &self,
        spot: Spot,
        key: &Q,
        miss: Miss,
        read: impl FnOnce(&Entry<K, V>, Option<Instant>) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut out = self.departed();
        let found = self.change(spot.shard, &mut out, |shard, context, out| {
            let place = shard.find_live(spot.hash, key, context, out);
            if place.is_some() || miss == Miss::Counts {
                shard.counts.look_up(place.is_some());
            }
            let entry = shard.touch(place?, context.life)?;
            Some(read(entry, context.life.now_for(entry)))
        });
        out.before(found)
    }

    /// What `read` makes of the value of `key`, where there is a live one. Counts as no look-up, and does not keep the entry
    /// from eviction, nor from being idle.
    ///
    /// `read` runs as in [`get_with`](Self::get_with).
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache: Cache<u32, String> = Cache::new(10);
    /// cache.insert(1, "one".to_owned());
    /// assert_eq!(cache.peek(&1, String::clone), Some("one".to_owned()));
    /// assert_eq!(cache.stats().hits, 0);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`get_with`](Self::get_with).
    pub fn peek<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let spot = self.spot(key);
        self.visit(spot.shard, |shard| {
            shard.peek(spot.hash, key, &self.life, self.epoch()).map(|entry| read(&entry.value))
        })
    }

    /// Whether there is a live entry for `key`. Counts as no look-up, and does not keep the entry from eviction.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.peek(key, |_| ()).is_some()
    }
}

impl<K: Clone, V: Clone, S> Cache<K, V, S> {
    /// The live entries, cloned, in no order. Counts as no look-up.
    ///
    /// Shards are cloned one after the other as the iterator comes to them: an entry that stays is met once, one that comes
    /// or goes meanwhile may be met or not.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache: Cache<u32, u32> = Cache::new(10);
    /// (0..3).for_each(|n| _ = cache.insert(n, n * n));
    /// let mut entries: Vec<_> = cache.iter().collect();
    /// entries.sort();
    /// assert_eq!(entries, [(0, 0), (1, 1), (2, 4)]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (K, V)> {
        (0..self.locks.len()).flat_map(|index| {
            self.visit(index, |shard| {
                let live = |entry: &&super::entry::Entry<K, V>| shard.is_live(entry, &self.life);
                let up_to_date = shard.epoch == self.epoch();
                let entries = shard.table.iter().filter(|_| up_to_date).filter(live);
                entries.map(|entry| (entry.key.clone(), entry.value.clone())).collect::<Vec<_>>()
            })
        })
    }
}
