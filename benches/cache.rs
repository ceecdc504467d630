//! One thread, u64 keys drawn from a Zipf distribution, u64 values. Rows of two and more pinned threads (the write
//! fractions among them), memory, and hit ratios on traces, are in `benches/peers`.
//!
//! ```text
//! cargo bench --bench cache
//! ```

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Duration;

use bedplate::cache::{Cache, Lru};
use bedplate::time::Clock;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use foldhash::fast::RandomState;
use lru::LruCache;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};

/// Every key of the resident rows fits.
const RESIDENT: usize = 100_000;
const ROOM: usize = 2 * RESIDENT;
/// `getinsert`: ten times as many keys as room for them.
const KEYS: usize = 1_000_000;
const CAPACITY: usize = 100_000;
const DRAWS: usize = 1 << 20;

/// Never over in a measurement.
const TTL: Duration = Duration::from_secs(86_400);

fn zipf(keys: usize) -> Vec<u64> {
    let zipf = Zipf::new(keys as f64, 0.99).expect("a positive exponent");
    let mut random = StdRng::seed_from_u64(99);
    (0..DRAWS).map(|_| zipf.sample(&mut random) as u64).collect()
}

/// Gives the keys one by one, from the start again at the end.
fn cycle(keys: &[u64]) -> impl FnMut() -> u64 {
    let mut keys = keys.iter().copied().cycle();
    move || keys.next().expect("a cycle does not end")
}

fn hit(c: &mut Criterion) {
    let mut group = c.benchmark_group("hit 1t");
    group.throughput(Throughput::Elements(1));
    let keys = zipf(RESIDENT);

    let caches = [
        ("Cache", Cache::new(ROOM)),
        ("Cache with ttl", Cache::builder(ROOM).ttl(TTL).build()),
        ("Cache with ttl, Clock::Monotonic", Cache::builder(ROOM).ttl(TTL).clock(Clock::Monotonic).build()),
    ];
    for (name, cache) in caches {
        for &key in &keys {
            cache.insert(key, key);
        }
        let mut key = cycle(&keys);
        group.bench_function(name, |b| b.iter(|| cache.get(black_box(&key()))));
        assert_eq!(cache.stats().misses, 0);
    }
    group.finish();
}

/// Percent of operations that write, in steps: a cost that jumps from one to the next is a fault of the read path.
const WRITES: [f64; 7] = [0.0, 0.01, 0.1, 1.0, 5.0, 16.0, 100.0];

/// Hits, some of them overwritten instead; which ones is drawn beforehand.
fn writes(c: &mut Criterion) {
    let mut group = c.benchmark_group("writes 1t");
    group.throughput(Throughput::Elements(1));
    let keys = zipf(RESIDENT);

    for percent in WRITES {
        let mut random = StdRng::seed_from_u64(100);
        let steps: Vec<_> = keys.iter().map(|&key| (key, random.random_bool(percent / 100.0))).collect();
        let caches = [("Cache", Cache::new(ROOM)), ("Cache with ttl", Cache::builder(ROOM).ttl(TTL).build())];
        for (name, cache) in caches {
            for &key in &keys {
                cache.insert(key, key);
            }
            let mut steps = steps.iter().copied().cycle();
            group.bench_function(format!("{name}, {percent} %"), |b| {
                b.iter(|| {
                    let (key, write) = steps.next().expect("a cycle does not end");
                    if write { cache.insert(key, key) } else { cache.get(black_box(&key)) }
                });
            });
            assert_eq!(cache.stats().misses, 0);
        }
    }
    group.finish();
}

/// An insertion that finds its key or not, most into a full cache.
fn insert(c: &mut Criterion) {
    let mut group = c.benchmark_group("insert 1t");
    group.throughput(Throughput::Elements(1));
    let keys = zipf(KEYS);

    let cache = Cache::new(CAPACITY);
    let mut key = cycle(&keys);
    group.bench_function("insert", |b| b.iter(|| cache.insert(key(), 0)));
    assert!(cache.len() <= CAPACITY);

    let cache = Cache::new(CAPACITY);
    let mut key = cycle(&keys);
    group.bench_function("insert_with_ttl", |b| b.iter(|| cache.insert_with_ttl(key(), 0, TTL)));
    assert!(cache.len() <= CAPACITY);
    group.finish();
}

fn getinsert(c: &mut Criterion) {
    let mut group = c.benchmark_group("getinsert 1t");
    group.throughput(Throughput::Elements(1));
    let keys = zipf(KEYS);
    let cache = Cache::new(CAPACITY);
    let mut key = cycle(&keys);
    group.bench_function("Cache", |b| {
        b.iter(|| {
            let key = key();
            assert_eq!(cache.get_or_insert_with(key, || key), key);
        });
    });
    let stats = cache.stats();
    assert!(stats.len <= CAPACITY && stats.loads == stats.misses, "{stats:?}");
    group.finish();
}

/// A look-up, and an insertion where it finds nothing, in the strict cache and in the crate it stands on.
fn lru(c: &mut Criterion) {
    let mut group = c.benchmark_group("lru 1t");
    group.throughput(Throughput::Elements(1));
    let keys = zipf(RESIDENT);

    let mut cache = Lru::new(RESIDENT / 2);
    let mut key = cycle(&keys);
    group.bench_function("Lru", |b| {
        b.iter(|| {
            let key = key();
            if cache.get(&key).is_none() {
                cache.insert(key, key);
            }
        });
    });
    assert!(cache.len() <= cache.capacity());

    let capacity = NonZeroUsize::new(RESIDENT / 2).expect("not zero");
    let mut cache = LruCache::with_hasher(capacity, RandomState::default());
    let mut key = cycle(&keys);
    group.bench_function("lru::LruCache", |b| {
        b.iter(|| {
            let key = key();
            if cache.get(&key).is_none() {
                cache.push(key, key);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, hit, writes, insert, getinsert, lru);
criterion_main!(benches);
