use std::collections::BTreeMap;

use super::HistogramSnapshot;

/// Tells of a histogram's snapshots what none before has told.
///
/// Not by [`HistogramSnapshot::since`], for which the snapshots have to be in order: two threads that take turns
/// publishing may bring theirs the other way round, and two taken at the same time may each hold a sample that the
/// other lacks.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    /// The most ever told of each bucket, by its lowest value.
    told: BTreeMap<u64, u64>,
}

impl Unsent {
    /// Values that stand for buckets, from the lowest, with how many samples of each are new.
    pub(super) fn take(&mut self, seen: &HistogramSnapshot) -> Vec<(u64, u64)> {
        let mut new = Vec::new();
        for bucket in seen.buckets() {
            let (low, high) = bucket.values.into_inner();
            let told = self.told.entry(low).or_default();
            if bucket.count > *told {
                // The bucket past the range has no middle worth telling.
                let value = if high == u64::MAX { seen.max() } else { low + (high - low) / 2 };
                new.push((value.clamp(seen.min(), seen.max()), bucket.count - *told));
                *told = bucket.count;
            }
        }
        new
    }
}
