use super::CopyWay;

/// What a [`copy`](super::copy()) did.
///
/// ```
/// use bedplate::io::{self, CopyWay};
///
/// let (from, to) = (tempfile::tempfile()?, tempfile::tempfile()?);
/// // Nothing to move, so nothing is asked of the kernel but that.
/// let copied = io::copy(&from, &to)?;
/// assert_eq!(copied.bytes, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The length of the copy. Holes count, and so does what is shared.
    pub bytes: u64,
    /// The way that moved the last of its bytes: where a way is refused after some, the next one goes on from there.
    /// [`ReadWrite`](CopyWay::ReadWrite) where no byte was to be moved.
    pub way: CopyWay,
}
