use crate::sync::Sharded;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

#[test]
fn every_threads_share_is_in_the_sum() {
    let sharded = Sharded::new(|| AtomicU64::new(0));
    thread::scope(|s| {
        for _ in 0..100 {
            s.spawn(|| sharded.local().fetch_add(1, Ordering::Relaxed));
        }
    });
    assert_eq!(sharded.iter().map(|shard| shard.load(Ordering::Relaxed)).sum::<u64>(), 100);
}
