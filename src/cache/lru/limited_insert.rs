use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use super::carried::{Carried, NO_SLOT, Tag};
use super::limited::{Gone, Limited};
use super::limits::Terms;
use super::lookup::Asked;
use crate::cache::TooHeavy;

/// What goes is dropped by name before a value is returned: one that is on its way out as a local's `Drop` panics is lost
/// (rust-lang/rust#47949).
impl<K: Hash + Eq, V, S: BuildHasher> Limited<K, V, S> {
    /// With the time to live of the map.
    pub(super) fn try_insert(&mut self, key: K, value: V) -> Result<Option<(K, V)>, TooHeavy<K, V>> {
        let ttl = self.limits.ttl;
        self.try_insert_for(key, value, ttl)
    }

    /// For `ttl`; `None` is for ever.
    pub(super) fn try_insert_for(
        &mut self,
        key: K,
        value: V,
        ttl: Option<Duration>,
    ) -> Result<Option<(K, V)>, TooHeavy<K, V>> {
        let (key, value, weight) = self.weigh(key, value)?;
        if self.is_dead(ttl) {
            let old = self.remove(&key);
            drop(value);
            return Ok(old.map(|old| (key, old)));
        }
        let asked = Asked::new(&self.hasher, &key);
        let (hash, found) = (asked.hash(), self.store.promote(asked.lookup()));
        let slot = asked.slot();
        let terms = Terms { weight, ttl, now: self.now(ttl) };
        if !found {
            return Ok(self.insert_new(hash, key, value, terms));
        }
        if self.limits.is_due_at(slot, terms.now) {
            let expired = self.pop_expired_mru();
            let evicted = self.insert_new(hash, key, value, terms);
            drop(expired);
            return Ok(evicted);
        }
        let (old, gone) = self.replace(Tag { hash, slot }, value, terms);
        drop(gone);
        Ok(Some((key, old)))
    }

    pub(super) fn get_or_try_insert_with<E>(&mut self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<&V, E> {
        let asked = Asked::new(&self.hasher, &key);
        if !self.touch(&asked) {
            let hash = asked.hash();
            // Until it has returned: so one that panics counts too.
            self.counts.failed_loads += 1;
            let value = match load() {
                Ok(value) => value,
                Err(error) => {
                    drop(key);
                    return Err(error);
                }
            };
            self.counts.failed_loads -= 1;
            self.counts.loads += 1;
            if let Some(value) = self.store_loaded(hash, key, value) {
                drop(self.aside.take());
                return Ok(self.aside.insert(value));
            }
        }
        let (_, value) = self.store.peek_mru().expect("the entry just promoted or stored");
        Ok(value)
    }

    /// Stores what is not there; returns the value where it may not be stored.
    fn store_loaded(&mut self, hash: u32, key: K, value: V) -> Option<V> {
        let ttl = self.limits.ttl;
        let (key, value) = match self.weigh(key, value) {
            Ok((key, value, weight)) if !self.is_dead(ttl) => {
                let terms = Terms { weight, ttl, now: self.now(ttl) };
                drop(self.insert_new(hash, key, value, terms));
                return None;
            }
            Ok((key, value, _)) => (key, value),
            Err(refused) => refused.into_inner(),
        };
        drop(key);
        Some(value)
    }

    /// Puts `value` in the place of the most recently used one, and takes others out where it is heavier than that.
    fn replace(&mut self, tag: Tag, value: V, terms: Terms) -> (V, [Gone<K, V>; 2]) {
        self.counts.insertions += 1;
        if tag.slot != NO_SLOT {
            self.limits.renew(tag.slot, terms);
        } else if self.limits.bind(terms.ttl) {
            // The store does not let go of a key in place.
            let (mut carried, held) = self.store.pop_mru().expect("the entry just promoted");
            carried.tag = self.limits.enter(tag.hash, terms);
            self.store.push(carried, held);
        }
        // It is not due, the most recently used, and fits alone: it stays.
        let gone = self.make_room(usize::MAX, self.limits.max_weight, terms.now);
        let (_, held) = self.store.iter_mut().next().expect("the entry just promoted");
        (std::mem::replace(held, value), gone)
    }

    /// Stores a key that is not there; returns the least recently used entry that had to go.
    fn insert_new(&mut self, hash: u32, key: K, value: V, terms: Terms) -> Option<(K, V)> {
        let (len, weight) = (self.store.cap().get() - 1, self.limits.max_weight - u64::from(terms.weight));
        let [evicted, expired] = self.make_room(len, weight, terms.now);
        let tag = self.limits.enter(hash, terms);
        self.store.push(Carried { tag, key }, value);
        self.counts.insertions += 1;
        let mut evicted = evicted.into_iter();
        let first = evicted.next();
        drop((evicted, expired));
        first.map(|(carried, value)| (carried.key, value))
    }

    fn weigh(&mut self, key: K, value: V) -> Result<(K, V, u32), TooHeavy<K, V>> {
        let Some(weigh) = &self.limits.weigh else { return Ok((key, value, 0)) };
        let (weight, most) = (weigh(&key, &value), self.limits.max_weight);
        if u64::from(weight) > most {
            self.counts.refused += 1;
            return Err(TooHeavy::new(key, value, weight.into(), most));
        }
        Ok((key, value, weight))
    }

    /// Whether an entry that lives for `ttl` has no time at all.
    fn is_dead(&self, ttl: Option<Duration>) -> bool {
        ttl == Some(Duration::ZERO) || self.limits.time_to_idle == Some(Duration::ZERO)
    }
}
