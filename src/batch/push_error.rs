use std::error::Error;
use std::fmt;

/// Why a [`Batcher`](super::Batcher) did not take an item; the item comes back.
///
/// ```
/// use bedplate::batch::{Batcher, PushError};
///
/// let batcher = Batcher::builder().inline(|batch: &mut Vec<String>| batch.clear());
/// assert_eq!(batcher.close().handled, 0);
/// let refused = batcher.push("late".to_owned()).unwrap_err();
/// assert!(matches!(refused, PushError::Closed(_)));
/// assert_eq!(refused.into_inner(), "late");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError<T> {
    /// As many items wait as the capacity allows, and none was taken before the timeout if there was one.
    Full(T),
    /// The batcher was closed.
    Closed(T),
    /// The push came from within the batcher's own handler, which would wait for itself once the batcher is full.
    Reentrant(T),
}

impl<T> PushError<T> {
    /// The item that was not taken.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) | Self::Reentrant(item) => item,
        }
    }

    /// Whether a later push may succeed.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

/// Without the item, so that `T` need not be `Debug`.
impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
            Self::Reentrant(_) => "Reentrant(..)",
        })
    }
}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the batcher is full",
            Self::Closed(_) => "the batcher is closed",
            Self::Reentrant(_) => "a handler may not push into its own batcher",
        })
    }
}

impl<T> Error for PushError<T> {}
