use std::fmt;
use std::time::Duration;

use super::entry::Entry;
use super::order::Order;
use crate::time::{Clock, Deadline, Instant};

/// How long entries live, by the options of the cache.
pub(super) struct Life<K, V> {
    pub(super) clock: Clock,
    pub(super) ttl: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) refresh: Option<Duration>,
    pub(super) by_value: Option<Box<ByValue<K, V>>>,
}

pub(super) type ByValue<K, V> = dyn Fn(&K, &V) -> Option<Duration> + Send + Sync;

impl<K, V> Life<K, V> {
    /// Until when a pair lives that comes now: by `ttl` where the call says it, else by the value, else by the cache.
    /// `None` where it is dead on arrival.
    pub(super) fn due(&self, ttl: Option<Duration>, key: &K, value: &V) -> Option<Instant> {
        let ttl = ttl.or_else(|| self.by_value.as_ref().and_then(|ttl| ttl(key, value))).or(self.ttl);
        match ttl {
            None => Some(Instant::MAX),
            Some(Duration::ZERO) => None,
            Some(ttl) => Some(Deadline::after(&self.clock, ttl).instant().unwrap_or(Instant::MAX)),
        }
    }

    /// The time for measuring how long a load takes, for which the coarse clock is too coarse.
    pub(super) fn precise(&self) -> Instant {
        match &self.clock {
            Clock::Coarse => Clock::Monotonic.now(),
            clock => clock.now(),
        }
    }

    /// Whether entries are used at times that count.
    #[inline]
    pub(super) fn idles(&self) -> bool {
        self.idle.is_some()
    }

    /// The time, where it matters for `entry`. Elsewhere no clock is read.
    #[inline]
    pub(super) fn now_for(&self, entry: &Entry<K, V>) -> Option<Instant> {
        (entry.due != Instant::MAX || self.idles()).then(|| self.clock.now())
    }

    /// Whether the time of `entry` is over at `now`.
    #[inline]
    pub(super) fn is_over(&self, entry: &Entry<K, V>, now: Instant, order: &Order) -> bool {
        (now >= entry.due && entry.due != Instant::MAX)
            || self.idle.is_some_and(|idle| order.idle(entry.mark(), now) >= idle)
    }

    /// The first point at which the time of `entry` may be over.
    pub(super) fn end(&self, entry: &Entry<K, V>, now: Instant, order: &Order) -> Instant {
        match self.idle {
            Some(idle) => entry.due.min(now + idle.saturating_sub(order.idle(entry.mark(), now))),
            None => entry.due,
        }
    }

    /// Whether a load should renew `entry` though it still lives.
    #[inline]
    pub(super) fn is_worn(&self, entry: &Entry<K, V>, now: Option<Instant>) -> bool {
        match (self.refresh, now) {
            (Some(ahead), Some(now)) => entry.due != Instant::MAX && now + ahead >= entry.due,
            _ => false,
        }
    }
}

impl<K, V> fmt::Debug for Life<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life")
            .field("clock", &self.clock)
            .field("ttl", &self.ttl)
            .field("idle", &self.idle)
            .field("refresh", &self.refresh)
            .finish_non_exhaustive()
    }
}
