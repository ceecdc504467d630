//! Counters, levels and histograms.

mod histogram;

use crate::harness::{Bench, Spec, together};
use bedplate::stats::{Counter, Gauge};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    histogram::run(bench);
    for threads in [1, 2] {
        counter(bench, threads);
    }
    gauge(bench);
}

fn counter(bench: &mut Bench, threads: usize) {
    let detail = "add 1 to one shared count; no waiting; verified: the sum";
    bench.run(
        Spec::new(format!("counter {threads}t"), detail)
            .threads(threads)
            .timed("bedplate", move |ops| {
                let counter = Counter::new();
                count(threads, ops, || counter.add(1), || counter.get())
            })
            .timed("AtomicU64", move |ops| {
                let counter = AtomicU64::new(0);
                let add = || _ = counter.fetch_add(1, Ordering::Relaxed);
                count(threads, ops, add, || counter.load(Ordering::Relaxed))
            }),
    );
}

fn gauge(bench: &mut Bench) {
    let detail = "one shared level up by 1 and down again, which keeps its highest (the peer without a maximum does not); \
                  no waiting; verified: the level at the end, and the highest";
    bench.run(
        Spec::new("gauge 2t", detail)
            .threads(2)
            .timed("bedplate", |ops| {
                let gauge = Gauge::new();
                let up_and_down = || _ = (gauge.add(1), gauge.add(-1));
                count(2, ops, up_and_down, || {
                    assert_eq!(gauge.get(), 0, "what went up came down");
                    assert!((1..=2).contains(&gauge.max()), "two threads, by 1 each");
                    2 * ops
                })
            })
            .timed("two AtomicI64", |ops| {
                let (level, max) = (AtomicI64::new(0), AtomicI64::new(0));
                let up_and_down = || {
                    max.fetch_max(level.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    level.fetch_sub(1, Ordering::Relaxed);
                };
                count(2, ops, up_and_down, || {
                    assert_eq!(level.load(Ordering::Relaxed), 0, "what went up came down");
                    assert!((1..=2).contains(&max.load(Ordering::Relaxed)), "two threads, by 1 each");
                    2 * ops
                })
            })
            .timed("AtomicI64 without a maximum", |ops| {
                let level = AtomicI64::new(0);
                let up_and_down = || {
                    level.fetch_add(1, Ordering::Relaxed);
                    level.fetch_sub(1, Ordering::Relaxed);
                };
                count(2, ops, up_and_down, || {
                    assert_eq!(level.load(Ordering::Relaxed), 0, "what went up came down");
                    2 * ops
                })
            }),
    );
}

/// Each thread adds `ops` times, so the time of an operation is that of one thread.
fn count(threads: usize, ops: u64, add: impl Fn() + Sync, sum: impl Fn() -> u64) -> Duration {
    let (elapsed, _) = together(threads, |_| {
        (0..ops).for_each(|_| add());
        0
    });
    assert_eq!(sum(), ops * threads as u64, "no addition is lost");
    elapsed
}
