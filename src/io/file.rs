use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};

use super::file_stats::Counts;
use super::{Advice, Alignment, DirectFileOptions, Effective, FileStats, Misaligned, SyncLost};
use crate::mem::AlignedBuf;
use crate::primitive::atomic::{AtomicU32, Ordering};
use crate::sync::Sharded;
use crate::sys;

/// The most that a read that is not aligned moves at once through its aligned buffer.
const BOUNCE: usize = 256 << 10;

/// A file that is read and written at given offsets, past the page cache where the kernel allows it.
///
/// All transfers take `&self` and name their offset, so threads share the file without a lock. Interrupted calls are
/// repeated. A transfer that [`alignment`](Self::alignment) allows goes to the kernel as it is. A **read** that it does
/// not allow goes through an aligned buffer: correct, with a copy, counted in [`stats`](Self::stats). A **write** that it
/// does not allow is an error that names the alignment, because to complete it would need a read of its surroundings that
/// no other writer may interleave with.
///
/// A failed sync poisons the handle: see [`sync_data`](Self::sync_data).
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
    file: File,
    /// `Alignment::NONE` for a buffered file.
    alignment: Alignment,
    direct: bool,
    /// The errno of the first sync that failed; 0 while none has.
    lost: AtomicU32,
    counts: Sharded<Counts>,
}

impl DirectFile {
    /// The options to open a file with.
    pub fn options() -> DirectFileOptions {
        DirectFileOptions::new()
    }

    pub(super) fn new(file: File, direct: Option<Alignment>) -> Self {
        Self {
            file,
            alignment: direct.unwrap_or(Alignment::NONE),
            direct: direct.is_some(),
            lost: AtomicU32::new(0),
            counts: Sharded::new(Counts::default),
        }
    }

    /// What transfers must be aligned to so that they go to the kernel as they are: what `statx` tells (Linux 6.1), else
    /// a block device's sector, else 4096. Both are 1 where the file is not direct.
    #[inline]
    #[must_use]
    pub fn alignment(&self) -> Alignment {
        self.alignment
    }

    /// Whether `O_DIRECT` was obtained.
    #[inline]
    #[must_use]
    pub fn effective(&self) -> Effective {
        Effective { direct: self.direct }
    }

