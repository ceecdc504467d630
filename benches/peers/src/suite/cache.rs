//! Caches: the time of a hit and of a miss, and how often they hit.

mod bytes;
mod hitratio;
mod hits;
mod keys;
mod mixed;
mod store;
mod trace;

use crate::harness::{Bench, Job, Spec, together, together_jobs};
use bedplate::cache::Lru;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Duration;
use store::Store;

pub use keys::Keys;

/// Keys of the rows that miss, and what their caches hold.
const KEYS: usize = 1_000_000;
const CAPACITY: usize = 100_000;

type Ours = bedplate::cache::Cache<u64, u64>;
type Quick = quick_cache::sync::Cache<u64, u64>;
type Moka = moka::sync::Cache<u64, u64>;
type Locked = parking_lot::Mutex<lru::LruCache<u64, u64>>;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    hits::run(bench);
    for threads in [1, 2] {
        get_or_insert(bench, threads);
    }
    mixed::run(bench);
    bytes::run(bench);
    strict_lru(bench);
    hitratio::run(bench);
}

fn get_or_insert(bench: &mut Bench, threads: usize) {
    let row = format!("getinsert {threads}t");
    if !bench.wants(&row) {
        return;
    }
    let detail = "get a u64 by a u64 key, insert it where it is missing; zipf 0.99 over 1 000 000 keys, capacity \
                  100 000; default policies; no waiting but for the cache's own locks; verified: each value found, and \
                  that some are";
    let keys = &Keys::zipf(KEYS, threads);
    bench.run(
        Spec::new(row, detail)
            .threads(threads)
            .timed("bedplate", gets_or_inserts::<Ours>(keys, threads))
            .timed("quick_cache", gets_or_inserts::<Quick>(keys, threads))
            .timed("moka", gets_or_inserts::<Moka>(keys, threads))
            .timed("Mutex<lru>", gets_or_inserts::<Locked>(keys, threads)),
    );
}

fn gets_or_inserts<S: Store>(keys: &Keys, threads: usize) -> impl FnMut(u64) -> Duration {
    let cache = S::with_capacity(CAPACITY);
    // Filled as the row itself would fill it, so that each round finds the same state.
    keys.of(0).take(3 * CAPACITY).for_each(|key| _ = get_or_insert_one(&cache, key));
    let mut part = 0;
    move |ops| {
        part += 1;
        let (elapsed, found) = together(threads, |index| {
            // Each round draws from elsewhere in the sequence.
            let keys = keys.of(index).skip(part * 7919).take(ops as usize);
            keys.filter(|&key| get_or_insert_one(&cache, key)).count() as u64
        });
        assert!(ops < 1000 || found > ops * threads as u64 / 2, "most of zipf 0.99 hits, {found} of {ops} did");
        elapsed
    }
}

/// Whether the key was there.
#[inline]
fn get_or_insert_one<S: Store>(cache: &S, key: u64) -> bool {
    let Some(value) = cache.get(key) else {
        cache.insert(key, value_of(key));
        return false;
    };
    assert_eq!(value, value_of(key), "a key has its own value");
    true
}

fn strict_lru(bench: &mut Bench) {
    if !bench.wants("lru 1t") {
        return;
    }
    let detail = "get a u64 by a u64 key, insert it where it is missing; strict LRU of one thread; zipf 0.99 over \
                  1 000 000 keys, capacity 100 000; verified: each value found";
    let keys = &Keys::zipf(KEYS, 1);
    let run = |ops: u64, mut one: Box<dyn FnMut(u64) -> Option<u64> + Send + '_>| {
        let job = move || {
            keys.of(0).take(ops as usize).for_each(|key| assert!(one(key).is_none_or(|value| value == value_of(key))));
            0_u64
        };
        together_jobs(vec![Box::new(job) as Job<'_>]).0
    };
    let mut ours = Lru::<u64, u64>::new(CAPACITY);
    let mut theirs = lru::LruCache::<u64, u64>::new(NonZeroUsize::new(CAPACITY).expect("not zero"));
    bench.run(
        Spec::new("lru 1t", detail)
            .timed("bedplate", move |ops| {
                let one = |key| {
                    let found = ours.get(&key).copied();
                    if found.is_none() {
                        black_box(ours.insert(key, value_of(key)));
                    }
                    found
                };
                run(ops, Box::new(one))
            })
            .timed("lru", move |ops| {
                let one = |key| {
                    let found = theirs.get(&key).copied();
                    if found.is_none() {
                        black_box(theirs.push(key, value_of(key)));
                    }
                    found
                };
                run(ops, Box::new(one))
            }),
    );
}

/// The value that belongs to a key.
fn value_of(key: u64) -> u64 {
    key.rotate_left(32) ^ 0x5bd1_e995
}
