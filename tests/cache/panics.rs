use std::cell::Cell;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bedplate::cache::{Cache, Compute, Lru, Policy};
use bedplate::time::Manual;
use proptest::prelude::*;

use crate::hashers::POLICIES;

thread_local! {
    /// Keys and values of this thread that were made and not dropped.
    static ALIVE: Cell<i64> = const { Cell::new(0) };
    /// How many calls of user code are left before one panics; none where it is negative.
    static FUSE: Cell<i32> = const { Cell::new(-1) };
    /// Whether `Drop` counts as such a call.
    static DROP_BURNS: Cell<bool> = const { Cell::new(true) };
}

fn burn() {
    let left = FUSE.get();
    FUSE.set(left - 1);
    if left == 0 && !thread::panicking() {
        resume_unwind(Box::new("burnt"));
    }
}

/// A key and value whose every method may panic; keys come in pairs of one hash.
#[derive(Debug)]
struct Fused(u8);

impl Fused {
    fn new(n: u8) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Self(n)
    }
}

impl Hash for Fused {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn();
        (self.0 / 2).hash(state);
    }
}

impl PartialEq for Fused {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Eq for Fused {}

impl Clone for Fused {
    fn clone(&self) -> Self {
        burn();
        Self::new(self.0)
    }
}

impl Drop for Fused {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        if DROP_BURNS.get() {
            burn();
        }
    }
}

type Hashing = BuildHasherDefault<DefaultHasher>;

/// Runs `act` with a panic after `fuse` calls of user code.
fn fused<R>(fuse: i32, act: impl FnOnce() -> R) -> Option<R> {
    FUSE.set(fuse);
    let result = catch_unwind(AssertUnwindSafe(act)).ok();
    FUSE.set(-1);
    result
}

/// Of weight 12; a third of the keys weigh two, and a quarter live no longer than two nanoseconds.
fn fused_cache(policy: Policy, shards: usize, time: &Manual) -> Cache<Fused, Fused, Hashing> {
    let weigh = |key: &Fused, _: &Fused| {
        burn();
        1 + u32::from(key.0 % 3 == 1)
    };
    let ttl = |_: &Fused, value: &Fused| {
        burn();
        value.0.is_multiple_of(4).then_some(Duration::from_nanos(2))
    };
    let listener = |key: Fused, value: Fused, _| {
        burn();
        assert_eq!(key.0, value.0);
    };
    let builder = Cache::builder(12).shards(shards).policy(policy).clock(time.clone()).hasher(Hashing::default());
    builder.weigher(weigh).expire_by(ttl).listener(listener).refresh_ahead(Duration::from_nanos(1)).build()
}

/// An operation, by number. Every value is that of its key.
fn operate(cache: &Cache<Fused, Fused, Hashing>, what: u8, key: u8) {
    let new = || Fused::new(key);
    let told = |_: &Fused| {
        burn();
        key.is_multiple_of(2)
    };
    match what {
        0..4 => drop(cache.insert(new(), new())),
        4 => drop(cache.try_insert(new(), new()).map_err(|refused| refused.into_inner())),
        5 => drop(cache.insert_with_ttl(new(), new(), Duration::from_nanos(u64::from(key % 4)))),
        6 => drop(cache.get(&new())),
        7 => drop(cache.get_with(&new(), told)),
        8 => drop(cache.peek(&new(), told)),
        9 => drop(cache.remove(&new())),
        10 => drop(cache.remove_if(&new(), told)),
        11 => cache.retain(|_, value| told(value)),
        12 => drop(cache.get_or_insert_with(new(), || {
            burn();
            new()
        })),
        13 => drop(cache.get_or_insert_ref(&new(), new)),
        14 => drop(cache.get_or_try_insert_with(new(), || if told(&new()) { Err(()) } else { Ok(new()) })),
        15 => drop(cache.compute(new(), |old| {
            burn();
            old.map_or_else(
                || Compute::Put(new()),
                |_| if key.is_multiple_of(2) { Compute::Put(new()) } else { Compute::Remove },
            )
        })),
        16 => drop(cache.compute(new(), |_| Compute::Keep)),
        17 => cache.iter().for_each(drop),
        18 => drop(cache.purge_expired(usize::from(key))),
        _ if key == 0 => cache.invalidate_all(),
        _ => {
            cache.resize(4 + usize::from(key) / 2);
            cache.resize(12);
        }
    }
}

