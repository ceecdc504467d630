use std::error::Error;
use std::fmt;

/// Why a flush cannot say that everything was handled.
///
/// ```
/// use bedplate::batch::{Batcher, FlushError};
/// use std::time::Duration;
///
/// let batcher = Batcher::builder().linger(Duration::MAX).inline(|batch: &mut Vec<u64>| batch.clear());
/// batcher.push(1).unwrap();
/// assert_eq!(batcher.try_close().left_over, [1]);
/// assert_eq!(batcher.flush(), Err(FlushError::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// The timeout came first. What was flushed is still handled as soon as the handler comes to it.
    TimedOut,
    /// The batcher was closed, and items this flush waited for were given back by the close.
    Closed,
    /// The flush came from within the batcher's own handler, which would wait for itself.
    Reentrant,
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "the flush timed out",
            Self::Closed => "the batcher was closed before everything was handled",
            Self::Reentrant => "a handler may not flush its own batcher",
        })
    }
}

impl Error for FlushError {}
