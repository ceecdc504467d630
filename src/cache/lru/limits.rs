use std::fmt;
use std::time::Duration;

use super::carried::{NO_SLOT, Tag};
use super::slots::Slots;
use crate::time::{Clock, Instant};

/// How much a key and its value weigh.
pub(super) type Weigh<K, V> = Box<dyn Fn(&K, &V) -> u32 + Send + Sync>;

/// Under what an entry comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) weight: u32,
    /// `None` is for ever.
    pub(super) ttl: Option<Duration>,
    pub(super) now: Instant,
}

/// What bounds a map beside its capacity.
pub(super) struct Limits<K, V> {
    pub(super) ttl: Option<Duration>,
    pub(super) time_to_idle: Option<Duration>,
    pub(super) weigh: Option<Weigh<K, V>>,
    pub(super) max_weight: u64,
    /// Of all entries.
    pub(super) weight: u64,
    pub(super) slots: Slots,
}

impl<K, V> Limits<K, V> {
    pub(super) fn new() -> Self {
        Self { ttl: None, time_to_idle: None, weigh: None, max_weight: u64::MAX, weight: 0, slots: Slots::default() }
    }

    /// The time, which is not asked for where no entry ends, nor the one that comes with `ttl`.
    pub(super) fn now(&self, ttl: Option<Duration>, clock: &Clock) -> Instant {
        if ttl.is_some() || self.time_to_idle.is_some() || self.slots.any_end() {
            clock.now()
        } else {
            Instant::default()
        }
    }

    /// Whether the entry of `slot` is at its end.
    #[inline]
    pub(super) fn is_due(&self, slot: u32, clock: &Clock) -> bool {
        let until = self.until(slot);
        until != Instant::MAX && clock.now() >= until
    }

    /// Whether it is by `now`.
    pub(super) fn is_due_at(&self, slot: u32, now: Instant) -> bool {
        let until = self.until(slot);
        until != Instant::MAX && now >= until
    }

    /// When the entry of `slot` ends unless it is used; `Instant::MAX` is never.
    #[inline]
    fn until(&self, slot: u32) -> Instant {
        if slot == NO_SLOT { Instant::MAX } else { self.slots.until(slot) }
    }

    /// Whether the entry of `slot` may be used now; its time to idle then starts again.
    #[inline]
    pub(super) fn touch(&mut self, slot: u32, clock: &Clock) -> bool {
        let until = self.until(slot);
        if until == Instant::MAX {
            return true;
        }
        let now = clock.now();
        if now >= until {
            return false;
        }
        if let Some(idle) = self.time_to_idle {
            self.slots.put_off(slot, now + idle);
        }
        true
    }

    /// A tag for an entry that comes now.
    pub(super) fn enter(&mut self, hash: u32, terms: Terms) -> Tag {
        if !self.bind(terms.ttl) {
            return Tag { hash, slot: NO_SLOT };
        }
        let slot = self.slots.take(hash, terms.weight);
        self.weight += u64::from(terms.weight);
        self.set_end(slot, terms);
        Tag { hash, slot }
    }

    /// The entry of `slot` has gone.
    pub(super) fn leave(&mut self, slot: u32) {
        if slot != NO_SLOT {
            self.weight -= u64::from(self.slots.release(slot));
        }
    }

    /// The entry of `slot` has a new value.
    pub(super) fn renew(&mut self, slot: u32, terms: Terms) {
        let old = self.slots.set_weight(slot, terms.weight);
        self.weight = self.weight - u64::from(old) + u64::from(terms.weight);
        self.set_end(slot, terms);
    }

    /// Whether an entry with that time to live needs a slot.
    pub(super) fn bind(&self, ttl: Option<Duration>) -> bool {
        ttl.is_some() || self.time_to_idle.is_some() || self.weigh.is_some()
    }

    /// Lets the time of the entry of `slot` start now.
    fn set_end(&mut self, slot: u32, terms: Terms) {
        let after = |time: Option<Duration>| time.map_or(Instant::MAX, |time| terms.now + time);
        self.slots.set_end(slot, after(terms.ttl), after(self.time_to_idle));
    }
}

impl<K, V> fmt::Debug for Limits<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("weight", &self.weight).field("slots", &self.slots).finish_non_exhaustive()
    }
}
