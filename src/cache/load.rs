//! Loading through a [`Cache`]: one loader a key at a time, the others wait.

use std::borrow::ToOwned;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use super::cache::Spot;
use super::departed::Departed;
use super::flights::Step;
use super::held::this_thread;
use super::landing::{Landing, View};
use super::leadership::Leadership;
use super::read::Miss;
use super::{Cache, Equivalent, LoadError};
use crate::primitive::Arc;
use crate::time::Deadline;

/// What a call that may load finds first.
enum Hit<V> {
    Fresh(V),
    /// It lives, and is to be renewed.
    Worn(V),
    None,
}

impl<K: Hash + Eq, V: Clone, S: BuildHasher> Cache<K, V, S> {
    /// The value of `key`; where there is none, what `load` returns, which is stored.
    ///
    /// One loader runs for a key at a time. It runs in the thread that called, without a lock, and may use the cache for
    /// other keys; threads that ask for the same key meanwhile wait and share its value. Where it panics, the panic goes
    /// to its caller, and one of those who wait runs its own loader. Where the key is removed, inserted or invalidated
    /// while it loads, the value goes to those who had asked before, and is not stored.
    ///
    /// The time to live counts from the end of the load. A hit costs what [`get`](Self::get) costs. Near the end of a
    /// value's life, one caller may load while the others get the old value: see
    /// [`Builder::refresh_ahead`](super::Builder::refresh_ahead).
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
    #[inline]
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
    #[inline]
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
    #[inline]
    pub fn get_or_try_insert_with<E>(&self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>> {
        let spot = self.spot(&key);
        match self.hit(spot, &key) {
            Hit::Fresh(value) => Ok(value),
            Hit::Worn(value) => self.renew(spot, key, value, load),
            Hit::None => self.load(spot, key, Deadline::NEVER, load),
        }
    }

    /// [`get_or_try_insert_with`](Self::get_or_try_insert_with) for a borrowed key.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn get_or_try_insert_ref<Q, E>(&self, key: &Q, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let spot = self.spot(key);
        match self.hit(spot, key) {
            Hit::Fresh(value) => Ok(value),
            Hit::Worn(value) => self.renew(spot, key.to_owned(), value, load),
            Hit::None => self.load(spot, key.to_owned(), Deadline::NEVER, load),
        }
    }

