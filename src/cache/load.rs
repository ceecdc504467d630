//! Loading through a [`Cache`]: one loader a key at a time, the others wait.

use std::borrow::ToOwned;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hash};

use super::flights::{Abandoned, Step};
use super::held::this_thread;
use super::landing::{Landing, View};
use super::{Cache, Equivalent, LoadError};
use crate::primitive::Arc;

impl<K: Hash + Eq, V: Clone, S: BuildHasher> Cache<K, V, S> {
    /// The value of `key`; where there is none, what `load` returns, which is stored.
    ///
    /// One loader runs for a key at a time. It runs in the thread that called, without a lock, and may use the cache for
    /// other keys; threads that ask for the same key meanwhile wait and share its value. Where it panics, the panic goes
    /// to its caller, and one of those who wait runs its own loader. Where the key is removed, inserted or invalidated
    /// while it loads, the value goes to those who had asked before, and is not stored.
    ///
    /// The time to live counts from the end of the load. A hit costs what [`get`](Self::get) costs.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let squares: Cache<u64, u64> = Cache::new(100);
    /// std::thread::scope(|s| {
    ///     for _ in 0..4 {
    ///         s.spawn(|| assert_eq!(squares.get_or_insert_with(12, || 12 * 12), 144));
    ///     }
    /// });
    /// assert_eq!(squares.stats().loads, 1);
    /// ```
    ///
    /// # Panics
    ///
    /// Where the call would wait for a load that waits for it ([`LoadError::Recursive`]); the panic says so.
    pub fn get_or_insert_with(&self, key: K, load: impl FnOnce() -> V) -> V {
        infallible(self.get_or_try_insert_with(key, || Ok(load())))
    }

    /// [`get_or_insert_with`](Self::get_or_insert_with) for a key that is borrowed, and is made an owned one only on a
    /// miss.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let lengths: Cache<Vec<u8>, usize> = Cache::new(100);
    /// let line: &[u8] = b"GET /";
    /// assert_eq!(lengths.get_or_insert_ref(line, || line.len()), 5);
    /// assert_eq!(lengths.get(line), Some(5));
    /// ```
    ///
    /// # Panics
    ///
    /// As [`get_or_insert_with`](Self::get_or_insert_with).
    pub fn get_or_insert_ref<Q>(&self, key: &Q, load: impl FnOnce() -> V) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        infallible(self.get_or_try_insert_ref(key, || Ok(load())))
    }

    /// [`get_or_insert_with`](Self::get_or_insert_with) with a loader that may fail. Its error goes to its caller and
    /// is not stored; one of those who wait then runs its own loader.
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] where `load` ran and failed, [`LoadError::Recursive`] where the call would wait for a
    /// load that waits for it. Circles of waits through the loads of several caches are not seen.
    pub fn get_or_try_insert_with<E>(&self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>> {
        let hash = self.hash(&key);
        let mut expired = None;
        let mut shard = self.lock(hash);
        if let Some(value) = shard.look_up(hash, &key, &self.clock, &mut expired) {
            return Ok(value.clone());
        }
        let flight = shard.flights.find(hash, &key);
        let step = shard.flights.join(flight, hash, key, this_thread());
        drop(shard);
        self.load(hash, step, load)
    }

    /// [`get_or_try_insert_with`](Self::get_or_try_insert_with) for a borrowed key.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_or_try_insert_ref<Q, E>(&self, key: &Q, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.hash(key);
        {
            let mut expired = None;
            let mut shard = self.lock(hash);
            if let Some(value) = shard.look_up(hash, key, &self.clock, &mut expired) {
                return Ok(value.clone());
            }
        }
        let step = self.join(hash, key.to_owned());
        self.load(hash, step, load)
    }

    /// Does `step` and those that follow.
    #[cold]
    fn load<E>(&self, hash: u64, mut step: Step<K, V>, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>> {
        loop {
            step = match step {
                Step::Found(value) => return Ok(value),
                Step::Recursive(_) => return Err(LoadError::Recursive),
                Step::Lead { id, spare } => {
                    let leadership = Leadership { cache: self, hash, id, landed: false };
                    drop(spare);
                    let value = load().map_err(LoadError::Failed)?;
                    leadership.land(value.clone(), &value);
                    return Ok(value);
                }
                Step::Wait { id, landing, key } => self.wait(hash, id, &landing, key),
            };
        }
    }

    /// Looks again, and joins the load of `key` or begins one.
    fn join(&self, hash: u64, key: K) -> Step<K, V> {
        let mut shard = self.lock(hash);
        if let Some(value) = shard.peek(hash, &key, &self.clock) {
            return Step::Found(value.clone());
        }
        let flight = shard.flights.find(hash, &key);
        shard.flights.join(flight, hash, key, this_thread())
    }

    /// Waits for the load `id`, which the caller has joined.
    fn wait(&self, hash: u64, id: u64, landing: &Arc<Landing<V>>, key: K) -> Step<K, V> {
        let Some(waiting) = self.waits.enter(landing) else {
            self.leave(hash, id);
            return Step::Recursive(key);
        };
        loop {
            match landing.view() {
                View::Loading => landing.wait(),
                View::Value(value) => return Step::Found(value.clone()),
                View::Over => return self.join(hash, key),
                View::Vacant => break,
            }
        }
        // Before the load may be taken over: who leads does not wait.
        drop(waiting);
        let pass_on = PassOn(landing);
        self.leave(hash, id);
        let step = self.join(hash, key);
        std::mem::forget(pass_on);
        step
    }

    fn leave(&self, hash: u64, id: u64) {
        let ended = self.lock(hash).flights.leave(id);
        drop(ended);
    }
}

