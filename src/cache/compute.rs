use std::hash::{BuildHasher, Hash};

use super::Cache;
use super::flights::Step;
use super::held::this_thread;
use super::leadership::{Ending, Landed, Leadership};
use super::load::{PassOn, Seat, Waited, recursive};
use crate::time::Deadline;

/// What [`Cache::compute`] is to do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compute<V> {
    /// Store this value.
    Put(V),
    /// Take the entry out.
    Remove,
    /// Leave all as it is.
    Keep,
}

impl<K: Hash + Eq, V: Clone, S: BuildHasher> Cache<K, V, S> {
    /// Changes the entry of `key` by a function of its live value, and returns the value that is there then.
    ///
    /// For the key this is atomic: `change` runs in the calling thread without a lock, one such call or load for a key at a
    /// time, and where the key is inserted, removed or invalidated meanwhile, `change` is asked again, with the new value.
    /// Where it panics, nothing changes. It may use the cache for other keys. A value that is not stored, since it is heavier
    /// than the cache or has no time to live, takes the old one with it. [`Stats::loads`](super::Stats::loads) counts each
    /// run of `change`.
    ///
    /// ```
    /// use bedplate::cache::{Cache, Compute};
    ///
    /// let counts: Cache<&str, u32> = Cache::new(10);
    /// std::thread::scope(|s| {
    ///     for _ in 0..4 {
    ///         s.spawn(|| counts.compute("hits", |count| Compute::Put(count.unwrap_or(0) + 1)));
    ///     }
    /// });
    /// assert_eq!(counts.get("hits"), Some(4));
    /// ```
    ///
    /// # Panics
    ///
    /// Where the call would wait for a load or a computation that waits for it; the panic says so.
    pub fn compute(&self, key: K, mut change: impl FnMut(Option<V>) -> Compute<V>) -> Option<V> {
        let spot = self.spot(&key);
        let mut key = key;
        loop {
            let mut out = self.departed();
            let (step, current) = self.change(spot.shard, &mut out, |shard, context, out| {
                let found = shard.find_live(spot.hash, &key, context, out);
                let flight = shard.flights.find(spot.hash, &key);
                let current = found.and_then(|place| shard.table.at(place)).map(|entry| entry.value.clone());
                (shard.flights.join(flight, spot.hash, key, this_thread()), current)
            });
            key = match step {
                Step::Lead { id, spare } => {
                    // Before anything of the caller's is dropped, which may panic.
                    let leadership = Leadership::new(self, spot, id);
                    drop(out);
                    drop(spare);
                    match change(current) {
                        Compute::Put(value) => match leadership.land(value.clone()) {
                            (announcement, Landed::Stored) => {
                                announcement.share(&value);
                                return Some(value);
                            }
                            (_, Landed::Refused) => return None,
                            (_, Landed::Cancelled(key, _)) => key,
                        },
                        Compute::Remove => match leadership.end(Ending::Remove) {
                            Ok(_) => return None,
                            Err(key) => key,
                        },
                        Compute::Keep => match leadership.end(Ending::Keep) {
                            Ok(kept) => return kept,
                            Err(key) => key,
                        },
                    }
                }
                Step::Wait { id, landing, key } => {
                    let seat = Seat { cache: self, spot, id };
                    drop(out);
                    match self.wait(&landing, Deadline::NEVER) {
                        Waited::Value(_) | Waited::Over => seat.give_up(key),
                        Waited::Vacant | Waited::TimedOut => {
                            // Whoever comes first leads on: this thread, if no other does.
                            let pass_on = PassOn(&landing);
                            drop(seat);
                            drop(pass_on);
                            key
                        }
                        Waited::Recursive => recursive(),
                    }
                }
                Step::Recursive(_) => recursive(),
                Step::Found(_) => unreachable!("a join finds no value"),
            };
        }
    }
}
