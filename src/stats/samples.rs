use metrics::{Key, Recorder};

use super::HistogramSnapshot;
use super::series::METADATA;
use super::unsent::Unsent;

/// One histogram of the recorder.
#[derive(Debug)]
pub(super) struct Samples {
    key: Key,
    unsent: Unsent,
}

impl Samples {
    pub(super) fn new(key: Key) -> Self {
        Self { key: key.to_retained(), unsent: Unsent::default() }
    }

    /// Records the samples that were not recorded yet.
    pub(super) fn send(&mut self, recorder: &dyn Recorder, seen: &HistogramSnapshot) {
        let histogram = recorder.register_histogram(&self.key, &METADATA);
        for (value, mut count) in self.unsent.take(seen) {
            while count > 0 {
                let some = usize::try_from(count).unwrap_or(usize::MAX);
                histogram.record_many(value as f64, some);
                count -= some as u64;
            }
        }
    }

    pub(super) fn start_over(&mut self) {
        self.unsent = Unsent::default();
    }
}
