use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time of a [`Clock`](super::Clock), in nanoseconds.
///
/// Points of `Clock::Monotonic` and `Clock::Coarse` share one scale and may be compared; points of a manual clock
/// compare only with points of the same clock. All arithmetic saturates: a deadline past the end of time is the end of
/// time.
///
/// ```
/// use bedplate::time::Instant;
/// use std::time::Duration;
///
/// let t = Instant::from_nanos(500);
/// assert_eq!(t + Duration::from_nanos(250), Instant::from_nanos(750));
/// assert_eq!(t + Duration::MAX, Instant::MAX);
/// assert_eq!(t - Instant::from_nanos(900), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The last point that can be told.
    pub const MAX: Self = Self(u64::MAX);

    /// The point `nanos` nanoseconds after the clock's zero.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's zero.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// The time from `rhs` to `self`; zero where `rhs` is the later one.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, rhs: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(rhs.0))
    }
}
