use std::time::Duration;

use super::cache::Spot;
use super::departed::Departed;
use super::flights::{Abandoned, Flight};
use super::landing::Landing;
use super::shard::Terms;
use super::{Cache, Cause};
use crate::primitive::Arc;
use crate::time::Instant;

/// The load that the calling thread leads. It ends with a value or, dropped, without.
pub(super) struct Leadership<'a, K, V, S> {
    cache: &'a Cache<K, V, S>,
    spot: Spot,
    id: u64,
    since: Instant,
    ended: bool,
}

/// What is left to do once a load has ended: dropped, it wakes those who wait, and then lets go of what had to go.
pub(super) struct Announcement<'a, K, V> {
    landing: Option<Arc<Landing<V>>>,
    out: Departed<'a, K, V>,
}

/// What became of a value that was loaded.
#[derive(Debug)]
pub(super) enum Landed<K, V> {
    Stored,
    /// Too heavy, or with no time to live.
    Refused,
    /// The key was inserted, removed or invalidated meanwhile.
    Cancelled(K, V),
}

/// A value for which the cache is to make room in other shards.
struct NoRoom<V> {
    value: V,
    weight: u32,
    wanted: u32,
}

/// What a load ends as, beside a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Remove,
    Keep,
}

impl<'a, K, V, S> Leadership<'a, K, V, S> {
    pub(super) fn new(cache: &'a Cache<K, V, S>, spot: Spot, id: u64) -> Self {
        Self { cache, spot, id, since: cache.life.precise(), ended: false }
    }
}

impl<'a, K: Eq, V, S> Leadership<'a, K, V, S> {
    /// Ends the load and stores `value`.
    pub(super) fn land(mut self, mut value: V) -> (Announcement<'a, K, V>, Landed<K, V>) {
        let time = self.cache.life.precise() - self.since;
        let mut announcement = Announcement { landing: None, out: self.cache.departed() };
        if self.cache.is_behind() {
            // What it weighs is asked under the lock only.
            let most = if self.cache.is_weighed() { u32::MAX } else { 1 };
            self.cache.reclaim(most, &mut announcement.out);
        }
        loop {
            match self.try_land(value, time, &mut announcement) {
                Ok(landed) => return (announcement, landed),
                Err(NoRoom { value: refused, weight, wanted }) => {
                    value = refused;
                    // Where the cache has become too small for it, it will be refused.
                    self.cache.make_room(self.spot.shard, weight, wanted, &mut announcement.out);
                }
            }
        }
    }

    fn try_land(
        &mut self,
        value: V,
        time: Duration,
        announcement: &mut Announcement<'a, K, V>,
    ) -> Result<Landed<K, V>, NoRoom<V>> {
        let (cache, id, ended) = (self.cache, self.id, &mut self.ended);
        let Announcement { landing: announced, out } = announcement;
        cache.change(self.spot.shard, out, |shard, context, out| {
            let flight = shard.flights.led(id);
            let weight = cache.weigh(&flight.key, &value);
            let due = context.life.due(None, &flight.key, &value);
            let found = shard.table.find(flight.hash, &flight.key);
            // No user code from here on.
            let Flight { id, hash, key, leader, cancelled, waiting, landing } = shard.flights.land(id);
            *ended = true;
            if cancelled {
                shard.counts.loaded(time);
                *announced = landing;
                return Ok(Landed::Cancelled(key, value));
            }
            let refused = match due {
                _ if u64::from(weight) > context.budget.capacity() => Cause::TooHeavy,
                None => Cause::Expired,
                Some(due) => {
                    cache.note_end(due);
                    let terms = Terms { hash, weight, due };
                    let mut pair = Some((key, value));
                    let stored = shard.store(found, &mut pair, terms, context, out);
                    match (stored, pair) {
                        (Err(wanted), Some((key, value))) => {
                            *ended = false;
                            shard.flights.go_on(Flight { id, hash, key, leader, cancelled, waiting, landing });
                            return Err(NoRoom { value, weight, wanted });
                        }
                        (_, Some((key, value))) => out.push(key, value, Cause::Replaced),
                        (_, None) => {}
                    }
                    shard.counts.loaded(time);
                    *announced = landing;
                    return Ok(Landed::Stored);
                }
            };
            // What it was to replace goes too: it is out of date.
            if let Some(place) = found {
                shard.drop_at(place, Cause::Replaced, context, out);
            }
            shard.counts.loaded(time);
            shard.counts.departed(refused);
            out.push(key, value, refused);
            *announced = landing;
            Ok(Landed::Refused)
        })
    }

    /// Ends the load without a value of its own. `Ok` has the value that is there then; `Err` the key, where the load was
    /// cancelled.
    pub(super) fn end(mut self, ending: Ending) -> Result<Option<V>, K>
    where
        V: Clone,
    {
        let mut announcement = Announcement { landing: None, out: self.cache.departed() };
        let Announcement { landing: announced, out } = &mut announcement;
        let time = self.cache.life.precise() - self.since;
        let (id, ended) = (self.id, &mut self.ended);
        let kept = self.cache.change(self.spot.shard, out, |shard, context, out| {
            let flight = shard.flights.led(id);
            let found = shard.table.find(flight.hash, &flight.key);
            let (live, over) = match found.and_then(|place| Some((place, shard.table.at(place)?))) {
                Some((place, entry)) if shard.is_live(entry, context.life) => (Some((place, entry)), None),
                Some((place, _)) => (None, Some(place)),
                None => (None, None),
            };
            let kept = live.filter(|_| ending == Ending::Keep).map(|(_, entry)| entry.value.clone());
            let live = live.map(|(place, _)| place);
            // No user code from here on.
            let flight = shard.flights.land(id);
            *ended = true;
            *announced = flight.landing;
            shard.counts.loaded(time);
            if flight.cancelled {
                return Err(flight.key);
            }
            if let Some(place) = over {
                shard.drop_at(place, Cause::Expired, context, out);
            }
            if let (Some(place), Ending::Remove) = (live, ending) {
                shard.drop_at(place, Cause::Invalidated, context, out);
            }
            Ok(kept)
        });
        // By name: what a function returns is lost where a local is dropped after it and panics (rust-lang/rust#47949).
        drop(announcement);
        kept
    }
}

impl<K, V, S> Drop for Leadership<'_, K, V, S> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let time = self.cache.life.precise() - self.since;
        let mut out = self.cache.departed();
        let abandoned = self.cache.change(self.spot.shard, &mut out, |shard, _, _| {
            shard.counts.failed(time);
            shard.flights.abandon(self.id)
        });
        match abandoned {
            Abandoned::HandedOver(landing) => landing.wake_one(),
            Abandoned::Ended(flight) => flight.close(),
        }
    }
}

impl<K, V> Announcement<'_, K, V> {
    /// Shares the value with those who wait.
    pub(super) fn share(self, value: &V)
    where
        V: Clone,
    {
        if let Some(landing) = &self.landing {
            landing.share(value.clone());
        }
    }
}

impl<K, V> Drop for Announcement<'_, K, V> {
    fn drop(&mut self) {
        // Without a value, also after a panic in a `Clone`: then they start again.
        if let Some(landing) = &self.landing {
            landing.close();
        }
    }
}
