use std::sync::OnceLock;

use crossbeam::utils::CachePadded;

use super::thread_slot;

/// More shards than this only cost memory: past it two threads of one line meet rarely enough.
const MAX_SHARDS: usize = 64;

/// One padded `T` for each CPU, of which a thread uses the one of its slot. Threads may share a shard, so `T` must be
/// shareable; that they rarely do is what makes it fast.
#[derive(Debug)]
pub(crate) struct Sharded<T> {
    /// A power of two of them.
    shards: Box<[CachePadded<T>]>,
}

impl<T> Sharded<T> {
    pub(crate) fn new(mut make: impl FnMut() -> T) -> Self {
        Self { shards: (0..shard_count()).map(|_| CachePadded::new(make())).collect() }
    }

    /// The calling thread's shard.
    #[inline]
    pub(crate) fn local(&self) -> &T {
        let slot = thread_slot().unwrap_or(0);
        &self.shards[slot & (self.shards.len() - 1)]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.shards.iter().map(|shard| &**shard)
    }
}

fn shard_count() -> usize {
    // `available_parallelism` reads the cgroup's files, too much for each new counter.
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT
        .get_or_init(|| std::thread::available_parallelism().map_or(8, usize::from).next_power_of_two().min(MAX_SHARDS))
}
