use std::error::Error;
use std::fmt;
use std::io;

use super::AtomicWrites;

/// A write that was required to be atomic and cannot be: the inner error of what
/// [`DirectFile::write_at_with`](super::DirectFile::write_at_with) answers. Nothing was written.
///
/// The outer kind is [`Unsupported`](io::ErrorKind::Unsupported) where the file has no such writes, and
/// [`InvalidInput`](io::ErrorKind::InvalidInput) where it has, but not of this length or at this offset.
///
/// ```
/// use bedplate::{Demand, io::{DirectFile, NotAtomic, WriteOptions}};
///
/// let path = std::env::temp_dir().join(format!("bedplate-not-atomic-{}", std::process::id()));
/// let file = DirectFile::options().write().create().direct(Demand::Off).open(&path)?;
/// let error = file.write_at_with(b"abc", 0, WriteOptions::new().atomic(Demand::Require)).unwrap_err();
/// let inner = error.get_ref().and_then(|e| e.downcast_ref::<NotAtomic>()).unwrap();
/// assert_eq!((inner.offered, inner.len), (None, 3));
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotAtomic {
    /// What the file offers.
    pub offered: Option<AtomicWrites>,
    /// The offset in the file that was given.
    pub offset: u64,
    /// The length of the buffer that was given.
    pub len: usize,
}

impl fmt::Display for NotAtomic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offered {
            None => write!(f, "this file has no atomic writes"),
            Some(AtomicWrites { min, max, .. }) => write!(
                f,
                "a write of {} bytes to offset {} cannot be atomic: its length must be a power of two from {min} to \
                 {max}, its offset a multiple of that",
                self.len, self.offset
            ),
        }
    }
}

impl Error for NotAtomic {}

impl From<NotAtomic> for io::Error {
    fn from(error: NotAtomic) -> Self {
        let kind = if error.offered.is_some() { io::ErrorKind::InvalidInput } else { io::ErrorKind::Unsupported };
        Self::new(kind, error)
    }
}
