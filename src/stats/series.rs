use metrics::{Key, Level, Metadata, Recorder};

use super::Figure;

/// Where the recorder is told its metrics come from.
pub(super) const METADATA: Metadata<'static> = Metadata::new("bedplate", Level::INFO, Some(module_path!()));

/// One counter or gauge of the recorder.
///
/// It is registered anew each time a value is published, which finds the one there is. A handle kept instead would
/// stay without effect where it was made before the recorder was installed, and would lead nowhere once the recorder
/// has dropped the metric, as those with an idle timeout do.
#[derive(Debug)]
pub(super) struct Series {
    key: Key,
    /// What was reached by the structures before this one.
    before: u64,
    /// The highest count published of this one.
    reached: u64,
}

impl Series {
    pub(super) fn new(key: Key) -> Self {
        Self { key: key.to_retained(), before: 0, reached: 0 }
    }

    pub(super) fn publish(&mut self, recorder: &dyn Recorder, figure: Figure) {
        match figure {
            Figure::Count(count) => self.count(recorder, count),
            Figure::Time(time) => self.count(recorder, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
            Figure::Level(level) => self.level(recorder, level),
        }
    }

    /// Publishes a count, which the recorder gets as it is and not as a difference: it cannot be counted twice, and a
    /// recorder that was installed late gets all of it.
    pub(super) fn count(&mut self, recorder: &dyn Recorder, count: u64) {
        self.reached = self.reached.max(count);
        recorder.register_counter(&self.key, &METADATA).absolute(self.before.saturating_add(self.reached));
    }

    /// Publishes a level.
    pub(super) fn level(&self, recorder: &dyn Recorder, level: f64) {
        recorder.register_gauge(&self.key, &METADATA).set(level);
    }

    /// From now on, counts are added to what was reached.
    pub(super) fn start_over(&mut self) {
        self.before = self.before.saturating_add(self.reached);
        self.reached = 0;
    }
}
