use std::fmt;

/// The number of a record in its log: 1 for the first, and one more for each that follows.
///
/// ```
/// use bedplate::io::Lsn;
///
/// let lsn = Lsn::new(7);
/// assert_eq!(lsn.next().get(), 8);
/// assert_eq!(Lsn::ZERO.next(), Lsn::new(1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(u64);

impl Lsn {
    /// Before the first record: what [`AppendLog::durable_lsn`](super::AppendLog::durable_lsn) tells of an empty log.
    pub const ZERO: Self = Self(0);

    /// The record of that number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The record after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
