use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Hashes;
use super::bedplate::cache::{Cache, Cause, Policy};
use super::bedplate::time::Manual;

/// A value that is told from all others by `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) id: u32,
    pub(super) weight: u32,
    /// The time to live that it says itself.
    pub(super) ttl: Option<u64>,
}

/// Times are counted in what the cache measures idleness by.
pub(super) fn ticks(count: u64) -> Duration {
    Duration::from_nanos(count.saturating_mul(128))
}

/// An entry of the model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) value: Value,
    /// `None`: it never ends.
    pub(super) due: Option<u64>,
    pub(super) used: u64,
}

/// A load or a computation under way.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) key: u8,
    pub(super) cancelled: bool,
}

pub(super) type Heard = Arc<Mutex<Vec<(u8, Value, Cause)>>>;
pub(super) type Subject = Cache<u8, Value, Hashes>;

/// The bytes that are left, and what they have come to so far.
pub(super) struct World<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) time: Manual,
    pub(super) ttl: Option<u64>,
    pub(super) by_value: bool,
    pub(super) idle: Option<u64>,
    pub(super) refresh: Option<u64>,
    pub(super) weighs: bool,
    pub(super) model: BTreeMap<u8, Held>,
    /// Values that were invalidated, and not yet told of.
    pub(super) dead: HashMap<u32, u8>,
    pub(super) loads: Vec<Load>,
    pub(super) heard: Heard,
    pub(super) causes: HashMap<Cause, u64>,
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) next_id: u32,
}

/// Runs the sequence that `bytes` stand for: options first, then an operation for every few of them.
pub(crate) fn run(mut bytes: &[u8]) {
    let options: [u8; 8] = std::array::from_fn(|_| next(&mut bytes).unwrap_or(0));
    let some = |byte: u8, most: u8| (byte & 1 == 1).then(|| u64::from(byte >> 1) % u64::from(most));
    let time = Manual::new();
    let heard = Heard::default();
    let mut world = World {
        bytes,
        time: time.clone(),
        ttl: some(options[0], 20),
        by_value: options[1] & 1 == 1,
        idle: some(options[2], 12),
        refresh: some(options[3], 5),
        weighs: options[4] & 1 == 1,
        model: BTreeMap::new(),
        dead: HashMap::new(),
        loads: Vec::new(),
        heard: heard.clone(),
        causes: HashMap::new(),
        hits: 0,
        misses: 0,
        next_id: 0,
    };
    let policy = [Policy::Adaptive, Policy::S3Fifo, Policy::Lru][usize::from(options[1] >> 1) % 3];
    let hashes = [Hashes::Many, Hashes::Few, Hashes::One][usize::from(options[4] >> 1) % 3];
    let mut builder = Cache::builder(1 + usize::from(options[5]) % 48)
        .shards(1 + usize::from(options[6]) % 4)
        .policy(policy)
        .clock(time)
        .listener(move |key, value, cause| heard.lock().expect("no panic under it").push((key, value, cause)))
        .hasher(hashes);
    if let Some(ttl) = world.ttl {
        builder = builder.ttl(ticks(ttl));
    }
    if let Some(idle) = world.idle {
        builder = builder.time_to_idle(ticks(idle));
    }
    if let Some(ahead) = world.refresh {
        builder = builder.refresh_ahead(ticks(ahead));
    }
    if world.by_value {
        builder = builder.expire_by(|_, value: &Value| value.ttl.map(ticks));
    }
    if world.weighs {
        builder = builder.weigher(|_, value: &Value| value.weight);
    }
    let cache: Subject = builder.build();
    while world.step(&cache) {}
    world.check_counts(&cache);
    drop(cache);
    assert!(world.heard.lock().expect("no panic under it").is_empty(), "told of what goes with the cache");
}

