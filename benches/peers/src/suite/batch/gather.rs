use std::time::Duration;

/// What bounds a batch, and what may wait.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Items of a full batch.
    pub max_items: usize,
    /// How long the first item waits for others.
    pub linger: Duration,
    /// Items that may wait.
    pub capacity: usize,
}

/// A batcher with a thread of its own.
pub trait Gather: Sized + Send {
    /// Through which one thread pushes.
    type Producer: Send;

    /// Starts the thread, on the CPU of the caller. `handle` takes all items out of the vector.
    fn start(bounds: Bounds, handle: impl FnMut(&mut Vec<u64>) + Send + 'static) -> Self;

    /// A producer of its own for one more thread.
    fn producer(&self) -> Self::Producer;

    /// Waits for room.
    fn push(producer: &mut Self::Producer, item: u64);

    /// Waits until everything is handled and the thread has ended. The producers are dropped before.
    fn finish(self);
}
