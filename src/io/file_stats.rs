use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::sync::Sharded;
use crate::sys::file::Flags;

/// What went through a [`DirectFile`](super::DirectFile) so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileStats {
    /// Reads the kernel answered.
    pub reads: u64,
    /// Bytes they gave, with those read only for alignment.
    pub bytes_read: u64,
    /// Reads that were not aligned and went through an aligned buffer, with an allocation and a copy each.
    pub bounced: u64,
    /// Writes the kernel answered.
    pub writes: u64,
    /// Bytes they took, with those written only for alignment.
    pub bytes_written: u64,
    /// Aligned units that were read so that a write could fill them up.
    pub patched: u64,
    /// Writes that were durable when they returned, without a sync of their own (`RWF_DSYNC`).
    pub durable: u64,
    /// Writes that were atomic (`RWF_ATOMIC`).
    pub atomic: u64,
    /// Reads and writes whose pages were not kept (`RWF_DONTCACHE`).
    pub uncached: u64,
    /// Reads and writes that went without an option that was preferred.
    pub degraded: u64,
    /// Syncs that succeeded.
    pub syncs: u64,
}

crate::stats::figures!(FileStats {
    count: reads,
    bytes_read,
    bounced,
    writes,
    bytes_written,
    patched,
    durable,
    atomic,
    uncached,
    degraded,
    syncs
});

/// One thread slot's share of a file's figures. All counts are Relaxed: they order nothing.
#[derive(Debug, Default)]
pub(super) struct Counts {
    reads: AtomicU64,
    bytes_read: AtomicU64,
    bounced: AtomicU64,
    writes: AtomicU64,
    bytes_written: AtomicU64,
    patched: AtomicU64,
    durable: AtomicU64,
    atomic: AtomicU64,
    uncached: AtomicU64,
    degraded: AtomicU64,
    syncs: AtomicU64,
}

impl Counts {
    pub(super) fn read(&self, bytes: usize) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn bounce(&self) {
        self.bounced.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn write(&self, bytes: usize) {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.bytes_written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn patch(&self) {
        self.patched.fetch_add(1, Ordering::Relaxed);
    }

    /// A transfer that the kernel answered, with the flags that it took.
    pub(super) fn flags(&self, obtained: Flags) {
        for (flag, count) in
            [(Flags::DSYNC, &self.durable), (Flags::ATOMIC, &self.atomic), (Flags::DONTCACHE, &self.uncached)]
        {
            if obtained.contains(flag) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn degrade(&self) {
        self.degraded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sync(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sum(all: &Sharded<Self>) -> FileStats {
        all.iter().fold(FileStats::default(), |sum, one| FileStats {
            reads: sum.reads + one.reads.load(Ordering::Relaxed),
            bytes_read: sum.bytes_read + one.bytes_read.load(Ordering::Relaxed),
            bounced: sum.bounced + one.bounced.load(Ordering::Relaxed),
            writes: sum.writes + one.writes.load(Ordering::Relaxed),
            bytes_written: sum.bytes_written + one.bytes_written.load(Ordering::Relaxed),
            patched: sum.patched + one.patched.load(Ordering::Relaxed),
            durable: sum.durable + one.durable.load(Ordering::Relaxed),
            atomic: sum.atomic + one.atomic.load(Ordering::Relaxed),
            uncached: sum.uncached + one.uncached.load(Ordering::Relaxed),
            degraded: sum.degraded + one.degraded.load(Ordering::Relaxed),
            syncs: sum.syncs + one.syncs.load(Ordering::Relaxed),
        })
    }
}