/// Ends the load that the calling thread leads, with a value or, dropped, without.
struct Leadership<'a, K, V, S> {
    cache: &'a Cache<K, V, S>,
    hash: u64,
    id: u64,
    landed: bool,
}

impl<K: Eq, V: Clone, S> Leadership<'_, K, V, S> {
    /// Stores `stored`, unless the load was cancelled, and shares `value` with those who wait.
    fn land(mut self, stored: V, value: &V) {
        let cache = self.cache;
        let due = cache.due(cache.ttl);
        // In this order: the lock is released first, then those who wait are woken, then the old entries dropped.
        let (_displaced, _spare);
        let mut announcement = Announcement { landing: None };
        {
            let flight;
            let mut shard = cache.lock(self.hash);
            flight = shard.flights.land(self.id);
            self.landed = true;
            announcement.landing = flight.landing;
            shard.counts.loads += 1;
            match due.filter(|_| !flight.cancelled) {
                Some(due) => {
                    let found = shard.find(self.hash, &flight.key);
                    _displaced = shard.store(found, self.hash, flight.key, stored, due, &cache.clock);
                }
                None => _spare = (flight.key, stored),
            }
        }
        if let Some(landing) = &announcement.landing {
            landing.share(value.clone());
        }
    }
}

impl<K, V, S> Drop for Leadership<'_, K, V, S> {
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        let abandoned = self.cache.lock(self.hash).flights.abandon(self.id);
        match abandoned {
            Abandoned::HandedOver(landing) => landing.wake_one(),
            Abandoned::Ended(flight) => flight.close(),
        }
    }
}

/// Wakes those who wait for a landed load, also where a `Clone` or an `Eq` panicked on the way: then they start again.
struct Announcement<V> {
    landing: Option<Arc<Landing<V>>>,
}

impl<V> Drop for Announcement<V> {
    fn drop(&mut self) {
        if let Some(landing) = &self.landing {
            landing.close();
        }
    }
}

/// Wakes another of those who wait, where an `Eq` or a `Clone` panicked in the thread that was woken to lead on.
struct PassOn<'a, V>(&'a Landing<V>);

impl<V> Drop for PassOn<'_, V> {
    fn drop(&mut self) {
        self.0.wake_one();
    }
}

fn infallible<V>(result: Result<V, LoadError<Infallible>>) -> V {
    match result {
        Ok(value) => value,
        Err(LoadError::Failed(never)) => match never {},
        Err(LoadError::Recursive) => panic!("bedplate::cache::Cache: a loader waits for the key it loads"),
    }
}
