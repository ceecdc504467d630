use std::error::Error;
use std::fmt;

/// Why a receiver got nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvError {
    /// The receiver has seen everything that was pushed so far.
    Empty,
    /// The receiver was too slow: so many items that it had not seen are overwritten. The next call goes on with the
    /// oldest that was left at that moment. Never from a [`gated`](super::gated()) broadcast.
    Lagged(u64),
    /// The broadcast is closed, and the receiver has seen, or was told to have lost, all that was pushed.
    Closed,
}

impl RecvError {
    /// Whether every later call will bring nothing as well.
    #[must_use]
    pub fn is_closed(self) -> bool {
        self == Self::Closed
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the receiver has seen every item"),
            Self::Lagged(n) => write!(f, "the receiver was too slow and has lost {n} items"),
            Self::Closed => f.write_str("the broadcast is closed and the receiver has seen every item"),
        }
    }
}

impl Error for RecvError {}
