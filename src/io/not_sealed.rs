use std::error::Error;
use std::{fmt, io};

/// What a file lacks for [`map_sealed`](super::map_sealed): the inner error of the
/// [`InvalidInput`](io::ErrorKind::InvalidInput) that it answers.
///
/// ```
/// use bedplate::io::{self, NotSealed};
///
/// let path = std::env::temp_dir().join(format!("bedplate-not-sealed-{}", std::process::id()));
/// std::fs::write(&path, "may change")?;
/// let error = io::map_sealed(&std::fs::File::open(&path)?).unwrap_err();
/// assert!(error.get_ref().is_some_and(|e| e.is::<NotSealed>()));
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSealed {
    /// `F_SEAL_WRITE`. `F_SEAL_FUTURE_WRITE` does not do: mappings that were writable before it still are.
    Write,
    /// `F_SEAL_SHRINK`.
    Shrink,
    /// Both seals.
    WriteAndShrink,
    /// The file can have no seals, and its file system does not vouch for its content (`fs-verity`) either.
    Verity,
}

impl fmt::Display for NotSealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "the file may change while it is mapped: it is not sealed with F_SEAL_WRITE",
            Self::Shrink => "the file may be cut while it is mapped: it is not sealed with F_SEAL_SHRINK",
            Self::WriteAndShrink => {
                "the file may change while it is mapped: it is not sealed with F_SEAL_WRITE and F_SEAL_SHRINK"
            }
            Self::Verity => "the file may change while it is mapped: it is neither a sealed memfd nor under fs-verity",
        })
    }
}

impl Error for NotSealed {}

impl From<NotSealed> for io::Error {
    fn from(error: NotSealed) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
