//! How late a batch comes that its linger ends.

use super::by_hand::{CrossbeamDeadline, CrossbeamSleep, Locked};
use super::gather::{Bounds, Gather};
use super::ours::Plain;
use crate::harness::{Bench, Better, Spec, on_cpu};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Between the end of a batch and the next item.
const GAP_US: std::ops::Range<u64> = 50..450;

/// Measures these rows.
pub fn run(bench: &mut Bench) {
    // A percentile needs samples and a sample takes the linger, so their number is fixed.
    let (one, ten) = if bench.quick() { (100, 25) } else { (300, 100) };
    for (ms, samples) in [(1, one), (10, ten)] {
        let linger = Duration::from_millis(ms);
        let id = format!("overshoot {ms}ms");
        let detail = format!(
            "handler's start after a single item's push and the linger of {ms} ms, {samples} samples a round, pushed 50 to \
             450 µs after the batch before; producer and thread on a CPU each, timer slack as the system gives it; median, \
             p99 beside it; verified: each item in a batch of its own, none early"
        );
        bench.run(
            Spec::new(&id, detail)
                .threads(2)
                .unit("ns late", Better::Lower)
                .beside(format!("{id} p99"), "ns late")
                .each("bedplate", move |items| lateness::<Plain>(linger, items))
                .exactly(samples)
                .each("crossbeam-channel + thread", move |items| lateness::<CrossbeamDeadline>(linger, items))
                .exactly(samples)
                .each("Mutex<Vec> + Condvar", move |items| lateness::<Locked>(linger, items))
                .exactly(samples)
                .each("thread::sleep", move |items| lateness::<CrossbeamSleep>(linger, items))
                .exactly(samples),
        );
    }
}

/// How many nanoseconds each batch of one item came after its linger.
fn lateness<G: Gather>(linger: Duration, items: u64) -> Vec<u64> {
    let epoch = Instant::now();
    let since_epoch = move || u64::try_from(epoch.elapsed().as_nanos()).expect("not that many years");
    let (report, reported) = mpsc::channel();
    let bounds = Bounds { max_items: 256, linger, capacity: 4096 };
    let gather = on_cpu(1, || {
        G::start(bounds, move |items| {
            let now = since_epoch();
            assert_eq!(items.len(), 1, "an item is in a batch of its own");
            items.drain(..).for_each(|pushed| report.send(now - pushed).expect("the producer waits"));
        })
    });
    let mut producer = gather.producer();
    let times = on_cpu(0, move || {
        let mut gaps = StdRng::seed_from_u64(items);
        let each = (0..items).map(|_| {
            thread::sleep(Duration::from_micros(gaps.random_range(GAP_US)));
            G::push(&mut producer, since_epoch());
            let waited = Duration::from_nanos(reported.recv().expect("the item is handled"));
            let late = waited.checked_sub(linger).expect("no batch comes before its linger is over");
            late.as_nanos() as u64
        });
        each.collect()
    });
    gather.finish();
    times
}