pub(super) fn next(bytes: &mut &[u8]) -> Option<u8> {
    let (&first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(first)
}

impl World<'_> {
    pub(super) fn byte(&mut self) -> u8 {
        next(&mut self.bytes).unwrap_or(0)
    }

    pub(super) fn key(&mut self) -> u8 {
        self.byte() % 64
    }

    pub(super) fn value(&mut self) -> Value {
        let byte = self.byte();
        self.next_id += 1;
        let weight = if byte == 255 { 1_000 } else { u32::from(byte % 8) };
        Value { id: self.next_id, weight, ttl: (byte & 0b1001_0000 == 0b1001_0000).then(|| u64::from(byte >> 5)) }
    }

    pub(super) fn now(&self) -> u64 {
        self.time.now().as_nanos() / 128
    }

    pub(super) fn weight(&self, value: Value) -> u64 {
        if self.weighs { u64::from(value.weight.max(1)) } else { 1 }
    }

    /// Until when a value lives that comes now; `Err` where it is dead on arrival.
    pub(super) fn due(&self, own: Option<Duration>, value: Value) -> Result<Option<u64>, ()> {
        let by_value = value.ttl.filter(|_| self.by_value);
        match own.or(by_value.or(self.ttl).map(ticks)) {
            Some(Duration::ZERO) => Err(()),
            Some(ttl) if ttl > ticks(u64::MAX / 256) => Ok(None),
            Some(ttl) => Ok(Some(self.now() + ttl.as_nanos() as u64 / 128)),
            None => Ok(None),
        }
    }

    pub(super) fn is_live(&self, held: &Held) -> bool {
        let now = self.now();
        held.due.is_none_or(|due| now < due) && self.idle.is_none_or(|idle| now - held.used < idle)
    }

    pub(super) fn live(&self, key: u8) -> Option<Value> {
        self.model.get(&key).filter(|held| self.is_live(held)).map(|held| held.value)
    }

    pub(super) fn is_loading(&self, key: u8) -> bool {
        self.loads.iter().any(|load| load.key == key && !load.cancelled)
    }

    pub(super) fn cancel(&mut self, key: u8) {
        self.loads.iter_mut().filter(|load| load.key == key).for_each(|load| load.cancelled = true);
    }

    pub(super) fn store(&mut self, key: u8, value: Value, due: Option<u64>) {
        self.model.insert(key, Held { value, due, used: self.now() });
    }

    /// Takes what the listener heard out of the model. `arriving` is the value that comes in, and its own time to live; `dropped` says which values are
    /// to be invalidated one by one.
    pub(super) fn settle(
        &mut self,
        capacity: usize,
        arriving: Option<(Value, Option<Duration>)>,
        dropped: impl Fn(u8, Value) -> bool,
    ) -> usize {
        let heard = std::mem::take(&mut *self.heard.lock().expect("no panic under it"));
        for &(key, value, cause) in &heard {
            *self.causes.entry(cause).or_default() += 1;
            if let Some((_, own)) = arriving.filter(|&(arriving, _)| arriving == value) {
                match cause {
                    Cause::TooHeavy => assert!(self.weight(value) > capacity as u64, "{value:?} is not too heavy"),
                    Cause::Expired => assert!(self.due(own, value).is_err(), "{value:?} has time to live"),
                    _ => panic!("what comes in went: {cause:?}"),
                }
                continue;
            }
            if cause == Cause::Invalidated && self.dead.remove(&value.id) == Some(key) {
                continue;
            }
            let held =
                self.model.remove(&key).unwrap_or_else(|| panic!("{key}: {value:?} went, {cause:?}, and was not in"));
            assert_eq!(held.value, value, "what went is what was in");
            match cause {
                Cause::Expired => assert!(!self.is_live(&held), "{held:?} has expired before its time"),
                Cause::Invalidated => assert!(dropped(key, value), "{value:?} was dropped for nothing"),
                Cause::Evicted | Cause::Replaced => {}
                _ => panic!("{value:?} went, {cause:?}"),
            }
        }
        if heard.iter().any(|&(.., cause)| cause == Cause::Evicted) {
            assert!(self.dead.is_empty(), "the living make room before the invalidated");
        }
        heard.len()
    }

    pub(super) fn check(&self, cache: &Subject) {
        cache.validate();
        assert_eq!(cache.len(), self.model.len(), "every entry is accounted for");
        let weight = self.model.values().map(|held| self.weight(held.value)).sum::<u64>();
        assert_eq!(cache.weight(), weight);
        assert!(weight <= cache.capacity() as u64);
    }

    pub(super) fn check_counts(&self, cache: &Subject) {
        let stats = cache.stats();
        let told = |cause| self.causes.get(&cause).copied().unwrap_or(0);
        assert_eq!((stats.hits, stats.misses), (self.hits, self.misses), "hits and misses");
        assert_eq!(stats.evictions, told(Cause::Evicted), "evictions");
        assert_eq!(stats.expirations, told(Cause::Expired), "expirations");
        assert_eq!(stats.invalidations, told(Cause::Invalidated), "invalidations");
        assert_eq!(stats.refused, told(Cause::TooHeavy), "refused");
    }

    pub(super) fn looked_up(&mut self, key: u8, hit: bool) {
        *if hit { &mut self.hits } else { &mut self.misses } += 1;
        let now = self.now();
        if let Some(held) = self.model.get_mut(&key).filter(|_| hit) {
            held.used = now;
        }
    }
}
