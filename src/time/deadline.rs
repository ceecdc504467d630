use std::cmp::Ordering;
use std::time::Duration;

use super::{Clock, Instant};

/// The point at which a waiting operation gives up, or never.
///
/// ```
/// use bedplate::time::{Clock, Deadline, Manual};
/// use std::time::Duration;
///
/// let time = Manual::new();
/// let clock = Clock::from(time.clone());
/// let deadline = Deadline::after(&clock, Duration::from_millis(5));
/// assert_eq!(deadline.remaining(&clock), Some(Duration::from_millis(5)));
/// time.advance(Duration::from_millis(5));
/// assert!(deadline.is_past(&clock));
/// assert!(!Deadline::NEVER.is_past(&clock));
/// assert!(Deadline::PAST.is_past(&clock));
/// assert_eq!(deadline.min(Deadline::NEVER), deadline);
/// ```
///
/// Deadlines of one clock are ordered by when they come; [`NEVER`](Self::NEVER) is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// A deadline that does not come.
    pub const NEVER: Self = Self(None);

    /// A deadline that has come, on every clock.
    pub const PAST: Self = Self(Some(Instant::from_nanos(0)));

    /// The deadline at `instant`.
    #[must_use]
    pub const fn at(instant: Instant) -> Self {
        Self(Some(instant))
    }

    /// The deadline `timeout` from now; one past the end of time never comes.
    #[must_use]
    pub fn after(clock: &Clock, timeout: Duration) -> Self {
        match clock.now() + timeout {
            Instant::MAX => Self::NEVER,
            at => Self::at(at),
        }
    }

    /// The point in time, `None` for [`NEVER`](Self::NEVER).
    #[must_use]
    pub const fn instant(self) -> Option<Instant> {
        self.0
    }

    /// Whether the point has come. Reads the clock only where there is one to compare with.
    #[must_use]
    pub fn is_past(self, clock: &Clock) -> bool {
        self.0.is_some_and(|at| clock.now() >= at)
    }

    /// What is left until the deadline (zero once it is past); `None` for [`NEVER`](Self::NEVER).
    #[must_use]
    pub fn remaining(self, clock: &Clock) -> Option<Duration> {
        self.0.map(|at| at - clock.now())
    }
}

impl Ord for Deadline {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Some(one), Some(other)) => one.cmp(&other),
            // `None` is the greater one.
            (one, other) => one.is_none().cmp(&other.is_none()),
        }
    }
}

impl PartialOrd for Deadline {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
