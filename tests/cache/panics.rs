use std::cell::Cell;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bedplate::cache::{Cache, Lru};
use proptest::prelude::*;

thread_local! {
    /// How many calls of user code are left before one panics; none where it is negative.
    static FUSE: Cell<i32> = const { Cell::new(-1) };
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
        Self(self.0)
    }
}

impl Drop for Fused {
    fn drop(&mut self) {
        burn();
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

proptest! {
    /// Wherever user code panics, the cache goes on as a cache: bounded, no key twice, what it answers was stored.
    #[test]
    fn a_panic_anywhere_leaves_the_cache_whole(ops in prop::collection::vec((0u8..6, 0u8..16, 0i32..12), 0..60)) {
        let cache: Cache<Fused, Fused, Hashing> = Cache::builder(6).shards(1).hasher(Hashing::default()).build();
        for (what, key, fuse) in ops {
            fused(fuse, || match what {
                0 => drop(cache.insert(Fused(key), Fused(key))),
                1 => drop(cache.get(&Fused(key))),
                2 => drop(cache.remove(&Fused(key))),
                3 => drop(cache.get_or_insert_with(Fused(key), || Fused(key))),
                4 => drop(cache.get_or_insert_ref(&Fused(key), || Fused(key))),
                _ => if key == 0 { cache.invalidate_all() },
            });
            prop_assert!(cache.len() <= 6);
            let held = (0..16).filter(|&key| cache.get_with(&Fused(key), |value| value.0 == key) == Some(true)).count();
            prop_assert_eq!(held, cache.len());
        }
        // Each key can still be loaded: no load was left behind without a leader.
        for key in 0..16 {
            prop_assert_eq!(cache.get_or_insert_with(Fused(key), || Fused(key)).0, key);
        }
    }

    #[test]
    fn a_panic_anywhere_leaves_the_lru_whole(ops in prop::collection::vec((0u8..5, 0u8..16, 0i32..12), 0..60)) {
        let mut lru: Lru<Fused, Fused, Hashing> = Lru::with_hasher(6, Hashing::default());
        for (what, key, fuse) in ops {
            fused(fuse, || match what {
                0 => drop(lru.insert(Fused(key), Fused(key))),
                1 => drop(lru.get(&Fused(key)).map(|value| value.0)),
                2 => drop(lru.remove(&Fused(key))),
                3 => drop(lru.get_or_insert_with(Fused(key), || Fused(key)).0),
                _ => drop(lru.pop()),
            });
            prop_assert!(lru.len() <= 6);
            let order: Vec<u8> = lru.iter().map(|(key, _)| key.0).collect();
            prop_assert_eq!(order.len(), lru.len());
            for key in 0..16 {
                let held = lru.peek(&Fused(key)).map(|value| value.0);
                prop_assert_eq!(held, order.contains(&key).then_some(key));
            }
        }
        for key in 0..16 {
            lru.insert(Fused(key), Fused(key));
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
            cache.insert(Fused(0), Fused(0)); // Of the same hash as key 1.
            thread::scope(|s| {
                s.spawn(|| {
                    let _ = catch_unwind(AssertUnwindSafe(|| {
                        let result = cache.get_or_try_insert_with(Fused(1), || {
                            while cache.stats().misses < 1 + WAITERS as u64 {
                                thread::yield_now();
                            }
                            FUSE.set(fuse);
                            if failing { Err(()) } else { Ok(Fused(1)) }
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
                            let key = Fused(1);
                            FUSE.set(if waiter == 0 { 3 + fuse } else { -1 });
                            cache.get_or_insert_with(key, || Fused(1)).0
                        }));
                        FUSE.set(-1);
                        if waiter != 0 {
                            assert_eq!(result.ok(), Some(1));
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        // The one that panicked before it had missed is still waited for.
                        while waiter == 0 && cache.stats().misses < 1 + WAITERS as u64 {
                            let _ = cache.get(&Fused(15));
                        }
                    });
                }
            });
            assert_eq!(answered.into_inner(), WAITERS - 1);
        }
    }
}
