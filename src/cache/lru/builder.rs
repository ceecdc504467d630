use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroUsize;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::Lru;
use super::limits::{Limits, Weigh};
use crate::time::Clock;

/// Options of an [`Lru`]; made by [`Lru::builder`].
///
/// ```
/// use bedplate::cache::Lru;
/// use bedplate::time::Manual;
/// use std::time::Duration;
///
/// let time = Manual::new();
/// let mut names = Lru::builder(1_000).ttl(Duration::from_secs(60)).clock(time.clone()).build();
/// names.insert(7, "seven");
/// time.advance(Duration::from_secs(60));
/// assert_eq!(names.get(&7), None);
/// ```
#[must_use = "options do nothing until `build`"]
pub struct LruBuilder<K, V, S = RandomState> {
    capacity: NonZeroUsize,
    ttl: Option<Duration>,
    time_to_idle: Option<Duration>,
    clock: Clock,
    weigher: Option<(u64, Weigh<K, V>)>,
    hasher: S,
}

impl<K, V> LruBuilder<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: NonZeroUsize::new(capacity).expect("an Lru of capacity 0"),
            ttl: None,
            time_to_idle: None,
            clock: Clock::Coarse,
            weigher: None,
            hasher: RandomState::default(),
        }
    }
}

impl<K, V, S> LruBuilder<K, V, S> {
    /// How long an entry lives where its insertion does not say. Without this, for ever.
    ///
    /// It is over at that very nanosecond of the clock. A time past the end of the clock is for ever too; with a `ttl`
    /// of zero nothing is stored.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// How long an entry lives after its last use. Without this, for ever. Uses are what makes it the most recently used:
    /// an insertion, [`get`](Lru::get), [`get_mut`](Lru::get_mut) and `get_or_insert_with`, not [`peek`](Lru::peek).
    ///
    /// The time to live ends it all the same. A time past the end of the clock is for ever; with zero nothing is stored.
    pub fn time_to_idle(mut self, time: Duration) -> Self {
        self.time_to_idle = Some(time);
        self
    }

    /// Where times are measured. [`Clock::Coarse`] without this, by which an entry may live longer than it should, by the
    /// clock's resolution.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// Bounds what all entries weigh together, beside how many there are. `weigh` tells what one weighs when it is
    /// inserted; what is done to it through [`get_mut`](Lru::get_mut) does not change that. Zero is a weight too.
    ///
    /// Where weight alone shall count, the capacity can be `usize::MAX`.
    ///
    /// # Panics
    ///
    /// Where `max_weight` is zero.
    pub fn weigher(mut self, max_weight: u64, weigh: impl Fn(&K, &V) -> u32 + Send + Sync + 'static) -> Self {
        assert!(max_weight != 0, "an Lru for a weight of 0");
        self.weigher = Some((max_weight, Box::new(weigh)));
        self
    }

    /// With what keys are hashed. [`foldhash::fast::RandomState`] without this: fast, seeded for each map, and weak
    /// against an attacker who can observe timing; take `std::hash::RandomState` where keys come from one.
    pub fn hasher<T: BuildHasher>(self, hasher: T) -> LruBuilder<K, V, T> {
        let Self { capacity, ttl, time_to_idle, clock, weigher, .. } = self;
        LruBuilder { capacity, ttl, time_to_idle, clock, weigher, hasher }
    }

    /// The map, empty. Memory for entries comes as it fills.
    #[must_use]
    pub fn build(self) -> Lru<K, V, S>
    where
        K: Hash + Eq,
        S: BuildHasher,
    {
        let Self { capacity, ttl, time_to_idle, clock, weigher, hasher } = self;
        if ttl.is_none() && time_to_idle.is_none() && weigher.is_none() {
            return Lru::plain(capacity, hasher, clock);
        }
        let mut limits = Limits { ttl, time_to_idle, ..Limits::new() };
        if let Some((max_weight, weigh)) = weigher {
            (limits.max_weight, limits.weigh) = (max_weight, Some(weigh));
        }
        Lru::limited(capacity, limits, hasher, clock)
    }
}

impl<K, V, S> fmt::Debug for LruBuilder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LruBuilder")
            .field("capacity", &self.capacity)
            .field("ttl", &self.ttl)
            .field("time_to_idle", &self.time_to_idle)
            .field("clock", &self.clock)
            .field("max_weight", &self.weigher.as_ref().map(|(max_weight, _)| max_weight))
            .finish_non_exhaustive()
    }
}