    /// [`get_or_try_insert_with`](Self::get_or_try_insert_with) that waits no longer than `timeout` for the load of
    /// another thread. The time that `load` itself takes is its own.
    ///
    /// ```
    /// use bedplate::cache::{Cache, LoadError};
    /// use std::time::Duration;
    ///
    /// let cache: Cache<&str, u32> = Cache::new(10);
    /// cache.get_or_insert_with("slow", || {
    ///     let answer = std::thread::scope(|s| {
    ///         let impatient = || cache.get_or_try_insert_timeout("slow", Duration::ZERO, || Ok::<_, ()>(2));
    ///         s.spawn(impatient).join().unwrap()
    ///     });
    ///     assert_eq!(answer, Err(LoadError::Timeout));
    ///     1
    /// });
    /// ```
    ///
    /// # Errors
    ///
    /// As there, and [`LoadError::Timeout`].
    pub fn get_or_try_insert_timeout<E>(
        &self,
        key: K,
        timeout: Duration,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>> {
        let spot = self.spot(&key);
        match self.hit(spot, &key) {
            Hit::Fresh(value) => Ok(value),
            Hit::Worn(value) => self.renew(spot, key, value, load),
            Hit::None => self.load(spot, key, Deadline::after(&self.life.clock, timeout), load),
        }
    }

    #[inline]
    fn hit<Q: Equivalent<K> + ?Sized>(&self, spot: Spot, key: &Q) -> Hit<V> {
        let found = self
            .look_up(spot, key, Miss::IsNotFinal, |entry, now| (entry.value.clone(), self.life.is_worn(entry, now)));
        match found {
            Some((value, false)) => Hit::Fresh(value),
            Some((value, true)) => Hit::Worn(value),
            None => Hit::None,
        }
    }

    /// Loads a key that was missing, or waits for the load that is under way.
    #[cold]
    fn load<E>(
        &self,
        spot: Spot,
        key: K,
        deadline: Deadline,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>> {
        let (mut step, mut out) = self.join(spot, key, Miss::Counts);
        loop {
            (step, out) = match step {
                Step::Found(value) => return Ok(out.before(value)),
                Step::Recursive(_) => return Err(LoadError::Recursive),
                Step::Lead { id, spare } => {
                    // Before anything of the caller's is dropped, which may panic.
                    let leadership = Leadership::new(self, spot, id);
                    drop(out);
                    drop(spare);
                    let value = load().map_err(LoadError::Failed)?;
                    let (announcement, landed) = leadership.land(value.clone());
                    announcement.share(&value);
                    drop(landed);
                    return Ok(value);
                }
                Step::Wait { id, landing, key } => {
                    let seat = Seat { cache: self, spot, id };
                    drop(out);
                    match self.wait(&landing, deadline) {
                        Waited::Value(value) => return Ok(seat.give_up(value)),
                        Waited::Over => self.join(spot, seat.give_up(key), Miss::IsNotFinal),
                        Waited::Vacant => {
                            let pass_on = PassOn(&landing);
                            drop(seat);
                            let step = self.join(spot, key, Miss::IsNotFinal);
                            std::mem::forget(pass_on);
                            step
                        }
                        Waited::Recursive => return Err(LoadError::Recursive),
                        Waited::TimedOut => return Err(LoadError::Timeout),
                    }
                }
            };
        }
    }

    /// Loads a key anew whose value `old` still lives, unless another thread does. Where the loader fails, `old` stays, and
    /// is what the caller gets.
    #[cold]
    fn renew<E>(&self, spot: Spot, key: K, old: V, load: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>> {
        let mut out = self.departed();
        let led = self.change(spot.shard, &mut out, |shard, context, out| {
            let place = shard.find_live(spot.hash, &key, context, out);
            let now = context.life.clock.now();
            let worn =
                place.and_then(|place| shard.table.at(place)).is_some_and(|e| context.life.is_worn(e, Some(now)));
            let flight = shard.flights.find(spot.hash, &key);
            // Where it is gone, or new, the old value is still an answer.
            (worn && flight.is_none()).then(|| shard.flights.lead(spot.hash, key, this_thread()))
        });
        let Some(id) = led else { return Ok(out.before(old)) };
        let leadership = Leadership::new(self, spot, id);
        drop(out);
        let Ok(value) = load() else { return Ok(old) };
        let (announcement, landed) = leadership.land(value.clone());
        announcement.share(&value);
        drop(landed);
        Ok(value)
    }

    /// Looks again, and joins the load of `key` or begins one.
    fn join(&self, spot: Spot, key: K, miss: Miss) -> (Step<K, V>, Departed<'_, K, V>) {
        let mut out = self.departed();
        let step = self.change(spot.shard, &mut out, |shard, context, out| {
            let found = shard.find_live(spot.hash, &key, context, out);
            if miss == Miss::Counts {
                shard.counts.look_up(found.is_some());
            }
            if let Some(entry) = found.and_then(|place| shard.table.at(place)) {
                return Step::Found(entry.value.clone());
            }
            let flight = shard.flights.find(spot.hash, &key);
            shard.flights.join(flight, spot.hash, key, this_thread())
        });
        (step, out)
    }

    /// Waits for the load that lands at `landing`, which the caller has joined.
    pub(super) fn wait(&self, landing: &Arc<Landing<V>>, deadline: Deadline) -> Waited<V> {
        // On record until this returns: who takes a load over does not wait.
        let Some(_waiting) = self.waits.enter(landing) else { return Waited::Recursive };
        let mut in_time = true;
        loop {
            match landing.view() {
                // Looked at once more after the deadline: it may have ended at the last moment.
                View::Loading if !in_time => return Waited::TimedOut,
                View::Loading => in_time = landing.wait(&self.life.clock, deadline),
                View::Value(value) => return Waited::Value(value.clone()),
                View::Over => return Waited::Over,
                View::Vacant => return Waited::Vacant,
            }
        }
    }
}

/// The place of a thread that waits for a load. Dropped, the load is left.
pub(super) struct Seat<'a, K, V, S> {
    pub(super) cache: &'a Cache<K, V, S>,
    pub(super) spot: Spot,
    pub(super) id: u64,
}

impl<K, V, S> Seat<'_, K, V, S> {
    /// The load is over, and its seats with it.
    pub(super) fn give_up<R>(self, result: R) -> R {
        std::mem::forget(self);
        result
    }
}

impl<K, V, S> Drop for Seat<'_, K, V, S> {
    fn drop(&mut self) {
        let mut out = self.cache.departed();
        // Given back where nobody is left to lead the load.
        let ended = self.cache.change(self.spot.shard, &mut out, |shard, _, _| shard.flights.leave(self.id));
        drop(ended);
    }
}

/// How a wait for a load ended.
#[derive(Debug)]
pub(super) enum Waited<V> {
    Value(V),
    /// Without a value: start again.
    Over,
    /// The loader failed: one of those who wait leads on.
    Vacant,
    /// The load waits for the caller.
    Recursive,
    TimedOut,
}

/// Wakes another of those who wait, where an `Eq` or a `Clone` panicked in the thread that was woken to lead on.
pub(super) struct PassOn<'a, V>(pub(super) &'a Landing<V>);

impl<V> Drop for PassOn<'_, V> {
    fn drop(&mut self) {
        self.0.wake_one();
    }
}

fn infallible<V>(result: Result<V, LoadError<Infallible>>) -> V {
    match result {
        Ok(value) => value,
        Err(LoadError::Failed(never)) => match never {},
        Err(LoadError::Recursive | LoadError::Timeout) => recursive(),
    }
}

#[cold]
pub(super) fn recursive() -> ! {
    panic!("bedplate::cache::Cache: a loader waits for the key it loads")
}
