use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::cache::{Cache, Compute, Policy};

/// Values are numbers that are given once. Of each one it is known where it has gone: back to a caller, to the listener, or
/// it is still in.
fn nothing_goes_twice(policy: Policy) {
    const THREADS: u64 = 4;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&heard);
    let cache: Cache<u64, u64> = Cache::builder(60)
        .shards(3)
        .policy(policy)
        .weigher(|_, value| (value % 7) as u32)
        .listener(move |_, value, _| tell.lock().unwrap().push(value))
        .build();
    let next = AtomicU64::new(0);
    let value = || next.fetch_add(1, Ordering::Relaxed);
    let mut gone: Vec<u64> = thread::scope(|s| {
        let threads = (0..THREADS).map(|seed| {
            let (cache, value) = (&cache, &value);
            s.spawn(move || {
                let mut random = seed;
                let mut back = Vec::new();
                for _ in 0..4_000 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let key = (random >> 40) % 50;
                    match (random >> 33) % 64 {
                        0 => cache.resize(40 + (random >> 50) as usize % 40),
                        1 => cache.invalidate_all(),
                        2 => cache.retain(|&other, _| other != key),
                        3 => _ = cache.purge_expired(10),
                        4..10 => back.extend(cache.remove(&key)),
                        10..16 => _ = cache.compute(key, |_| Compute::Put(value())),
                        16..36 => back.extend(cache.insert(key, value())),
                        36..44 => _ = cache.get_or_insert_with(key, value),
                        _ => _ = cache.get(&key),
                    }
                }
                back
            })
        });
        threads.collect::<Vec<_>>().into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    cache.validate();
    gone.append(&mut heard.lock().unwrap());
    gone.extend(cache.iter().map(|(_, value)| value));
    // What was invalidated, and is not told of before its shard is written.
    cache.purge_expired(usize::MAX);
    gone.append(&mut heard.lock().unwrap());
    let len = gone.len();
    gone.sort_unstable();
    gone.dedup();
    assert_eq!(gone.len(), len, "no value went twice");
    // A value whose load or computation was cancelled went to nobody else, so some are missing; none is made up.
    assert!(gone.last().is_none_or(|&last| last < next.load(Ordering::Relaxed)));
    assert_eq!(cache.len(), cache.iter().count());
}

#[test]
fn nothing_goes_twice_and_the_cache_stays_whole_under_threads() {
    for policy in [Policy::Adaptive, Policy::S3Fifo, Policy::Lru] {
        nothing_goes_twice(policy);
    }
}
