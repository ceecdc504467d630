use crate::sys::Demand;

/// What one write is asked beyond its bytes: for [`DirectFile::write_at_with`](super::DirectFile::write_at_with) and
/// [`write_all_at_with`](super::DirectFile::write_all_at_with). Nothing is set at first.
///
/// ```
/// use bedplate::{Demand, io::{DirectFile, WriteOptions}, mem::AlignedBuf};
///
/// let path = std::env::temp_dir().join(format!("bedplate-write-options-{}", std::process::id()));
/// let file = DirectFile::options().read().write().create().open(&path)?;
/// let block = AlignedBuf::zeroed(4096, 4096);
/// file.write_all_at_with(&block, 0, WriteOptions::new().durable().atomic(Demand::Prefer))?;
/// let stats = file.stats();
/// assert_eq!(stats.durable + stats.syncs, 1);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "options do nothing before they are given to a write"]
pub struct WriteOptions {
    pub(super) durable: bool,
    pub(super) atomic: Demand,
    pub(super) uncached: Demand,
    pub(super) no_wait: bool,
}

impl WriteOptions {
    /// A write as [`write_at`](super::DirectFile::write_at) makes it.
    pub const fn new() -> Self {
        Self { durable: false, atomic: Demand::Off, uncached: Demand::Off, no_wait: false }
    }

    /// The write returns when its bytes are on the disk, with the length of the file: in one step with it
    /// (`RWF_DSYNC`), for these bytes alone, or where the kernel has no such step by an `fdatasync` after it.
    pub const fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// The write is not torn by a failure of power (`RWF_ATOMIC`): see [`AtomicWrites`](super::AtomicWrites) for which
    /// can be. One that cannot is a plain one under [`Prefer`](Demand::Prefer), counted in
    /// [`degraded`](super::FileStats::degraded), and [`NotAtomic`](super::NotAtomic) under [`Require`](Demand::Require).
    /// It says nothing of when it is durable.
    pub const fn atomic(mut self, demand: Demand) -> Self {
        self.atomic = demand;
        self
    }

    /// What the write brings into the page cache leaves it when it is written back (`RWF_DONTCACHE`, Linux 6.14, where
    /// the file system has it). A direct transfer past a disk's cache is that anyway.
    pub const fn uncached(mut self, demand: Demand) -> Self {
        self.uncached = demand;
        self
    }

    /// An error of the kind [`WouldBlock`](std::io::ErrorKind::WouldBlock), or a short write, where the kernel would have
    /// to wait for space, a lock or a queue (`RWF_NOWAIT`). Where it cannot tell,
    /// [`Unsupported`](std::io::ErrorKind::Unsupported): it is not left out silently. A durable write waits for the disk
    /// all the same.
    pub const fn no_wait(mut self) -> Self {
        self.no_wait = true;
        self
    }
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self::new()
    }
}
