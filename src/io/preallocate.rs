/// How [`DirectFile::preallocate`](super::DirectFile::preallocate) gets its space.
///
/// ```
/// use bedplate::io::{DirectFile, Preallocate};
///
/// let path = std::env::temp_dir().join(format!("bedplate-preallocate-{}", std::process::id()));
/// let file = DirectFile::options().read().write().create().open(&path)?;
/// file.preallocate(100_000, Preallocate::ZeroFill)?;
/// assert_eq!(std::fs::read(&path)?, vec![0; 100_000]);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preallocate {
    /// The file system sets space aside and notes that nothing was written there. Fast, whatever the length. The first
    /// write of each part is one that changes the file's extents, so a durable one waits for the journal too.
    Reserve,
    /// Zeros are written, so that a later write changes data alone. Costs the writing, unless the device has a command
    /// for it that the kernel uses (Linux 6.17).
    ZeroFill,
}
