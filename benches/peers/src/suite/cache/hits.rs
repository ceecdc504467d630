//! Rows whose keys are all there.

use super::keys::Keys;
use super::store::Store;
use super::{Locked, Moka, Ours, Quick, value_of};
use crate::harness::{Bench, Spec, together};
use std::collections::BTreeSet;
use std::time::Duration;

/// Keys; each cache holds twice as many, so that all stay resident in the fullest shard.
const RESIDENT: usize = 10_000;

/// Never over in a measurement.
const TTL: Duration = Duration::from_secs(3_600);

/// Percent of operations that write.
const WRITES: [f64; 5] = [0.01, 0.1, 1.0, 5.0, 16.0];

/// Measures the rows.
pub fn run(bench: &mut Bench) {
    for threads in [1, 2] {
        hit(bench, threads);
    }
    for percent in WRITES {
        hit_and_write(bench, percent);
    }
    for threads in [1, 2] {
        hit_ttl(bench, threads);
    }
}

fn hit(bench: &mut Bench, threads: usize) {
    let row = format!("hit {threads}t");
    if !bench.wants(&row) {
        return;
    }
    let detail = "get a u64 by a u64 key that is there; zipf 0.99 over 10 000 keys, capacity 20 000; default policies; no \
                  waiting but for the cache's own locks; verified: each value";
    let keys = &Keys::zipf(RESIDENT, threads);
    bench.run(
        Spec::new(row, detail)
            .threads(threads)
            .timed("bedplate", hits(filled(Ours::with_capacity(2 * RESIDENT)), keys, threads))
            .timed("quick_cache", hits(filled(Quick::with_capacity(2 * RESIDENT)), keys, threads))
            .timed("moka", hits(filled(Moka::with_capacity(2 * RESIDENT)), keys, threads))
            .timed("Mutex<lru>", hits(filled(Locked::with_capacity(2 * RESIDENT)), keys, threads)),
    );
}

fn hit_ttl(bench: &mut Bench, threads: usize) {
    let row = format!("hit ttl {threads}t");
    if !bench.wants(&row) {
        return;
    }
    let detail = "get a u64 by a u64 key that is there and has an hour to live, which the cache was told when it was made; \
                  zipf 0.99 over 10 000 keys, capacity 20 000; default policies and clocks; no waiting but for the \
                  cache's own locks; verified: each value";
    let keys = &Keys::zipf(RESIDENT, threads);
    let ours = || Ours::builder(2 * RESIDENT).ttl(TTL).build();
    let each = Ours::with_capacity(2 * RESIDENT);
    (0..RESIDENT as u64).for_each(|key| _ = each.insert_with_ttl(key, value_of(key), TTL));
    let moka = Moka::builder().max_capacity(2 * RESIDENT as u64).time_to_live(TTL).build();
    bench.run(
        Spec::new(row, detail)
            .threads(threads)
            .timed("bedplate", hits(filled(ours()), keys, threads))
            .timed("bedplate without TTL", hits(filled(Ours::with_capacity(2 * RESIDENT)), keys, threads))
            .timed("bedplate insert_with_ttl", hits(each, keys, threads))
            .timed("moka", hits(filled(moka), keys, threads)),
    );
}

/// With a value for each key.
fn filled<S: Store>(cache: S) -> S {
    (0..RESIDENT as u64).for_each(|key| cache.insert(key, value_of(key)));
    cache.settle();
    cache
}

fn hits<S: Store>(cache: S, keys: &Keys, threads: usize) -> impl FnMut(u64) -> Duration {
    move |ops| {
        let (elapsed, found) = together(threads, |index| {
            keys.of(index).take(ops as usize).filter(|&key| cache.get(key) == Some(value_of(key))).count() as u64
        });
        assert_eq!(found, ops * threads as u64, "each key is resident and has its value");
        elapsed
    }
}

fn hit_and_write(bench: &mut Bench, percent: f64) {
    let row = format!("hit 2t w{percent}");
    if !bench.wants(&row) {
        return;
    }
    let detail = format!(
        "as hit 2t, but {percent} % of each thread's operations insert a new value for the key drawn, which is there; \
         which ones is drawn with the keys; verified: each value is one of its key's, and after each measurement the \
         keys written have one of that measurement"
    );
    let keys = &Keys::zipf(RESIDENT, 2).with_writes(percent);
    bench.run(
        Spec::new(row, detail)
            .threads(2)
            .timed("bedplate", hits_and_writes::<Ours>(keys, 2))
            .timed("quick_cache", hits_and_writes::<Quick>(keys, 2))
            .timed("moka", hits_and_writes::<Moka>(keys, 2)),
    );
}

fn hits_and_writes<S: Store>(keys: &Keys, threads: usize) -> impl FnMut(u64) -> Duration {
    let cache = S::with_capacity(2 * RESIDENT);
    (0..RESIDENT as u64).for_each(|key| cache.insert(key, stamped(key, 0)));
    cache.settle();
    let mut measurement = 0;
    move |ops| {
        measurement += 1;
        let (elapsed, right) = together(threads, |index| {
            let right = |&(key, write): &(u64, bool)| {
                if write {
                    cache.insert(key, stamped(key, measurement));
                    return true;
                }
                cache.get(key).is_some_and(|value| value as u32 == key as u32)
            };
            keys.marked(index).take(ops as usize).filter(right).count() as u64
        });
        assert_eq!(right, ops * threads as u64, "each key is resident and has a value of its own");
        let drawn = (ops as usize).min(Keys::DRAWN);
        let written = (0..threads).flat_map(|index| keys.marked(index).take(drawn)).filter(|&(_, write)| write);
        for key in written.map(|(key, _)| key).collect::<BTreeSet<_>>() {
            assert_eq!(cache.get(key), Some(stamped(key, measurement)), "a value written stays");
        }
        elapsed
    }
}

/// The value that a measurement writes for a key: the key below, the measurement above.
fn stamped(key: u64, measurement: u64) -> u64 {
    measurement << 32 | key
}
