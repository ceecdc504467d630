//! Histograms: what a sample costs, and what reading costs.

use crate::harness::{Bench, Spec, together};
use bedplate::stats::Histogram;
use histogram::AtomicHistogram;
use parking_lot::Mutex;
use prometheus_client::metrics::histogram::exponential_buckets;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Values above it are not recorded here: an hour in nanoseconds.
const MAX: u64 = 3_600_000_000_000;
/// What the `histogram` crate's documentation gives an error of 0.1 % for, and the power of two above [`MAX`].
const POWERS: (u8, u8) = (10, 42);
/// The buckets of the two Prometheus clients: 64 to 2^21, each twice the one before.
const BUCKETS: (f64, f64, u16) = (64.0, 2.0, 16);

/// Measures the rows of histograms.
pub fn run(bench: &mut Bench) {
    for threads in [1, 2] {
        record_rows(bench, threads);
    }
    snapshot_row(bench);
}

fn record_rows(bench: &mut Bench, threads: usize) {
    let detail = "record a pseudo-random value below 2^20 in one shared histogram of 3 significant digits (prometheus and \
                  prometheus-client: 16 buckets, and a sum); no waiting; verified: count, and maximum where it is told";
    let spec = Spec::new(format!("histogram {threads}t"), detail)
        .threads(threads)
        .timed("bedplate", move |ops| {
            let histogram = ours();
            let end = || (histogram.snapshot().count(), Some(histogram.snapshot().max()));
            record(threads, ops, |value| histogram.record(value), end)
        })
        .timed("Mutex<hdrhistogram>", move |ops| {
            let histogram = Mutex::new(hdr());
            record(
                threads,
                ops,
                |value| histogram.lock().record(value).expect("below the bound"),
                || {
                    let histogram = histogram.lock();
                    (histogram.len(), Some(histogram.max()))
                },
            )
        })
        .timed("histogram::AtomicHistogram", move |ops| {
            let histogram = atomic();
            record(
                threads,
                ops,
                |value| histogram.increment(value).expect("below the bound"),
                || {
                    let seen = histogram.load();
                    let last = seen.into_iter().filter(|bucket| bucket.count() > 0).last();
                    (seen.into_iter().map(|bucket| bucket.count()).sum(), last.map(|bucket| bucket.start()))
                },
            )
        });
    if threads == 1 {
        return bench.run(spec);
    }
    bench.run(
        spec.timed("prometheus-client", move |ops| {
            let histogram = prometheus_client::metrics::histogram::Histogram::new(buckets());
            record(threads, ops, |value| histogram.observe(value as f64), || (count_of(&histogram), None))
        })
        .timed("prometheus", move |ops| {
            let options = prometheus::HistogramOpts::new("values", "values").buckets(buckets().collect());
            let histogram = prometheus::Histogram::with_opts(options).expect("increasing buckets");
            record(threads, ops, |value| histogram.observe(value as f64), || (histogram.get_sample_count(), None))
        }),
    );
}

/// Reads after 2 threads have recorded, when none does.
fn snapshot_row(bench: &mut Bench) {
    const EACH: u64 = 100_000;
    let row = "histogram snapshot";
    if !bench.wants(row) {
        return;
    }
    let (histogram, mutex, shared) = (ours(), Mutex::new(hdr()), atomic());
    together(2, |index| {
        values(index).take(EACH as usize).for_each(|value| {
            histogram.record(value);
            mutex.lock().record(value).expect("below the bound");
            shared.increment(value).expect("below the bound");
        });
        0
    });
    // The median of values spread evenly below 2^20.
    let check = |count: u64, median: u64| {
        assert_eq!(count, 2 * EACH, "no value is lost");
        assert!(median.abs_diff(1 << 19) < 1 << 13, "{median} is not the median");
    };
    let detail = "copy what two threads have recorded, 100,000 values below 2^20 each, and read the 99th percentile of it; \
                  verified: count and median of the copy";
    let spec = Spec::new(row, detail)
        .timed("bedplate", |ops| {
            repeat(
                ops,
                || histogram.snapshot().percentile(99.0),
                || {
                    let seen = histogram.snapshot();
                    check(seen.count(), seen.percentile(50.0));
                },
            )
        })
        .timed("Mutex<hdrhistogram>", |ops| {
            let copy = || mutex.lock().clone();
            repeat(
                ops,
                || copy().value_at_percentile(99.0),
                || {
                    let seen = copy();
                    check(seen.len(), seen.value_at_percentile(50.0));
                },
            )
        })
        .timed("histogram::AtomicHistogram", |ops| {
            let at = |seen: &histogram::Histogram, quantile| {
                seen.quantile_bucket(quantile).expect("within 0 and 1").expect("not empty").end()
            };
            repeat(
                ops,
                || at(&shared.load(), 0.99),
                || {
                    let seen = shared.load();
                    check(seen.into_iter().map(|bucket| bucket.count()).sum(), at(&seen, 0.5));
                },
            )
        });
    bench.run(spec);
}

fn ours() -> Histogram {
    Histogram::builder().significant_digits(3).max_value(MAX).build()
}

fn hdr() -> hdrhistogram::Histogram<u64> {
    hdrhistogram::Histogram::new_with_bounds(1, MAX, 3).expect("bounds in order")
}

fn atomic() -> AtomicHistogram {
    AtomicHistogram::new(POWERS.0, POWERS.1).expect("powers in order")
}

fn buckets() -> impl Iterator<Item = f64> {
    exponential_buckets(BUCKETS.0, BUCKETS.1, BUCKETS.2)
}

/// How many values a prometheus-client histogram has, which it tells in the text format alone.
fn count_of(histogram: &prometheus_client::metrics::histogram::Histogram) -> u64 {
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register("values", "values", histogram.clone());
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).expect("a string takes any text");
    let count = text.lines().find_map(|line| line.strip_prefix("values_count ")).expect("a histogram has a count");
    count.parse().expect("a number")
}

/// Pseudo-random values below 2^20, another sequence for each thread.
fn values(index: usize) -> impl Iterator<Item = u64> {
    let mut state = index as u64 + 1;
    std::iter::repeat_with(move || {
        // A linear congruential generator, Knuth's constants: one multiplication, so that the record is measured.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 44
    })
}

/// Each thread records `ops` values, so the time of an operation is that of one thread.
fn record(threads: usize, ops: u64, record: impl Fn(u64) + Sync, end: impl Fn() -> (u64, Option<u64>)) -> Duration {
    let (elapsed, _) = together(threads, |index| {
        let mut values = values(index);
        for _ in 0..ops {
            record(values.next().expect("it never ends"));
        }
        0
    });
    let (count, max) = end();
    assert_eq!(count, ops * threads as u64, "no value is lost");
    assert!(max.is_none_or(|max| max < 1 << 20), "no value above those recorded, got {max:?}");
    elapsed
}

/// Reads `ops` times on one pinned thread, then checks.
fn repeat(ops: u64, read: impl Fn() -> u64 + Sync, check: impl Fn()) -> Duration {
    let (elapsed, _) = together(1, |_| {
        let start = Instant::now();
        (0..ops).for_each(|_| _ = black_box(read()));
        start.elapsed().as_nanos() as u64
    });
    check();
    elapsed
}
