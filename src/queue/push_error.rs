use std::error::Error;
use std::fmt;

/// Why a push was refused, with the item.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError<T> {
    /// The queue holds as many items as its capacity.
    Full(T),
    /// The queue is not full, but the place of this item belongs to a peer that has begun and not finished. Ask again:
    /// the peer is a few instructions from done, unless the scheduler has stopped it there.
    Busy(T),
    /// The queue is closed for good.
    Closed(T),
}

impl<T> PushError<T> {
    /// The item that was not pushed.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Busy(item) | Self::Closed(item) => item,
        }
    }

    /// Whether every later push will be refused as well.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Busy(_) => "Busy(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::Busy(_) => "a peer has not finished with the next place of the queue",
            Self::Closed(_) => "the queue is closed",
        })
    }
}

impl<T> Error for PushError<T> {}
