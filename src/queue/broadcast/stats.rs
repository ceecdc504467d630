/// What a broadcast holds and what was pushed to it, as of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The most items the broadcast holds.
    pub capacity: usize,
    /// Gated: items that the slowest receiver has not seen. Lossy: items that a receiver could still ask for.
    pub len: usize,
    /// Items ever pushed.
    pub pushed: u64,
    /// Whether the broadcast is closed.
    pub closed: bool,
}

crate::stats::figures!(Stats { level: capacity, len; count: pushed; flag: closed });
