use std::sync::OnceLock;

use crossbeam::utils::CachePadded;

use super::{Writers, known_thread_slot, thread_slot};

/// A padded `T` for each thread slot up to a number, each written by the thread of that slot alone, and a few more that
/// all other threads share: those of higher slots, and those whose thread-locals are being destroyed, which have none.
///
/// A shard of its own needs no read-modify-write: a thread reads there what it wrote itself, or what threads that held
/// its slot before it wrote. The latter happened before: a slot is given back and taken under one mutex, by the last
/// thing its old holder does with it and the first of its new one. Thread-local destructors that run after the slot was
/// given back find none, and so use a shared shard.
#[derive(Debug)]
pub(crate) struct Sharded<T> {
    /// That of slot `i` at `i`.
    own: Box<[CachePadded<T>]>,
    /// A power of two of them.
    shared: Box<[CachePadded<T>]>,
}

impl<T> Sharded<T> {
    pub(crate) fn new(mut make: impl FnMut() -> T) -> Self {
        let (own, shared) = counts();
        let mut some = |n| (0..n).map(|_| CachePadded::new(make())).collect();
        Self { own: some(own), shared: some(shared) }
    }

    /// The shard that the calling thread alone writes; `None` where it has none, or is here for the first time.
    #[inline]
    pub(crate) fn own(&self) -> Option<&T> {
        self.own.get(known_thread_slot().unwrap_or(usize::MAX)).map(|shard| &**shard)
    }

    /// The calling thread's shard, and who writes it. To be asked where [`own`](Self::own) has none.
    #[cold]
    pub(crate) fn find(&self) -> (&T, Writers) {
        match thread_slot() {
            Some(slot) if slot < self.own.len() => (&self.own[slot], Writers::One),
            slot => (&self.shared[slot.unwrap_or(0) & (self.shared.len() - 1)], Writers::Many),
        }
    }

    /// The calling thread's shard, which others may write too.
    #[inline]
    #[allow(dead_code)] // For what counts with read-modify-writes because it does more than to count.
    pub(crate) fn local(&self) -> &T {
        self.own().unwrap_or_else(|| self.find().0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.own.iter().chain(&self.shared).map(|shard| &**shard)
    }
}

/// How many shards have one writer, and how many have several.
fn counts() -> (usize, usize) {
    // So few that a model of three threads has both kinds.
    if cfg!(any(bedplate_loom, bedplate_shuttle)) {
        return (2, 1);
    }
    // `available_parallelism` reads the cgroup's files, too much for each new counter.
    static COUNTS: OnceLock<(usize, usize)> = OnceLock::new();
    *COUNTS.get_or_init(|| counts_for(std::thread::available_parallelism().map_or(8, usize::from)))
}

/// Two of one writer for each CPU: a program has a thread for each and some that mostly wait. On large machines that is
/// memory that few need, so from 32 CPUs on they stay 64, then one for each CPU, and no more than 256. A quarter as
/// many are shared, by threads that meet rarely there because only so many run at one time.
pub(super) fn counts_for(cpus: usize) -> (usize, usize) {
    let own = (2 * cpus).clamp(4, 64).max(cpus.min(256));
    (own, (own / 4).max(2).next_power_of_two())
}
