use std::time::Duration;

/// How long all threads of a control group together may run in each period.
///
/// Once they have, none of them runs until the next period starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CpuQuota {
    /// The time they may run in a period.
    pub run: Duration,
    /// The period: 100 ms unless somebody set another.
    pub period: Duration,
}

impl CpuQuota {
    /// How many CPUs that is: 1.5 for 150 ms of each 100 ms.
    #[must_use]
    pub fn cpus(self) -> f64 {
        // Not by seconds, which are rounded before they are divided.
        self.run.as_nanos() as f64 / self.period.as_nanos() as f64
    }

    /// Whether it is less CPUs than the other. Exact, where quotients may be rounded to the same number.
    pub(super) fn is_less_than(self, other: Self) -> bool {
        // They come from 64 bits of microseconds, so that the products fit.
        self.run.as_micros() * other.period.as_micros() < other.run.as_micros() * self.period.as_micros()
    }

    /// The CPUs, rounded up.
    pub(super) fn cpus_rounded_up(self) -> usize {
        usize::try_from(self.run.as_micros().div_ceil(self.period.as_micros())).unwrap_or(usize::MAX)
    }
}
