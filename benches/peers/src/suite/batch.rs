//! Gathering single items into batches.

mod sqlite;

use crate::harness::{Bench, Better, Spec, on_cpu, share, together};
use bedplate::batch::Batcher;
use crossbeam::channel::{Receiver, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const MAX_ITEMS: usize = 256;
const CAPACITY: usize = 4096;
const LINGER: Duration = Duration::from_millis(1);

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    for producers in [1, 2] {
        let detail = "push a u64, batches of up to 256 or 1 ms, at most 4096 pending, handler sums on a thread of its \
                      own; blocking push, each with its own wait; verified: count and sum handled";
        bench.run(
            Spec::new(format!("push {producers}p"), detail)
                .threads(producers + 1)
                .unit("ns/item", Better::Lower)
                .timed("bedplate", move |ops| batcher(producers, ops))
                .timed("crossbeam-channel + thread", move |ops| channel(producers, ops)),
        );
    }
    sqlite::run(bench);
}

/// What was handled.
#[derive(Debug, Default)]
struct Handled {
    count: AtomicU64,
    sum: AtomicU64,
}

impl Handled {
    fn batch(&self, items: &mut Vec<u64>) {
        // Relaxed: read after a flush or a join, which order the memory.
        self.count.fetch_add(items.len() as u64, Ordering::Relaxed);
        self.sum.fetch_add(items.drain(..).fold(0, u64::wrapping_add), Ordering::Relaxed);
    }

    fn check(&self, items: u64) {
        assert_eq!(self.count.load(Ordering::Relaxed), items, "each item is handled");
        let sum = u128::from(items) * u128::from(items.saturating_sub(1)) / 2;
        assert_eq!(self.sum.load(Ordering::Relaxed), sum as u64, "each item is handled once");
    }
}

/// Runs the producers, who push `ops` items between them.
fn produce(producers: usize, ops: u64, push: impl Fn(u64) + Sync) -> Duration {
    let (elapsed, _) = together(producers, |index| {
        share(ops, producers as u64, index as u64).for_each(&push);
        0
    });
    elapsed
}

fn batcher(producers: usize, ops: u64) -> Duration {
    let handled = Arc::new(Handled::default());
    let handler = Arc::clone(&handled);
    // A thread inherits the CPU of the one that makes it: the one after those of the producers.
    let batcher = on_cpu(producers, || {
        let builder = Batcher::builder().max_items(MAX_ITEMS).linger(LINGER).capacity(CAPACITY);
        builder.spawn("peers-batcher", move |items: &mut Vec<u64>| handler.batch(items)).expect("a thread")
    });
    let mut elapsed = produce(producers, ops, |value| batcher.push(value).expect("the batcher is open"));
    let drained = Instant::now();
    batcher.flush().expect("the batcher is open");
    elapsed += drained.elapsed();
    handled.check(ops);
    elapsed
}

/// The batcher that is usually written by hand.
fn channel(producers: usize, ops: u64) -> Duration {
    let handled = Arc::new(Handled::default());
    let handler = Arc::clone(&handled);
    let (sender, receiver) = bounded(CAPACITY);
    let consumer = on_cpu(producers, || thread::spawn(move || gather(&receiver, |items| handler.batch(items))));
    let mut elapsed = produce(producers, ops, |value| sender.send(value).expect("the consumer is there"));
    let drained = Instant::now();
    drop(sender);
    consumer.join().expect("the handler does not panic");
    elapsed += drained.elapsed();
    handled.check(ops);
    elapsed
}

fn gather(receiver: &Receiver<u64>, mut handle: impl FnMut(&mut Vec<u64>)) {
    let mut items = Vec::with_capacity(MAX_ITEMS);
    while let Ok(first) = receiver.recv() {
        items.push(first);
        let deadline = Instant::now() + LINGER;
        while items.len() < MAX_ITEMS {
            let Ok(item) = receiver.recv_deadline(deadline) else { break };
            items.push(item);
        }
        handle(&mut items);
    }
}
