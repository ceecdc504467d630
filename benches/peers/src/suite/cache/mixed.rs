//! Rows of reads and writes, or of writes alone, of more keys than there is room for.

use super::keys::Keys;
use super::store::Store;
use super::{CAPACITY, KEYS, Moka, Ours, Quick, value_of};
use crate::harness::{Bench, Spec, together};
use std::time::Duration;

/// Keys of `mix75`: twice what the caches hold, by which nine reads in ten find theirs.
const MIXED: usize = 2 * CAPACITY;

/// Measures the rows.
pub fn run(bench: &mut Bench) {
    let detail = "of four operations of each thread three get a u64 by a u64 key and one inserts the key drawn, be it there \
                  or not; which ones is drawn with the keys; zipf 0.99 over 200 000 keys, capacity 100 000; default \
                  policies; no waiting but for the cache's own locks; verified: each value found, and that four reads \
                  in five find one";
    row(bench, "mix75 2t", detail, MIXED, 25.0);
    let detail = "insert a u64 for a u64 key, be it there or not; zipf 0.99 over 1 000 000 keys, capacity 100 000; default \
                  policies; no waiting but for the cache's own locks; verified: after each measurement each value \
                  found, and that most keys drawn find one";
    row(bench, "write 2t", detail, KEYS, 100.0);
}

fn row(bench: &mut Bench, row: &str, detail: &str, keys: usize, percent: f64) {
    if !bench.wants(row) {
        return;
    }
    let keys = &Keys::zipf(keys, 2).with_writes(percent);
    bench.run(
        Spec::new(row, detail)
            .threads(2)
            .timed("bedplate", mixed::<Ours>(keys, percent))
            .timed("quick_cache", mixed::<Quick>(keys, percent))
            .timed("moka", mixed::<Moka>(keys, percent)),
    );
}

fn mixed<S: Store>(keys: &Keys, percent: f64) -> impl FnMut(u64) -> Duration {
    let cache = S::with_capacity(CAPACITY);
    // Filled before, so that each round finds a full cache. A cache of frequencies needs to hear of hits for it.
    for (key, _) in keys.marked(0).take(3 * CAPACITY) {
        super::get_or_insert_one(&cache, key);
    }
    let mut part = 0;
    move |ops| {
        part += 1;
        let (elapsed, found) = together(2, |index| {
            // Each round draws from elsewhere in the sequence.
            let found = |&(key, write): &(u64, bool)| {
                if write {
                    cache.insert(key, value_of(key));
                    return false;
                }
                let found = cache.get(key);
                assert!(found.is_none_or(|value| value == value_of(key)), "a key has its own value");
                found.is_some()
            };
            keys.marked(index).skip(part * 7919).take(ops as usize).filter(found).count() as u64
        });
        let reads = 2.0 * ops as f64 * (1.0 - percent / 100.0);
        assert!(ops < 10_000 || found as f64 >= 0.8 * reads, "{found} of {reads} reads find a value");
        let sample = Keys::DRAWN / 16;
        let there = keys.marked(0).take(sample).filter_map(|(key, _)| cache.get(key).map(|value| (key, value)));
        let there = there.inspect(|&(key, value)| assert_eq!(value, value_of(key), "a key has its own value")).count();
        assert!(there > sample / 2, "{there} of {sample} keys drawn are there");
        elapsed
    }
}
