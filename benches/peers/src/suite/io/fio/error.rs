use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// Why fio gave no figure.
#[derive(Debug)]
pub enum FioError {
    /// It could not be started, or its files not made.
    Io(io::Error),
    /// It did not end in time, and was ended.
    TooLong(Duration),
    /// It ended with an error.
    Failed {
        /// As its parent sees it.
        status: ExitStatus,
        /// The first lines of what it wrote.
        said: String,
    },
    /// It succeeded, and what it wrote is not what version 3 writes of one job that did something.
    Output(String),
}

impl fmt::Display for FioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "fio cannot be run: {error}"),
            Self::TooLong(limit) => write!(f, "fio did not end within {limit:?}"),
            Self::Failed { status, said } => write!(f, "fio failed with {status}: {said}"),
            Self::Output(what) => write!(f, "the output of fio: {what}"),
        }
    }
}

impl std::error::Error for FioError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for FioError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
