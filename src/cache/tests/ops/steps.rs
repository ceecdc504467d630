use std::time::Duration;

use super::world::{next, ticks};
use super::{Subject, Value, World};

impl World<'_> {
    /// One operation, and whatever runs inside it. False at the end of the bytes.
    pub(super) fn step(&mut self, cache: &Subject) -> bool {
        let Some(code) = next(&mut self.bytes) else { return false };
        match code % 22 {
            0..=3 => self.insert(cache, None),
            4 => {
                let ttl = match self.byte() {
                    255 => Duration::MAX,
                    254 => Duration::from_nanos(u64::MAX),
                    ttl => ticks(u64::from(ttl % 16)),
                };
                self.insert(cache, Some(ttl));
            }
            5 => self.try_insert(cache),
            6..=8 => {
                let key = self.key();
                let expected = self.live(key);
                assert_eq!(cache.get(&key), expected, "get {key}");
                self.looked_up(key, expected.is_some());
                self.settle(cache.capacity(), None, |_, _| false);
            }
            9 => {
                let key = self.key();
                assert_eq!(cache.peek(&key, |&value| value), self.live(key), "peek {key}");
                assert_eq!(cache.contains(&key), self.live(key).is_some());
            }
            10 | 11 => {
                let key = self.key();
                let condition =
                    if code % 22 == 10 { |_: &Value| true } else { |value: &Value| value.id.is_multiple_of(2) };
                let live = self.live(key);
                let expected = live.filter(condition);
                assert_eq!(cache.remove_if(&key, condition), expected, "remove {key}");
                self.settle(cache.capacity(), None, |_, _| false);
                if expected.is_some() || live.is_none() {
                    assert_eq!(self.model.remove(&key).map(|held| held.value), expected, "the dead are noticed");
                    self.cancel(key);
                }
            }
            12..=14 => self.load(cache),
            15 => self.compute(cache),
            16 => {
                let mut expected: Vec<_> =
                    self.model.keys().filter_map(|&key| Some((key, self.live(key)?.id))).collect();
                let mut met: Vec<_> = cache.iter().map(|(key, value)| (key, value.id)).collect();
                met.sort_unstable();
                assert_eq!(met, expected, "each live entry is met once");
                let bit = 1 << (self.byte() % 4);
                let mut seen = Vec::new();
                let keep = |key: u8| key & bit == 0;
                cache.retain(|&key, value| {
                    seen.push((key, value.id));
                    keep(key)
                });
                seen.sort_unstable();
                assert_eq!(seen, expected, "each live entry is asked about once");
                self.settle(cache.capacity(), None, |key, _| !keep(key));
                expected.retain(|&(key, _)| self.live(key).is_some());
                assert!(expected.iter().all(|&(key, _)| keep(key)), "what is not kept goes");
            }
            17 => {
                cache.invalidate_all();
                let model = std::mem::take(&mut self.model);
                self.dead.extend(model.into_iter().map(|(key, held)| (held.value.id, key)));
                self.loads.iter_mut().for_each(|load| load.cancelled = true);
            }
            18 => {
                let capacity = 1 + usize::from(self.byte() % 48);
                cache.resize(capacity);
                self.settle(capacity, None, |_, _| false);
                assert_eq!(cache.capacity(), capacity);
            }
            19 => {
                let budget = match self.byte() {
                    255 => usize::MAX,
                    budget => usize::from(budget % 64),
                };
                let purged = cache.purge_expired(budget);
                assert_eq!(self.settle(cache.capacity(), None, |_, _| false), purged);
                if budget == usize::MAX {
                    assert!(self.dead.is_empty(), "what was invalidated is gone");
                    assert!(self.model.values().all(|held| self.is_live(held)), "the dead are gone");
                }
            }
            _ => {
                let by = match self.byte() {
                    255 => 1 << 33,
                    by => u64::from(by % 8),
                };
                self.time.advance(ticks(by));
            }
        }
        self.check(cache);
        true
    }

    pub(super) fn insert(&mut self, cache: &Subject, ttl: Option<Duration>) {
        let (key, value) = (self.key(), self.value());
        let expected = self.live(key);
        let replaced = match ttl {
            Some(ttl) => cache.insert_with_ttl(key, value, ttl),
            None => cache.insert(key, value),
        };
        self.inserted(cache, key, value, ttl, replaced, expected);
    }

    pub(super) fn try_insert(&mut self, cache: &Subject) {
        let (key, value) = (self.key(), self.value());
        let expected = self.live(key);
        match cache.try_insert(key, value) {
            Ok(replaced) => {
                self.inserted(cache, key, value, None, replaced, expected);
            }
            Err(refused) => {
                assert!(refused.weight() > cache.capacity() as u64);
                assert_eq!(refused.into_inner(), (key, value));
                assert_eq!(self.settle(cache.capacity(), None, |_, _| false), 0, "nothing has changed");
            }
        }
    }

    pub(super) fn inserted(
        &mut self,
        cache: &Subject,
        key: u8,
        value: Value,
        ttl: Option<Duration>,
        replaced: Option<Value>,
        live: Option<Value>,
    ) {
        self.settle(cache.capacity(), Some((value, ttl)), |_, _| false);
        assert_eq!(replaced, live, "insert {key}");
        let left = self.model.remove(&key).map(|held| held.value);
        assert_eq!(left, live, "what is given back is not told of, what has expired is");
        self.cancel(key);
        if let (Ok(due), true) = (self.due(ttl, value), self.weight(value) <= cache.capacity() as u64) {
            self.store(key, value, due);
        }
    }
}
