//! Channels, which wait by themselves.

use crate::harness::{Bench, Better, Job, Spec, on_one_cpu, share, together_jobs};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const CAPACITY: usize = 1024;

/// How the threads of a row are placed.
type Start = fn(Vec<Job<'_>>) -> (Duration, u64);

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    bench.run(row("channel 1p1c", 1, 1, together_jobs));
    bench.run(row("channel 2p2c", 2, 2, together_jobs));
    bench.run(row("channel 4p4c onecpu", 4, 4, on_one_cpu));
}

fn row(row: &str, producers: u64, consumers: u64, start: Start) -> Spec<'static> {
    let one_cpu = if row.ends_with("onecpu") { "all threads on one CPU; " } else { "" };
    let detail = format!(
        "u64; capacity 1024; {one_cpu}blocking send and recv until closed, each with its own wait; verified: count and sum"
    );
    Spec::new(row, detail)
        .threads((producers + consumers) as usize)
        .unit("ns/item", Better::Lower)
        .timed("bedplate", move |ops| flow::<Bedplate>(producers, consumers, ops, start))
        .timed("crossbeam-channel", move |ops| flow::<Crossbeam>(producers, consumers, ops, start))
        .timed("flume", move |ops| flow::<Flume>(producers, consumers, ops, start))
        .timed("kanal", move |ops| flow::<Kanal>(producers, consumers, ops, start))
}

/// `ops` items from the producers to the consumers, who take what comes until the channel is closed.
fn flow<C: Channel>(producers: u64, consumers: u64, ops: u64, start: Start) -> Duration {
    let received = &AtomicU64::new(0);
    let (sender, receiver) = C::with_capacity(CAPACITY);
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for index in 0..producers {
        let sender = sender.clone();
        jobs.push(Box::new(move || {
            share(ops, producers, index).for_each(|value| C::send(&sender, value));
            0
        }));
    }
    for _ in 0..consumers {
        let receiver = receiver.clone();
        jobs.push(Box::new(move || {
            let (mut count, mut sum) = (0, 0_u64);
            while let Some(value) = C::recv(&receiver) {
                count += 1;
                sum = sum.wrapping_add(value);
            }
            received.fetch_add(count, Ordering::Relaxed);
            sum
        }));
    }
    drop((sender, receiver));
    let (elapsed, sum) = start(jobs);
    assert_eq!(received.load(Ordering::Relaxed), ops, "each item arrives");
    assert_eq!(sum, (u128::from(ops) * u128::from(ops.saturating_sub(1)) / 2) as u64, "each item arrives once");
    elapsed
}

/// A bounded channel whose calls wait.
trait Channel {
    type Sender: Clone + Send;
    type Receiver: Clone + Send;

    fn with_capacity(capacity: usize) -> (Self::Sender, Self::Receiver);
    fn send(sender: &Self::Sender, value: u64);
    /// `None` once the channel is closed and drained.
    fn recv(receiver: &Self::Receiver) -> Option<u64>;
}

macro_rules! channel {
    ($name:ident, $($path:ident)::+, $bounded:path) => {
        struct $name;

        impl Channel for $name {
            type Sender = $($path)::+::Sender<u64>;
            type Receiver = $($path)::+::Receiver<u64>;

            fn with_capacity(capacity: usize) -> (Self::Sender, Self::Receiver) {
                $bounded(capacity)
            }

            #[inline]
            fn send(sender: &Self::Sender, value: u64) {
                sender.send(value).expect("receivers are there to the end");
            }

            #[inline]
            fn recv(receiver: &Self::Receiver) -> Option<u64> {
                receiver.recv().ok()
            }
        }
    };
}

channel!(Bedplate, bedplate::channel, bedplate::channel::bounded);
channel!(Crossbeam, crossbeam::channel, crossbeam::channel::bounded);
channel!(Flume, flume, flume::bounded);
channel!(Kanal, kanal, kanal::bounded);
