use std::error::Error;
use std::fmt;
use std::io;

use super::UnblockedThread;

/// Why there is no [`SignalBatcher`](super::SignalBatcher), or a check of its threads failed.
///
/// ```
/// use bedplate::batch::signals::{Signo, SignalBatcher, SignalBatcherError, SignalSet};
///
/// let set = SignalSet::from([Signo::USR1]);
/// let Err(SignalBatcherError::Unblocked(threads)) = SignalBatcher::builder(set).build() else {
///     panic!("the main thread does not block it")
/// };
/// assert!(threads.iter().any(|thread| thread.tid == std::process::id() && thread.signals == set));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SignalBatcherError {
    /// These threads do not block all of the signals, so the kernel may deliver some to them.
    Unblocked(Vec<UnblockedThread>),
    /// The masks of the threads cannot be read: `/proc` is not there, or not readable.
    /// [`assume_blocked`](super::SignalBatcherBuilder::assume_blocked) goes without them.
    Unreadable(io::Error),
    /// The kernel refused the file, or the thread.
    System(io::Error),
}

impl fmt::Display for SignalBatcherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unblocked(threads) => {
                f.write_str("signals are not blocked in every thread:")?;
                for (n, thread) in threads.iter().enumerate() {
                    write!(f, "{} {thread}", if n == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::Unreadable(error) => write!(f, "the signal masks of the threads cannot be read: {error}"),
            Self::System(error) => write!(f, "the kernel refused to hand out signals: {error}"),
        }
    }
}

impl Error for SignalBatcherError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unblocked(_) => None,
            Self::Unreadable(error) | Self::System(error) => Some(error),
        }
    }
}
