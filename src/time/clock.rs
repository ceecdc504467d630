use std::time::Duration;

use super::{Instant, Manual};
use crate::sys::clock;

/// Where a structure reads its time.
///
/// `now` never blocks and never allocates. Cloning a `Manual` clock gives another handle to the same clock.
///
/// ```
/// use bedplate::time::{Clock, Manual};
/// use std::time::Duration;
///
/// let time = Manual::new();
/// let clock = Clock::from(time.clone());
/// let start = clock.now();
/// time.advance(Duration::from_secs(60));
/// assert_eq!(clock.now() - start, Duration::from_secs(60));
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Clock {
    /// `CLOCK_MONOTONIC`: nanosecond resolution.
    #[default]
    Monotonic,
    /// `CLOCK_MONOTONIC_COARSE`: cheaper to read, and late by up to [`Clock::resolution`] (1 to 10 ms). Outside Linux the
    /// same as `Monotonic`.
    Coarse,
    /// Moves only by [`Manual::advance`].
    Manual(Manual),
}

impl Clock {
    /// The time now.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Instant {
        match self {
            Self::Monotonic => Instant::from_nanos(clock::monotonic()),
            Self::Coarse => Instant::from_nanos(clock::coarse()),
            Self::Manual(manual) => manual.now(),
        }
    }

    /// How far behind the true time [`now`](Self::now) may be.
    #[must_use]
    pub fn resolution(&self) -> Duration {
        match self {
            Self::Monotonic => Duration::from_nanos(1),
            Self::Coarse => Duration::from_nanos(clock::coarse_resolution()),
            Self::Manual(_) => Duration::ZERO,
        }
    }
}

impl From<Manual> for Clock {
    fn from(manual: Manual) -> Self {
        Self::Manual(manual)
    }
}
