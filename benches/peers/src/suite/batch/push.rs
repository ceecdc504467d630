//! What a push costs, with the handler at work beside it.

use super::by_hand::{CrossbeamDeadline, CrossbeamTry, FlumeDrain, KanalDrain, Locked};
use super::gather::{Bounds, Gather};
use super::ours::{Plain, Staged};
use crate::harness::{Bench, Better, Spec, on_cpu, share, together};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const BOUNDS: Bounds = Bounds { max_items: 256, linger: Duration::from_millis(1), capacity: 4096 };

/// Measures these rows.
pub fn run(bench: &mut Bench) {
    for producers in [1, 2, 4] {
        bench.run(row::<Plain>(format!("push {producers}p"), "", producers));
    }
    for producers in [1, 2, 4] {
        let how = " through a Producer of 256 (bedplate; the others as without)";
        bench.run(row::<Staged>(format!("push staged {producers}p"), how, producers));
    }
}

/// A row of `G` against the batchers by hand.
fn row<G: Gather>(id: String, how: &str, producers: usize) -> Spec<'static> {
    let detail = format!(
        "push a u64{how}, batches of up to 256 or 1 ms, at most 4096 pending, handler sums on a thread of its own; \
         blocking push, each with its own wait; try_recv, drain and drain_into follow a recv and know no linger, and like \
         the Mutex the two drains take all that is there, up to 4096; verified: count and sum handled"
    );
    Spec::new(id, detail)
        .threads(producers + 1)
        .unit("ns/item", Better::Lower)
        .timed("bedplate", move |ops| produce::<G>(producers, ops))
        .timed("crossbeam-channel + thread", move |ops| produce::<CrossbeamDeadline>(producers, ops))
        .timed("crossbeam-channel, try_recv", move |ops| produce::<CrossbeamTry>(producers, ops))
        .timed("flume, drain", move |ops| produce::<FlumeDrain>(producers, ops))
        .timed("kanal, drain_into", move |ops| produce::<KanalDrain>(producers, ops))
        .timed("Mutex<Vec> + Condvar", move |ops| produce::<Locked>(producers, ops))
}

/// The producers push `ops` items between them, and all are handled.
fn produce<G: Gather>(producers: usize, ops: u64) -> Duration {
    let handled = Arc::new(Handled::default());
    let theirs = Arc::clone(&handled);
    // A thread inherits the CPU of the one that makes it: the one after those of the producers.
    let gather = on_cpu(producers, || G::start(BOUNDS, move |items| theirs.batch(items)));
    let handles: Vec<_> = (0..producers).map(|_| std::sync::Mutex::new(Some(gather.producer()))).collect();
    let (mut elapsed, _) = together(producers, |index| {
        let mut producer = handles[index].lock().expect("no other thread has it").take().expect("a handle a thread");
        share(ops, producers as u64, index as u64).for_each(|item| G::push(&mut producer, item));
        0
    });
    let drained = Instant::now();
    gather.finish();
    elapsed += drained.elapsed();
    handled.check(ops);
    elapsed
}

/// What was handled.
#[derive(Debug, Default)]
struct Handled {
    count: AtomicU64,
    sum: AtomicU64,
}

impl Handled {
    fn batch(&self, items: &mut Vec<u64>) {
        // Relaxed: read after the thread of the handler has ended, which orders the memory.
        self.count.fetch_add(items.len() as u64, Ordering::Relaxed);
        self.sum.fetch_add(items.drain(..).fold(0, u64::wrapping_add), Ordering::Relaxed);
    }

    fn check(&self, items: u64) {
        assert_eq!(self.count.load(Ordering::Relaxed), items, "each item is handled");
        let sum = u128::from(items) * u128::from(items.saturating_sub(1)) / 2;
        assert_eq!(self.sum.load(Ordering::Relaxed), sum as u64, "each item is handled once");
    }
}
