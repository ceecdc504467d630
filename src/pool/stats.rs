/// What an [`ObjectPool`](super::ObjectPool) or an [`ArenaPool`](super::ArenaPool) held and did, at one moment.
///
/// Taken without stopping anybody: `live == idle + in_use` and `created == live + discarded + detached` always, while which of the
/// objects that threads acquire and release meanwhile count as idle, and whether `acquired` has them, is as it happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The most objects that may live at a time.
    pub max: usize,
    /// Objects that live, idle or in use.
    pub live: usize,
    /// Objects that wait in the pool.
    pub idle: usize,
    /// Objects that are out, or whose guard was leaked, or that are being recycled or dropped.
    pub in_use: usize,
    /// The most objects that lived at one moment.
    pub high_water: usize,
    /// Objects made since the pool was built.
    pub created: u64,
    /// Acquisitions that gave an object out.
    pub acquired: u64,
    /// Objects the pool dropped: by the recycle hook's word or panic, by a trim, or on close.
    pub discarded: u64,
    /// Objects taken out of the pool for good.
    pub detached: u64,
    /// Acquisitions that found everything in use and waited.
    pub waits: u64,
    /// How often idle objects had to be fetched from the magazines of threads: because nothing else was idle, or to trim or
    /// close. Each costs some 20 µs; where it happens often, magazines are left alone for a while.
    pub revocations: u64,
}

crate::stats::figures!(Stats {
    level: max, live, idle, in_use, high_water;
    count: created, acquired, discarded, detached, waits, revocations;
});
