//! The batcher of this crate.

use super::gather::{Bounds, Gather};
use bedplate::batch::{Batcher, Producer};
use std::sync::Arc;

/// A push takes the batcher's lock.
#[derive(Debug)]
pub struct Plain(Arc<Batcher<u64>>);

fn spawn(bounds: Bounds, handle: impl FnMut(&mut Vec<u64>) + Send + 'static) -> Batcher<u64> {
    let Bounds { max_items, linger, capacity } = bounds;
    let builder = Batcher::builder().max_items(max_items).linger(linger).capacity(capacity);
    builder.spawn("peers-batcher", handle).expect("a thread")
}

fn finish(batcher: &Batcher<u64>) {
    let report = batcher.close();
    assert_eq!((report.failed, report.left_over.len()), (0, 0), "everything is handled");
}

impl Gather for Plain {
    type Producer = Arc<Batcher<u64>>;

    fn start(bounds: Bounds, handle: impl FnMut(&mut Vec<u64>) + Send + 'static) -> Self {
        Self(Arc::new(spawn(bounds, handle)))
    }

    fn producer(&self) -> Self::Producer {
        Arc::clone(&self.0)
    }

    #[inline]
    fn push(producer: &mut Self::Producer, item: u64) {
        producer.push(item).expect("the batcher is open");
    }

    fn finish(self) {
        finish(&self.0);
    }
}

/// Each producer gathers items in a stage of its own.
#[derive(Debug)]
pub struct Staged(Batcher<u64>);

impl Gather for Staged {
    type Producer = Producer<u64>;

    fn start(bounds: Bounds, handle: impl FnMut(&mut Vec<u64>) + Send + 'static) -> Self {
        Self(spawn(bounds, handle))
    }

    fn producer(&self) -> Self::Producer {
        self.0.producer()
    }

    #[inline]
    fn push(producer: &mut Self::Producer, item: u64) {
        producer.push(item).expect("the batcher is open");
    }

    fn finish(self) {
        finish(&self.0);
    }
}
