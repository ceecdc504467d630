use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::refused::Refused;
use crate::io::file_stats::Counts;
use crate::io::storage::Storage;
use crate::io::{Alignment, AtomicWrites, DirectFileOptions, Effective, FileStats, Misaligned};
use crate::mem::AlignedBuf;
use crate::primitive::atomic::AtomicU32;
use crate::sync::Sharded;
use crate::sys::Demand;
use crate::sys::file::{self, DirectLimits};

/// A file or block device that is read and written at given offsets, past the page cache where the kernel allows it.
///
/// All transfers name their offset, so threads share the file without a lock. Interrupted calls are repeated. A transfer
/// that [`alignment`](Self::alignment) allows goes to the kernel as it is. A **read** that it does not allow goes through
/// an aligned buffer: correct, with a copy, counted in [`stats`](Self::stats). A **write** that it does not allow is an
/// error that names the alignment, because to complete it takes a read of its surroundings that no other writer may
/// interleave with: [`write_unaligned_at`](Self::write_unaligned_at), which asks for the file alone, does that.
///
/// No read gives a byte past the end of the file. Fewer bytes than asked for are nothing unusual: a limit of the process,
/// a signal, the kernel's 2,147,479,552 bytes a call. The calls whose names say `exact` and `all` go on after them, at an
/// aligned offset always.
///
/// A failed sync poisons the handle: see [`sync_data`](Self::sync_data).
///
/// The page cache and direct transfers of one file see each other's bytes, but not at every moment: do not mix them over
/// the same range at the same time.
///
/// ```
/// use bedplate::{io::DirectFile, mem::AlignedBuf};
///
/// let path = std::env::temp_dir().join(format!("bedplate-file-{}", std::process::id()));
/// let file = DirectFile::options().read().write().create().open(&path)?;
/// let block = AlignedBuf::from_slice(&[7; 4096], 4096);
/// file.write_all_at(&block, 0)?;
/// file.sync_data()?;
///
/// let mut byte = [0];
/// file.read_exact_at(&mut byte, 4095)?;
/// assert_eq!(byte, [7]);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct DirectFile {
    pub(super) storage: Box<dyn Storage>,
    /// `Alignment::NONE` for a buffered file.
    pub(in crate::io) alignment: Alignment,
    /// That of reads: as fine or finer.
    pub(in crate::io) read_alignment: Alignment,
    pub(in crate::io) atomic: Option<AtomicWrites>,
    direct: bool,
    /// The errno of the first sync that failed; 0 while none has.
    pub(super) lost: AtomicU32,
    pub(super) refused_reads: Refused,
    pub(super) refused_writes: Refused,
    pub(super) counts: Sharded<Counts>,
}

impl DirectFile {
    /// The options to open a file with.
    pub fn options() -> DirectFileOptions {
        DirectFileOptions::new()
    }

