//! Storing and taking out.

use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use super::cache::Spot;
use super::departed::Departed;
use super::shard::Terms;
use super::{Cache, Cause, Equivalent, TooHeavy};

impl<K: Hash + Eq, V, S: BuildHasher> Cache<K, V, S> {
    /// Stores `value` for `key` and returns the live value it replaces. It lives as long as [`Builder::expire_by`] says,
    /// else [`Builder::ttl`].
    ///
    /// Where the cache is full, others go first: expired ones, else [by policy](super#the-policy). Where `key` was there,
    /// the old key stays and the new one is dropped. A load of `key` that is under way will not store over `value`.
    ///
    /// A pair that alone is heavier than the whole cache is not stored: what was there goes and is returned, the pair goes
    /// to the listener, and [`Stats::refused`](super::Stats::refused) counts it. [`try_insert`](Self::try_insert) gives it
    /// back instead.
    ///
    /// [`Builder::ttl`]: super::Builder::ttl
    /// [`Builder::expire_by`]: super::Builder::expire_by
    #[inline]
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        self.insert_for(key, value, None)
    }

    /// [`insert`](Self::insert) with a time to live of its own. With [`Duration::MAX`] the entry never expires; with
    /// zero nothing is stored, and what was there goes.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    /// use bedplate::time::Manual;
    /// use std::time::Duration;
    ///
    /// let time = Manual::new();
    /// let cache: Cache<&str, u32> = Cache::builder(10).clock(time.clone()).build();
    /// cache.insert_with_ttl("lease", 1, Duration::from_secs(5));
    /// time.advance(Duration::from_nanos(4_999_999_999));
    /// assert_eq!(cache.get("lease"), Some(1));
    /// time.advance(Duration::from_nanos(1));
    /// assert_eq!(cache.get("lease"), None);
    /// ```
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) -> Option<V> {
        self.insert_for(key, value, Some(ttl))
    }

    /// [`insert`](Self::insert) that gives a pair back that alone is heavier than the whole cache.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache = Cache::builder(100).weigher(|_: &u32, text: &String| text.len() as u32).build();
    /// assert_eq!(cache.try_insert(1, "a".repeat(100)).unwrap(), None);
    /// let refused = cache.try_insert(2, "b".repeat(101)).unwrap_err();
    /// assert_eq!(refused.weight(), 101);
    /// assert_eq!(refused.into_inner(), (2, "b".repeat(101)));
    /// assert!(cache.contains(&1));
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooHeavy`] with key and value; nothing has changed.
    pub fn try_insert(&self, key: K, value: V) -> Result<Option<V>, TooHeavy<K, V>> {
        let weight = self.weigh(&key, &value);
        let capacity = self.budget.capacity();
        if u64::from(weight) > capacity {
            return Err(TooHeavy::new(key, value, weight.into(), capacity));
        }
        Ok(self.insert_weighed(key, value, None, weight))
    }

    #[inline]
    fn insert_for(&self, key: K, value: V, ttl: Option<Duration>) -> Option<V> {
        let weight = self.weigh(&key, &value);
        self.insert_weighed(key, value, ttl, weight)
    }

    #[inline]
    fn insert_weighed(&self, key: K, value: V, ttl: Option<Duration>, weight: u32) -> Option<V> {
        let spot = self.spot(&key);
        let Some(due) = self.life.due(ttl, &key, &value) else {
            return self.remove_for(spot, key, value, Cause::Expired);
        };
        if u64::from(weight) > self.budget.capacity() {
            return self.remove_for(spot, key, value, Cause::TooHeavy);
        }
        self.note_end(due);
        let terms = Terms { hash: spot.hash, weight, due };
        let mut pair = Some((key, value));
        // Let go at the end, when the pair is stored.
        let mut out = self.departed();
        if self.is_behind() {
            self.reclaim(weight, &mut out);
        }
        loop {
            let stored = self.change(spot.shard, &mut out, |shard, context, out| {
                let Some((key, _)) = &pair else { return Ok(()) };
                shard.order.prefetch(spot.hash);
                let found = shard.find_live(spot.hash, key, context, out);
                let flight = shard.flights.find(spot.hash, key);
                // No user code from here on.
                shard.flights.cancel(flight, out);
                shard.store(found, &mut pair, terms, context, out)
            });
            let Err(wanted) = stored else { return out.before(pair).map(|(_, value)| value) };
            if !self.make_room(spot.shard, weight, wanted, &mut out) {
                // The cache was made smaller meanwhile.
                drop(out);
                return pair.and_then(|(key, value)| self.remove_for(spot, key, value, Cause::TooHeavy));
            }
        }
    }

    /// Takes the entry of `key` out, since the pair that is to replace it cannot stay.
    #[cold]
    fn remove_for(&self, spot: Spot, key: K, value: V, cause: Cause) -> Option<V> {
        let removed = self.remove_at(spot, &key, |_| true);
        let mut out = self.departed();
        self.change(spot.shard, &mut out, |shard, _, out| {
            shard.counts.departed(cause);
            out.push(key, value, cause);
        });
        out.before(removed).map(|(_, value)| value)
    }
}

impl<K, V, S> Cache<K, V, S> {
    /// Has shards other than `shard` let go until the `wanted` weight is free, for an entry of `weight` that `shard` is to store.
    /// What it holds itself it can let go itself. False where the entry is heavier than the whole cache.
    #[cold]
    pub(super) fn make_room(&self, shard: usize, weight: u32, wanted: u32, out: &mut Departed<'_, K, V>) -> bool {
        let wanted = i64::from(wanted);
        loop {
            let free = self.budget.free();
            if u64::from(weight) > self.budget.capacity() {
                return false;
            }
            if free >= wanted || !self.shed_richest((wanted - free) as u64, Some(shard), out) {
                return true;
            }
        }
    }

    /// Takes out what was there when the cache was last emptied, shard by shard, until `weight` is free: before anything that
    /// lives has to go for it.
    #[cold]
    pub(super) fn reclaim(&self, weight: u32, out: &mut Departed<'_, K, V>) {
        let epoch = self.epoch();
        for index in 0..self.locks.len() {
            if self.budget.free() >= i64::from(weight) {
                return;
            }
            if self.visit(index, |shard| shard.epoch != epoch) {
                self.change(index, out, |_, _, _| ());
            }
        }
        self.catch_up_with(epoch);
    }

    /// Has the heaviest shard, but for one, let go of some of the `wanted` weight. False where there was nothing to let go.
    pub(super) fn shed_richest(&self, wanted: u64, but: Option<usize>, out: &mut Departed<'_, K, V>) -> bool {
        let shards = self.locks.len() as u64;
        let held = (0..self.locks.len()).map(|index| self.visit(index, |shard| shard.held));
        let (mut richest, mut most, mut all) = (0, 0, 0);
        for (index, held) in held.enumerate().filter(|&(index, _)| Some(index) != but) {
            all += held;
            if held > most {
                (richest, most) = (index, held);
            }
        }
        if most == 0 {
            return false;
        }
        // Down to the mean at most, so that the shards stay alike, but not by ones where they are.
        let share = wanted.min((most - all / shards).max(wanted / shards).max(1));
        let before = self.budget.free();
        let shed = self.change(richest, out, |shard, context, out| shard.shed(share, context, out));
        shed != 0 || self.budget.free() > before
    }
}

impl<K, V, S: BuildHasher> Cache<K, V, S> {
    /// Takes the entry of `key` out and returns its value, unless it has expired.
    ///
    /// A load of `key` that is under way will store nothing; its callers still get its value.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.remove_at(self.spot(key), key, |_| true).map(|(_, value)| value)
    }

    /// [`remove`](Self::remove) where `condition` holds for the value, else nothing.
    ///
    /// `condition` runs under the lock of a shard, as the closure of [`get_with`](Self::get_with).
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache: Cache<&str, u32> = Cache::new(10);
    /// cache.insert("version", 7);
    /// assert_eq!(cache.remove_if("version", |&version| version < 7), None);
    /// assert_eq!(cache.remove_if("version", |&version| version == 7), Some(7));
    /// ```
    pub fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.remove_at(self.spot(key), key, condition).map(|(_, value)| value)
    }

    fn remove_at<Q>(&self, spot: Spot, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<(K, V)>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut out = self.departed();
        let removed = self.change(spot.shard, &mut out, |shard, context, out| {
            let found = shard.find_live(spot.hash, key, context, out);
            let flight = shard.flights.find(spot.hash, key);
            let removed = found.filter(|&place| shard.table.at(place).is_some_and(|entry| condition(&entry.value)));
            // No user code from here on.
            if removed.is_some() || found.is_none() {
                shard.flights.cancel(flight, out);
            }
            removed.map(|place| shard.remove(place, context))
        });
        out.before(removed)
    }
}
