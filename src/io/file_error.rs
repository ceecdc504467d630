use std::error::Error;
use std::fmt;
use std::io;

use super::Alignment;

/// A direct transfer whose buffer, offset or length is not aligned: the inner error of the
/// [`InvalidInput`](io::ErrorKind::InvalidInput) that [`DirectFile`](super::DirectFile) answers. Nothing was moved.
///
/// ```
/// use bedplate::io::{DirectFile, Misaligned};
///
/// let path = std::env::temp_dir().join(format!("bedplate-misaligned-{}", std::process::id()));
/// let file = DirectFile::options().write().create().open(&path)?;
/// if file.effective().direct {
///     let error = file.write_at(&[1, 2, 3], 0).unwrap_err();
///     let inner = error.get_ref().and_then(|e| e.downcast_ref::<Misaligned>()).unwrap();
///     assert_eq!(inner.needed, file.alignment());
/// }
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misaligned {
    /// What the file needs.
    pub needed: Alignment,
    /// The offset in the file that was given.
    pub offset: u64,
    /// The length of the buffer that was given.
    pub len: usize,
    /// The address of the buffer that was given.
    pub address: usize,
}

impl fmt::Display for Misaligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, offset, len, address } = self;
        write!(
            f,
            "a direct transfer of {len} bytes at {address:#x} and offset {offset} is not aligned: offset and length must \
             be multiples of {}, the address of {}",
            needed.offset, needed.memory
        )
    }
}

impl Error for Misaligned {}

impl From<Misaligned> for io::Error {
    fn from(error: Misaligned) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// An earlier sync of the file failed, so what was written before it may be lost without a further sign: the inner error
/// of what [`DirectFile`](super::DirectFile) answers to every later write, change of length and sync.
///
/// The kernel reports a failed write-back once and marks the pages clean; a second `fsync` that succeeds says nothing
/// about them. What can be done is to read back what is on the disk and begin again from there with a new handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncLost {
    /// The `errno` of the sync that failed.
    pub(super) errno: i32,
}

impl SyncLost {
    /// The error of the sync that failed.
    #[must_use]
    pub fn cause(&self) -> io::Error {
        io::Error::from_raw_os_error(self.errno)
    }
}

impl fmt::Display for SyncLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an earlier sync of this file failed, and its data may be lost: {}", self.cause())
    }
}

impl Error for SyncLost {}

impl From<SyncLost> for io::Error {
    fn from(error: SyncLost) -> Self {
        Self::other(error)
    }
}