    /// Takes over a file that is not direct yet, and has it be so as far as it is wanted.
    pub(in crate::io) fn from_opened(file: File, direct: Demand) -> io::Result<Self> {
        refuse_append(&file)?;
        let mut limits = None;
        if direct.wanted() {
            limits = file::direct_limits(&file)?;
            if limits.is_some() && !file::set_direct(&file)? {
                limits = None;
            }
            if limits.is_some_and(|limits| !takes(&file, limits)) {
                file::set_buffered(&file)?;
                limits = None;
            }
            if limits.is_none() && direct.required() {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "this file has no direct transfers"));
            }
        }
        Ok(Self::new(file, limits))
    }

    /// A file that is direct where there are limits.
    fn new(file: File, limits: Option<DirectLimits>) -> Self {
        let alignment = limits.map(|l| Alignment { memory: l.memory, offset: l.offset });
        let mut this = Self::with_storage(Box::new(file), alignment);
        if let Some(limits) = limits {
            this.read_alignment.offset = limits.read_offset;
            this.atomic = limits.atomic.map(|(min, max, max_segments)| AtomicWrites { min, max, max_segments });
        }
        this
    }

    /// A file of one's own making, direct where there is an alignment.
    pub(crate) fn with_storage(storage: Box<dyn Storage>, direct: Option<Alignment>) -> Self {
        let alignment = direct.unwrap_or(Alignment::NONE);
        Self {
            storage,
            alignment,
            read_alignment: alignment,
            atomic: None,
            direct: direct.is_some(),
            lost: AtomicU32::new(0),
            refused_reads: Refused::new(),
            refused_writes: Refused::new(),
            counts: Sharded::new(Counts::default),
        }
    }

    /// What transfers must be aligned to so that they go to the kernel as they are.
    ///
    /// Told by the kernel (`statx`, Linux 6.1), the block device, or XFS; 4096 where nothing tells, after a read that
    /// showed that it will do. Both are 1 where the file is not direct, and where it lives in memory and so takes
    /// `O_DIRECT` without a meaning (tmpfs).
    #[inline]
    #[must_use]
    pub fn alignment(&self) -> Alignment {
        self.alignment
    }

    /// What reads must be aligned to so that they go to the kernel as they are: finer than
    /// [`alignment`](Self::alignment) where the kernel says so (Linux 6.14: a file system that writes whole blocks of its
    /// own and reads sectors), else the same.
    #[inline]
    #[must_use]
    pub fn read_alignment(&self) -> Alignment {
        self.read_alignment
    }

    /// Which writes can be [atomic](crate::io::WriteOptions::atomic); `None` where none can.
    #[inline]
    #[must_use]
    pub fn atomic_writes(&self) -> Option<AtomicWrites> {
        self.atomic
    }

    /// Whether `O_DIRECT` was obtained.
    #[inline]
    #[must_use]
    pub fn effective(&self) -> Effective {
        Effective { direct: self.direct }
    }

    /// What went through the file so far.
    #[must_use]
    pub fn stats(&self) -> FileStats {
        Counts::sum(&self.counts)
    }

    /// Whether a transfer leaves nothing in the page cache. Direct ones of a file that lives in memory do.
    #[inline]
    pub(super) fn passes_cache(&self) -> bool {
        self.direct && self.alignment != Alignment::NONE
    }

    /// Whether a write from that address goes to the kernel as it is.
    #[inline]
    pub(in crate::io) fn fits(&self, address: usize, len: usize, offset: u64) -> bool {
        self.alignment.allows(address, len, offset)
    }

    /// Whether a read to that address goes to the kernel as it is.
    #[inline]
    pub(in crate::io) fn read_fits(&self, address: usize, len: usize, offset: u64) -> bool {
        self.read_alignment.allows(address, len, offset)
    }

    #[cold]
    pub(in crate::io) fn misaligned(&self, address: usize, len: usize, offset: u64) -> io::Error {
        Misaligned { needed: self.alignment, offset, len, address }.into()
    }

    /// A transfer that was made by others for this file.
    pub(in crate::io) fn counted_read(&self, bytes: usize) {
        self.counts.local().read(bytes);
    }

    /// As [`counted_read`](Self::counted_read).
    pub(in crate::io) fn counted_write(&self, bytes: usize) {
        self.counts.local().write(bytes);
    }

    /// As [`counted_read`](Self::counted_read).
    pub(in crate::io) fn counted_sync(&self) {
        self.counts.local().sync();
    }

    /// Zeros to transfer instead of a buffer that is not aligned.
    pub(super) fn aligned_buffer(&self, len: usize) -> io::Result<AlignedBuf> {
        // Whole pages keep the segments of the transfer few, and satisfy those who say less than they need.
        AlignedBuf::try_zeroed(len, self.alignment.memory.max(4096))
            .map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))
    }

    pub(in crate::io) fn is_regular(&self) -> io::Result<bool> {
        Ok(self.storage.file().metadata()?.is_file())
    }

    pub(in crate::io) fn is_block_device(&self) -> io::Result<bool> {
        file::is_block_device(self.storage.file())
    }

    /// The same file without `O_DIRECT`.
    pub(in crate::io) fn into_buffered(mut self) -> io::Result<Self> {
        file::set_buffered(self.storage.file())?;
        self.alignment = Alignment::NONE;
        self.read_alignment = Alignment::NONE;
        self.atomic = None;
        self.direct = false;
        Ok(self)
    }
}

impl AsFd for DirectFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.storage.file().as_fd()
    }
}

/// Takes over an open file as it is: direct where it was opened with `O_DIRECT`.
///
/// A file that was opened to append is refused with [`InvalidInput`](io::ErrorKind::InvalidInput): the kernel has its
/// writes go to the end, whatever offset they name. One with `O_DIRECT` that tells nothing of its alignment and refuses
/// transfers aligned to 4096 bytes is refused with [`Unsupported`](io::ErrorKind::Unsupported).
impl TryFrom<File> for DirectFile {
    type Error = io::Error;

    fn try_from(file: File) -> io::Result<Self> {
        refuse_append(&file)?;
        let mut limits = None;
        if file::is_direct(&file)? {
            limits = file::direct_limits(&file)?;
            if !limits.is_none_or(|limits| takes(&file, limits)) {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "the alignment that this file needs is unknown",
                ));
            }
        }
        Ok(Self::new(file, limits))
    }
}

/// Whether a file that is set to direct transfers takes those of an alignment; what was told is believed.
fn takes(file: &File, limits: DirectLimits) -> bool {
    limits.told
        || AlignedBuf::try_zeroed(limits.offset, limits.memory).is_ok_and(|mut buf| file::probe_direct(file, &mut buf))
}

fn refuse_append(file: &File) -> io::Result<()> {
    if file::appends(file)? {
        let message = "a file that was opened to append has no writes at offsets";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(())
}
