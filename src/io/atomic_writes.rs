/// The writes of a file that are never torn: after a failure of power the disk has all of such a write or nothing of it.
///
/// Told by [`DirectFile::atomic_writes`](super::DirectFile::atomic_writes), asked for by
/// [`WriteOptions::atomic`](super::WriteOptions::atomic). It takes Linux 6.11 and a device that has such writes under a
/// file system that passes them on (ext4 and XFS from 6.13); XFS makes its own where the device has none (from 6.16).
///
/// ```
/// use bedplate::io::DirectFile;
///
/// let path = std::env::temp_dir().join(format!("bedplate-atomic-{}", std::process::id()));
/// let file = DirectFile::options().write().create().open(&path)?;
/// if let Some(atomic) = file.atomic_writes() {
///     assert!(atomic.min <= atomic.max);
/// }
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AtomicWrites {
    /// The least bytes of one.
    pub min: usize,
    /// The most bytes of one. Between the two it must be a power of two, and its offset a multiple of its length.
    pub max: usize,
    /// The most buffers that one may be gathered from.
    pub max_segments: usize,
}

impl AtomicWrites {
    /// Whether such a write can be one of them.
    pub(super) fn take(self, len: usize, offset: u64) -> bool {
        len.is_power_of_two() && (self.min..=self.max).contains(&len) && offset & (len as u64 - 1) == 0
    }
}
