/// How the threads of a channel wait for an item or for room.
///
/// Chosen for a channel with [`Builder::wait`](super::Builder::wait). It is a value and no type parameter of the ends:
/// an operation that need not wait never looks at it.
///
/// ```
/// use bedplate::channel::{self, Wait};
///
/// let (tx, rx) = channel::builder(8).wait(Wait::Park).build();
/// std::thread::scope(|s| {
///     s.spawn(move || (0..100).try_for_each(|n| tx.send(n)));
///     assert!(rx.iter().eq(0..100));
/// });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// Never parks: spins for some microseconds, then gives up its time slice between tries. Takes a CPU for as long
    /// as it waits; for threads that have one each. A wake-up costs nobody anything.
    Spin,
    /// Spins for at most 2 microseconds where the thread may run on more than one CPU, gives up its time slice again and
    /// again for at most 25, and parks. What it costs while it is parked is nothing.
    #[default]
    SpinThenPark,
    /// Parks at once. For waits that are long as a rule: they cost least CPU time this way, and each costs the other
    /// side a wake-up.
    Park,
}