    /// Reads at `offset` as many bytes as one call gives; 0 is the end of the file.
    ///
    /// Blocks until the kernel has them. At most `0x7fff_f000` bytes come at once, and at most 256 KiB where the read is
    /// not aligned: fewer bytes than asked for do not mean the end.
    ///
    /// # Errors
    ///
    /// Those of `pread`, never `Interrupted`; [`OutOfMemory`](io::ErrorKind::OutOfMemory) where a read that is not aligned
    /// finds no memory.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if !self.alignment.fits(buf, offset) {
            return self.read_bounced(buf, offset);
        }
        let n = sys::file::read_at(&self.file, buf, offset)?;
        self.counts.local().read(n);
        Ok(n)
    }

    #[cold]
    fn read_bounced(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let Alignment { memory, offset: unit } = self.alignment;
        let start = self.alignment.down(offset);
        let before = (offset - start) as usize;
        let wanted = buf.len().min(BOUNCE);
        let mut aligned = AlignedBuf::try_zeroed((before + wanted).next_multiple_of(unit), memory)
            .map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))?;
        let n = sys::file::read_at(&self.file, &mut aligned, start)?;
        let counts = self.counts.local();
        counts.read(n);
        counts.bounce();
        let n = n.saturating_sub(before).min(wanted);
        buf[..n].copy_from_slice(&aligned[before..before + n]);
        Ok(n)
    }

    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where the file ends before; otherwise as [`read_at`](Self::read_at).
    /// What `buf` holds then is not said.
    pub fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            let n = self.read_at(buf, offset)?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buf = &mut buf[n..];
            offset += n as u64;
        }
        Ok(())
    }

    /// Writes at `offset` as many bytes of `buf` as one call takes.
    ///
    /// # Errors
    ///
    /// [`Misaligned`] inside an [`InvalidInput`](io::ErrorKind::InvalidInput); [`SyncLost`] after a failed sync; otherwise
    /// those of `pwrite`, never `Interrupted`.
    pub fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.check_lost()?;
        if !self.alignment.fits(buf, offset) {
            let address = buf.as_ptr().addr();
            return Err(Misaligned { needed: self.alignment, offset, len: buf.len(), address }.into());
        }
        let n = sys::file::write_at(&self.file, buf, offset)?;
        self.counts.local().write(n);
        Ok(n)
    }

    /// Writes all of `buf` at `offset`.
    ///
    /// # Errors
    ///
    /// [`WriteZero`](io::ErrorKind::WriteZero) where the file takes no more; otherwise as [`write_at`](Self::write_at).
    /// How much was written before the error is not said.
    pub fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while done < buf.len() {
            let n = self.write_at(&buf[done..], offset + done as u64)?;
            // A short write may end inside an aligned unit: the rest must begin at one, so that unit is written again.
            let n = self.alignment.down(n as u64) as usize;
            if n == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            done += n;
        }
        Ok(())
    }

    /// The length of the file in bytes (0 for a block device).
    ///
    /// # Errors
    ///
    /// Those of `fstat`.
    #[allow(clippy::len_without_is_empty)] // As of std's metadata: a file's emptiness is a question to the kernel too.
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Cuts the file to `len` bytes, or extends it with zeros that take no space.
    ///
    /// # Errors
    ///
    /// Those of `ftruncate`.
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    /// Reserves space for the first `len` bytes and extends the file to them with zeros, so that writes there do not
    /// fail for want of space.
    ///
    /// # Errors
    ///
    /// Those of `fallocate`: [`StorageFull`](io::ErrorKind::StorageFull) where there is no space,
    /// [`Unsupported`](io::ErrorKind::Unsupported) where the file system cannot reserve any.
    pub fn preallocate(&self, len: u64) -> io::Result<()> {
        sys::file::preallocate(&self.file, len)
    }

    /// Returns when all writes that returned before are on the disk, with the length of the file (`fdatasync`).
    ///
    /// The first error is final. The kernel reports that data could not be written back once, and then forgets it: so
    /// that a later success is not mistaken for durability, every later write and sync of this handle fails.
    ///
    /// # Errors
    ///
    /// Those of `fdatasync`; [`SyncLost`] after a failed sync.
    pub fn sync_data(&self) -> io::Result<()> {
        self.sync(File::sync_data)
    }

    /// As [`sync_data`](Self::sync_data), with times and permissions (`fsync`).
    ///
    /// # Errors
    ///
    /// As [`sync_data`](Self::sync_data).
    pub fn sync_all(&self) -> io::Result<()> {
        self.sync(File::sync_all)
    }

    fn sync(&self, call: fn(&File) -> io::Result<()>) -> io::Result<()> {
        self.check_lost()?;
        match call(&self.file) {
            Ok(()) => {
                self.counts.local().sync();
                // Another thread's sync may have been told of the loss of what this thread wrote.
                self.check_lost()
            }
            Err(e) => {
                self.poison(&e);
                Err(e)
            }
        }
    }

    pub(super) fn poison(&self, error: &io::Error) {
        let errno = error.raw_os_error().unwrap_or(1).unsigned_abs();
        // The first cause stays. Release pairs with the Acquire in `check_lost`.
        let _ = self.lost.compare_exchange(0, errno, Ordering::Release, Ordering::Relaxed);
    }

    #[inline]
    fn check_lost(&self) -> io::Result<()> {
        // Acquire pairs with the Release in `poison`: who was told of a failed sync by its thread finds the poison.
        match self.lost.load(Ordering::Acquire) {
            0 => Ok(()),
            errno => Err(SyncLost { errno: errno as i32 }.into()),
        }
    }

    /// Tells the kernel how the bytes of `range` are going to be used; an end of `u64::MAX` is the end of the file.
    ///
    /// # Errors
    ///
    /// Those of `posix_fadvise`; pipes and the like take no advice.
    pub fn advise(&self, advice: Advice, range: Range<u64>) -> io::Result<()> {
        sys::file::advise(&self.file, advice.into(), range)
    }

    /// What went through the file so far.
    #[must_use]
    pub fn stats(&self) -> FileStats {
        Counts::sum(&self.counts)
    }

    pub(super) fn is_regular(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.is_file())
    }

    /// The same file without `O_DIRECT`.
    pub(super) fn into_buffered(self) -> io::Result<Self> {
        sys::file::set_buffered(&self.file)?;
        Ok(Self::new(self.file, None))
    }
}

impl AsFd for DirectFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Takes over an open file as it is: direct where it was opened with `O_DIRECT`.
impl TryFrom<File> for DirectFile {
    type Error = io::Error;

    fn try_from(file: File) -> io::Result<Self> {
        let mut direct = None;
        if sys::file::is_direct(&file)? {
            // The flag is there, so what a file without the flag would mean by "none" cannot be meant.
            let (memory, offset) = sys::file::direct_alignment(&file)?.unwrap_or((4096, 4096));
            direct = Some(Alignment { memory, offset });
        }
        Ok(Self::new(file, direct))
    }
}
