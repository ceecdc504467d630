use std::error::Error;
use std::fmt;

/// Why a pop brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PopError {
    /// The queue holds nothing.
    Empty,
    /// The queue is not empty, but the oldest item belongs to a peer that has begun and not finished. Ask again: the
    /// peer is a few instructions from done, unless the scheduler has stopped it there.
    Busy,
    /// The queue is closed and drained: nothing will ever come.
    Closed,
}

impl PopError {
    /// Whether every later pop will bring nothing as well.
    #[must_use]
    pub fn is_closed(self) -> bool {
        self == Self::Closed
    }
}

impl fmt::Display for PopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::Busy => "a peer has not finished with the oldest item of the queue",
            Self::Closed => "the queue is closed and drained",
        })
    }
}

impl Error for PopError {}
