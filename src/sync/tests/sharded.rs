use crate::sync::sharded::counts_for;
use crate::sync::{Sharded, Writers};
use std::collections::HashSet;
use std::ptr;
use std::sync::Barrier;
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

#[test]
fn a_shard_of_one_writer_is_no_other_threads() {
    // More threads than shards of one writer, all alive at the moment of asking.
    let threads = counts_for(thread::available_parallelism().map_or(8, usize::from)).0 + 3;
    let sharded = Sharded::new(|| AtomicU64::new(0));
    let all = Barrier::new(threads);
    let ask = || {
        let first = sharded.own().is_none();
        let (shard, writers) = sharded.find();
        let again = (sharded.own(), sharded.local());
        // Nothing is asserted before: a thread that fails would leave the others waiting.
        all.wait();
        assert!(first, "a thread that is here for the first time has no slot yet");
        assert_eq!(again.0.is_some_and(|own| ptr::eq(own, shard)), writers == Writers::One);
        assert!(ptr::eq(again.1, shard));
        (ptr::from_ref(shard).addr(), writers)
    };
    let found: Vec<_> = thread::scope(|s| {
        let asking: Vec<_> = (0..threads).map(|_| s.spawn(ask)).collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let of = |kind| found.iter().filter(move |(_, writers)| *writers == kind).map(|(shard, _)| *shard);
    let sole: HashSet<_> = of(Writers::One).collect();
    assert_eq!(sole.len(), of(Writers::One).count(), "two threads write one shard alone");
    assert!(of(Writers::Many).count() >= 3 && of(Writers::Many).all(|shard| !sole.contains(&shard)));
}

#[test]
fn the_documented_numbers_of_shards_hold() {
    // What `Counter` says of its cells.
    let of = [(1, 6), (2, 6), (8, 20), (32, 80), (64, 80), (100, 132), (256, 320), (1_000, 320)];
    for (cpus, cells) in of {
        let (own, shared) = counts_for(cpus);
        assert_eq!(own + shared, cells, "{cpus} CPUs");
        assert!(shared.is_power_of_two(), "a mask chooses");
    }
}