proptest! {
    /// Wherever user code panics, the cache goes on as a cache: bounded, no key twice, what it answers was stored, and all
    /// that was stored is dropped once. But that where a `Drop` panics, the compiler may forget what was being returned
    /// (rust-lang/rust#47949).
    #[test]
    fn a_panic_anywhere_leaves_the_cache_whole(
        ops in prop::collection::vec((0u8..20, 0u8..16, 0i32..14), 0..60),
        policy in 0..POLICIES.len(),
        shards in 1usize..4,
        drop_burns in any::<bool>(),
    ) {
        DROP_BURNS.set(drop_burns);
        let before = ALIVE.get();
        let time = Manual::new();
        let cache = fused_cache(POLICIES[policy], shards, &time);
        for (what, key, fuse) in ops {
            fused(fuse, || operate(&cache, what, key));
            time.advance(Duration::from_nanos(u64::from(what % 2)));
            let live = AtomicUsize::new(0);
            cache.retain(|_, _| live.fetch_add(1, Ordering::Relaxed) < usize::MAX);
            let held = (0..16).filter(|&key| cache.peek(&Fused::new(key), |value| value.0 == key) == Some(true)).count();
            prop_assert_eq!(held, live.into_inner());
            prop_assert!(cache.weight() <= 12 && held <= cache.len());
        }
        // Each key can still be loaded: no load was left behind without a leader.
        for key in 0..16 {
            prop_assert_eq!(cache.get_or_insert_with(Fused::new(key), || Fused::new(key)).0, key);
            prop_assert!(cache.contains(&Fused::new(key)));
        }
        // No weight was lost.
        cache.retain(|_, _| false);
        cache.purge_expired(usize::MAX);
        prop_assert_eq!((cache.len(), cache.weight()), (0, 0));
        (0..12).for_each(|key| drop(cache.insert_with_ttl(Fused::new(key / 3 * 3), Fused::new(key / 3 * 3), Duration::MAX)));
        prop_assert_eq!((cache.len(), cache.stats().weight), (4, 4));
        drop(cache);
        prop_assert!(ALIVE.get() == before || drop_burns && ALIVE.get() > before);
        DROP_BURNS.set(true);
    }

    #[test]
    fn a_panic_anywhere_leaves_the_lru_whole(ops in prop::collection::vec((0u8..5, 0u8..16, 0i32..12), 0..60)) {
        let mut lru: Lru<Fused, Fused, Hashing> = Lru::with_hasher(6, Hashing::default());
        for (what, key, fuse) in ops {
            fused(fuse, || match what {
                0 => drop(lru.insert(Fused::new(key), Fused::new(key))),
                1 => drop(lru.get(&Fused::new(key)).map(|value| value.0)),
                2 => drop(lru.remove(&Fused::new(key))),
                3 => drop(lru.get_or_insert_with(Fused::new(key), || Fused::new(key)).0),
                _ => drop(lru.pop()),
            });
            prop_assert!(lru.len() <= 6);
            let order: Vec<u8> = lru.iter().map(|(key, _)| key.0).collect();
            prop_assert_eq!(order.len(), lru.len());
            for key in 0..16 {
                let held = lru.peek(&Fused::new(key)).map(|value| value.0);
                prop_assert_eq!(held, order.contains(&key).then_some(key));
            }
        }
        for key in 0..16 {
            lru.insert(Fused::new(key), Fused::new(key));
        }
        prop_assert_eq!(lru.len(), 6);
    }
}

/// Those who wait are not left behind, whichever of the leader's or their own clones and comparisons panics.
#[test]
fn a_panic_beside_the_loader_wakes_those_who_wait() {
    const WAITERS: usize = 4;
    for fuse in 0..8 {
        for failing in [false, true] {
            let cache: Cache<Fused, Fused, Hashing> = Cache::builder(6).shards(1).hasher(Hashing::default()).build();
            let answered = AtomicUsize::new(0);
            cache.insert(Fused::new(0), Fused::new(0)); // Of the same hash as key 1.
            thread::scope(|s| {
                s.spawn(|| {
                    let _ = catch_unwind(AssertUnwindSafe(|| {
                        let result = cache.get_or_try_insert_with(Fused::new(1), || {
                            while cache.stats().misses < 1 + WAITERS as u64 {
                                thread::yield_now();
                            }
                            FUSE.set(fuse);
                            if failing { Err(()) } else { Ok(Fused::new(1)) }
                        });
                        drop(result);
                    }));
                    FUSE.set(-1);
                });
                while cache.stats().misses < 1 {
                    thread::yield_now();
                }
                for waiter in 0..WAITERS {
                    let (cache, answered) = (&cache, &answered);
                    s.spawn(move || {
                        // The first call may panic at any point, the others not.
                        let result = catch_unwind(AssertUnwindSafe(|| {
                            let key = Fused::new(1);
                            FUSE.set(if waiter == 0 { 3 + fuse } else { -1 });
                            cache.get_or_insert_with(key, || Fused::new(1)).0
                        }));
                        FUSE.set(-1);
                        if waiter != 0 {
                            assert_eq!(result.ok(), Some(1));
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        // The one that panicked before it had missed is still waited for.
                        while waiter == 0 && cache.stats().misses < 1 + WAITERS as u64 {
                            let _ = cache.get(&Fused::new(15));
                        }
                    });
                }
            });
            assert_eq!(answered.into_inner(), WAITERS - 1);
        }
    }
}
