//! Threads record how long their work took into one `Histogram`; percentiles are read while and after they do, of all that
//! was recorded and of what came since the last look.

use bedplate::stats::Histogram;
use bedplate::time::Clock;
use std::hint::black_box;
use std::thread;

const THREADS: u64 = 4;
const CALLS: u64 = 5_000;

/// Work whose length varies with its input.
fn collatz(mut n: u64) -> u64 {
    let mut steps = 0;
    while n != 1 {
        n = if n.is_multiple_of(2) { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    steps
}

fn main() {
    let clock = Clock::Monotonic;
    let latency = Histogram::new();
    thread::scope(|s| {
        for t in 0..THREADS {
            let (latency, clock) = (&latency, &clock);
            s.spawn(move || {
                for n in 1..=CALLS {
                    let start = clock.now();
                    black_box(collatz(black_box(n + t)));
                    latency.record((clock.now() - start).as_nanos() as u64);
                }
            });
        }
        // Reading stops nobody. A monitor that keeps the last snapshot can tell of each interval alone, and no call is lost or
        // in two of them.
        let mut last = latency.snapshot();
        let mut calls = last.count();
        while calls < THREADS * CALLS {
            thread::yield_now();
            let now = latency.snapshot();
            let interval = now.since(&last);
            if interval.count() < 3_000 && now.count() < THREADS * CALLS {
                continue;
            }
            println!("{:>6} calls: half of them took at most {} ns", interval.count(), interval.percentile(50.0));
            calls += interval.count();
            last = now;
        }
        assert_eq!(calls, THREADS * CALLS);
    });

    let mut seen = latency.snapshot();
    assert_eq!(seen.count(), THREADS * CALLS);
    let percentiles = [0.0, 50.0, 90.0, 99.0, 99.9, 100.0].map(|p| (p, seen.percentile(p)));
    assert!(percentiles.is_sorted_by_key(|&(_, ns)| ns));
    assert_eq!((seen.min(), seen.max()), (percentiles[0].1, percentiles[5].1));
    for (p, ns) in percentiles {
        println!("{p:>5} % of the calls took at most {ns} ns");
    }
    println!("mean {:.0} ns, {} buckets in use", seen.mean(), seen.buckets().count());

    // Snapshots of several histograms, or of several minutes, add up.
    let other = Histogram::new();
    other.record_n(1_000, 10);
    seen.merge(&other.snapshot());
    assert_eq!(seen.count(), THREADS * CALLS + 10);
}
