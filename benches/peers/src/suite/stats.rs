//! Counters and histograms.

use crate::harness::{Bench, Spec, together};
use bedplate::stats::{Counter, Histogram};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Values above it are not recorded here: an hour in nanoseconds.
const MAX: u64 = 3_600_000_000_000;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    for threads in [1, 2] {
        let detail = "record a pseudo-random value below 2^20 in one shared histogram of 3 significant digits; no \
                      waiting; verified: count and maximum";
        bench.run(
            Spec::new(format!("histogram {threads}t"), detail)
                .threads(threads)
                .timed("bedplate", move |ops| {
                    let histogram = Histogram::builder().significant_digits(3).max_value(MAX).build();
                    record(
                        threads,
                        ops,
                        |value| histogram.record(value),
                        || {
                            let snapshot = histogram.snapshot();
                            (snapshot.count(), snapshot.max())
                        },
                    )
                })
                .timed("Mutex<hdrhistogram>", move |ops| {
                    let histogram =
                        hdrhistogram::Histogram::<u64>::new_with_bounds(1, MAX, 3).expect("bounds in order");
                    let histogram = Mutex::new(histogram);
                    record(
                        threads,
                        ops,
                        |value| histogram.lock().record(value).expect("below the bound"),
                        || {
                            let histogram = histogram.lock();
                            (histogram.len(), histogram.max())
                        },
                    )
                }),
        );
    }
    let detail = "add 1 to one shared count; no waiting; verified: the sum";
    bench.run(
        Spec::new("counter 2t", detail)
            .threads(2)
            .timed("bedplate", |ops| {
                let counter = Counter::new();
                count(2, ops, || counter.add(1), || counter.get())
            })
            .timed("AtomicU64", |ops| {
                let counter = AtomicU64::new(0);
                count(2, ops, || _ = counter.fetch_add(1, Ordering::Relaxed), || counter.load(Ordering::Relaxed))
            }),
    );
}

/// Each thread records `ops` values, so the time of an operation is that of one thread.
fn record(threads: usize, ops: u64, record: impl Fn(u64) + Sync, end: impl Fn() -> (u64, u64)) -> Duration {
    let (elapsed, _) = together(threads, |index| {
        let mut state = index as u64 + 1;
        for _ in 0..ops {
            // A linear congruential generator, Knuth's constants: one multiplication, so that the record is measured.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            record(state >> 44);
        }
        0
    });
    let (count, max) = end();
    assert_eq!(count, ops * threads as u64, "no value is lost");
    assert!(max < 1 << 20, "no value above those recorded, got {max}");
    elapsed
}

/// Each thread adds `ops`, so the time of an operation is that of one thread.
fn count(threads: usize, ops: u64, add: impl Fn() + Sync, sum: impl Fn() -> u64) -> Duration {
    let (elapsed, _) = together(threads, |_| {
        (0..ops).for_each(|_| add());
        0
    });
    assert_eq!(sum(), ops * threads as u64, "no addition is lost");
    elapsed
}
