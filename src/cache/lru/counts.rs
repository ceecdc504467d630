use crate::cache::Stats;

/// What a map has done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) insertions: u64,
    pub(super) evictions: u64,
    pub(super) expirations: u64,
    pub(super) invalidations: u64,
    pub(super) refused: u64,
    pub(super) loads: u64,
    pub(super) failed_loads: u64,
}

impl Counts {
    pub(super) fn stats(self, len: usize, weight: u64, capacity: usize) -> Stats {
        Stats {
            hits: self.hits,
            misses: self.misses,
            insertions: self.insertions,
            evictions: self.evictions,
            expirations: self.expirations,
            invalidations: self.invalidations,
            refused: self.refused,
            loads: self.loads,
            failed_loads: self.failed_loads,
            len,
            weight,
            capacity,
            ..Stats::default()
        }
    }
}
