use crate::sys::Demand;

/// What one read is asked beyond its bytes: for [`DirectFile::read_at_with`](super::DirectFile::read_at_with). Nothing
/// is set at first.
///
/// ```
/// use bedplate::{Demand, io::{DirectFile, ReadOptions}};
///
/// let path = std::env::temp_dir().join(format!("bedplate-read-options-{}", std::process::id()));
/// std::fs::write(&path, "once")?;
/// let file = DirectFile::options().read().direct(Demand::Off).open(&path)?;
/// let mut buf = [0; 4];
/// assert_eq!(file.read_at_with(&mut buf, 0, ReadOptions::new().uncached(Demand::Prefer))?, 4);
/// assert_eq!(&buf, b"once");
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "options do nothing before they are given to a read"]
pub struct ReadOptions {
    pub(super) uncached: Demand,
    pub(super) no_wait: bool,
}

impl ReadOptions {
    /// A read as [`read_at`](super::DirectFile::read_at) makes it.
    pub const fn new() -> Self {
        Self { uncached: Demand::Off, no_wait: false }
    }

    /// What the read brings into the page cache leaves it again with the read (`RWF_DONTCACHE`, Linux 6.14, where the
    /// file system has it). A direct transfer past a disk's cache is that anyway.
    pub const fn uncached(mut self, demand: Demand) -> Self {
        self.uncached = demand;
        self
    }

    /// An error of the kind [`WouldBlock`](std::io::ErrorKind::WouldBlock), or a short read, where the kernel would have
    /// to wait for the disk or a lock (`RWF_NOWAIT`). Where it cannot tell,
    /// [`Unsupported`](std::io::ErrorKind::Unsupported): it is not left out silently.
    pub const fn no_wait(mut self) -> Self {
        self.no_wait = true;
        self
    }
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self::new()
    }
}
