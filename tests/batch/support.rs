use bedplate::batch::{Batcher, BatcherStats};
use bedplate::time::Manual;
use std::mem;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// A handler that waits for a word before each batch and reports each batch whole.
pub struct Gate {
    open: Sender<()>,
    batches: Receiver<Vec<u64>>,
}

impl Gate {
    /// The gate, and the handler that stands before it. A gate that was dropped lets everything through.
    pub fn new() -> (Self, impl FnMut(&mut Vec<u64>) + Send + 'static) {
        let (open, opened) = mpsc::channel();
        let (report, batches) = mpsc::channel();
        let handler = move |batch: &mut Vec<u64>| {
            let _ = opened.recv();
            let _ = report.send(mem::take(batch));
        };
        (Self { open, batches }, handler)
    }

    /// Lets one batch through and returns it.
    pub fn pass(&self) -> Vec<u64> {
        self.open.send(()).unwrap();
        self.batches.recv().unwrap()
    }

    /// Lets everything through from now on.
    pub fn open(self) -> Receiver<Vec<u64>> {
        self.batches
    }
}

/// Reports each batch whole.
pub fn reporting() -> (Receiver<Vec<u64>>, impl FnMut(&mut Vec<u64>) + Send + 'static) {
    let (report, batches) = mpsc::channel();
    (batches, move |batch: &mut Vec<u64>| {
        let _ = report.send(mem::take(batch));
    })
}

/// All batches of a batcher that is closed by this.
pub fn rest(gate: Gate, batcher: &Batcher<u64>) -> Vec<Vec<u64>> {
    let batches = gate.open();
    let _ = batcher.close();
    assert_whole(batcher.stats());
    batches.try_iter().collect()
}

/// Lets other threads run until `condition` holds of the figures.
pub fn until<T>(batcher: &Batcher<T>, condition: impl Fn(BatcherStats) -> bool) {
    while !condition(batcher.stats()) {
        thread::yield_now();
    }
}

/// Asserts what holds of the figures at every moment.
pub fn assert_whole(stats: BatcherStats) {
    let inside = (stats.pending + stats.in_flight) as u64;
    assert_eq!(
        stats.pushed,
        stats.handled + stats.failed + stats.left_over + stats.dropped_oldest + inside,
        "{stats:?}"
    );
    let by = stats.by_items + stats.by_bytes + stats.by_linger + stats.by_urgent + stats.by_flush + stats.by_close;
    assert_eq!(stats.batches, by, "{stats:?}");
}

/// Lets other threads run until `n` of them wait on a deadline of the clock.
pub fn until_asleep(time: &Manual, n: usize) {
    while time.sleepers() < n {
        thread::yield_now();
    }
}
