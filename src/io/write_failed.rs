use std::error::Error;
use std::{fmt, io};

/// An earlier write of a [`DirectWriter`](super::DirectWriter) failed, and bytes that were accepted may be missing from
/// the file.
///
/// ```
/// use bedplate::io::{DirectFile, DirectWriter, WriteFailed};
/// use std::io::Write;
///
/// let path = std::env::temp_dir().join(format!("bedplate-write-failed-{}", std::process::id()));
/// std::fs::write(&path, "")?;
/// // Opened for reading only: no write of it can succeed.
/// let mut writer = DirectWriter::over(DirectFile::options().read().open(&path)?)?;
/// writer.write_all(&[1; 10_000])?;
/// let first = writer.flush().unwrap_err();
/// let later = writer.write(&[2]).unwrap_err();
/// let failed = later.get_ref().and_then(|e| e.downcast_ref::<WriteFailed>()).unwrap();
/// assert_eq!(failed.cause(), first.kind());
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteFailed {
    pub(super) kind: io::ErrorKind,
}

impl WriteFailed {
    /// The kind of the error that was reported then.
    #[must_use]
    pub fn cause(&self) -> io::ErrorKind {
        self.kind
    }
}

impl fmt::Display for WriteFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an earlier write of this writer failed: {}", self.kind)
    }
}

impl Error for WriteFailed {}
