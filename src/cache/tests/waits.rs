use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::cache::Cache;

#[test]
fn no_wait_stays_on_record_after_hand_overs_and_values() {
    const THREADS: usize = 6;
    let cache: Cache<u32, u32> = Cache::new(10);
    let turn = AtomicUsize::new(0);
    thread::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| {
                cache.get_or_try_insert_with(1, || {
                    while cache.stats().misses < THREADS as u64 {
                        thread::yield_now();
                    }
                    if turn.fetch_add(1, Ordering::Relaxed) < 3 { Err(()) } else { Ok(1) }
                })
            });
        }
    });
    assert_eq!(cache.get(&1), Some(1));
    assert_eq!(cache.waits.waits.lock().len(), 0);
    (0..cache.locks.len()).for_each(|index| cache.visit(index, |shard| assert!(shard.flights.list.is_empty())));
}
