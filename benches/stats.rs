//! `cargo bench --bench stats`: one count, one level, one sample, one snapshot, on one thread.

use bedplate::stats::{Counter, Gauge, Histogram};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Instant;

fn one_thread(c: &mut Criterion) {
    let mut group = c.benchmark_group("stats");
    group.bench_function("counter 1t", |b| {
        b.iter_custom(|n| {
            let counter = Counter::new();
            let start = Instant::now();
            (0..n).for_each(|_| counter.add(1));
            let took = start.elapsed();
            assert_eq!(counter.get(), n);
            took
        });
    });
    group.bench_function("gauge 1t", |b| {
        b.iter_custom(|n| {
            let gauge = Gauge::new();
            let start = Instant::now();
            (0..n).for_each(|_| {
                gauge.add(1);
            });
            let took = start.elapsed();
            assert_eq!(gauge.max(), n as i64);
            took
        });
    });
    group.bench_function("histogram 1t", |b| {
        b.iter_custom(|n| {
            let histogram = Histogram::new();
            // The table is allocated by the first sample, once in a thread's life.
            histogram.record(1);
            let start = Instant::now();
            // Latencies of 1 µs to 1 ms, spread over the buckets by a multiplicative generator.
            let mut x = 1u64;
            for _ in 0..n {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                histogram.record(1_000 + (x >> 44));
            }
            let took = start.elapsed();
            assert_eq!(histogram.snapshot().count(), n + 1);
            took
        });
    });
    group.bench_function("histogram 1t same value", |b| {
        b.iter_custom(|n| {
            let histogram = Histogram::new();
            histogram.record(1_000);
            let start = Instant::now();
            (0..n).for_each(|_| histogram.record(black_box(1_000)));
            let took = start.elapsed();
            assert_eq!(histogram.snapshot().count(), n + 1);
            took
        });
    });
    // Of one table, with values of 1 µs to 1 ms.
    let histogram = Histogram::new();
    (1_000..1_000_000).for_each(|value| histogram.record(value));
    group.bench_function("snapshot", |b| {
        b.iter(|| {
            let seen = histogram.snapshot();
            assert_eq!(seen.count(), 999_000);
            seen
        });
    });
    let (earlier, later) = {
        let earlier = histogram.snapshot();
        (0..100).for_each(|n| histogram.record(1_000 * n));
        (earlier, histogram.snapshot())
    };
    group.bench_function("snapshot since", |b| {
        b.iter(|| {
            let interval = later.since(&earlier);
            assert_eq!(interval.count(), 100);
            interval
        });
    });
    group.finish();
}

criterion_group!(benches, one_thread);
criterion_main!(benches);
