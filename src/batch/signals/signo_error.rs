use std::error::Error;
use std::fmt;

/// Why a number is no [`Signo`](super::Signo).
///
/// ```
/// use bedplate::batch::signals::{Signo, SignoError};
///
/// let refused = Signo::from_raw(11).unwrap_err();
/// assert_eq!(refused, SignoError::Fault(11));
/// assert_eq!(refused.to_string(), "signal 11 is raised by faults of the program, and ends a process that blocks it");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignoError {
    /// There is no such signal.
    OutOfRange(i32),
    /// `SIGKILL` and `SIGSTOP` cannot be blocked.
    Uncatchable(i32),
    /// A fault of the program raises it.
    Fault(i32),
    /// The C library works with it.
    Reserved(i32),
}

impl fmt::Display for SignoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange(n) => write!(f, "there is no signal {n}"),
            Self::Uncatchable(n) => write!(f, "signal {n} cannot be blocked"),
            Self::Fault(n) => {
                write!(f, "signal {n} is raised by faults of the program, and ends a process that blocks it")
            }
            Self::Reserved(n) => write!(f, "signal {n} is the C library's own"),
        }
    }
}

impl Error for SignoError {}
