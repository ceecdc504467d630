use std::io;
use std::ops::Range;

use super::DirectFile;
use super::uninterrupted::uninterrupted;
use crate::io::{Advice, Preallocate};
use crate::mem::AlignedBuf;
use crate::sys::file::{self, Space};

/// How much one call of the kernel is asked to read ahead: a device's usual limit, beyond which it silently stops.
const AHEAD: u64 = 128 << 10;

/// Zeros that are written at once.
const ZEROS: u64 = 1 << 20;

impl DirectFile {
    /// The length of the file in bytes, or the size of a block device.
    ///
    /// # Errors
    ///
    /// Those of `fstat`.
    #[allow(clippy::len_without_is_empty)] // As of std's metadata: a file's emptiness is a question to the kernel too.
    pub fn len(&self) -> io::Result<u64> {
        self.storage.len()
    }

    /// Cuts the file to `len` bytes, or extends it with zeros that take no space. Durable with the next sync: cut first,
    /// then sync.
    ///
    /// # Errors
    ///
    /// Those of `ftruncate`: [`InvalidInput`](io::ErrorKind::InvalidInput) for a block device, whose size is its own;
    /// [`SyncLost`](crate::io::SyncLost) after a failed sync.
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        self.check_lost()?;
        uninterrupted(|| self.storage.set_len(len))
    }

    /// Sees to it that the first `len` bytes have space, so that writes there do not fail for want of it, and extends the
    /// file to them with zeros. A longer file keeps its length; bytes that were written keep their values.
    ///
    /// [`Reserve`](Preallocate::Reserve) asks the file system and is all or nothing to the length: where there is not
    /// enough space the file is as long as before. Space that was found until then may stay with the file until it is
    /// cut or removed.
    ///
    /// [`ZeroFill`](Preallocate::ZeroFill) also writes zeros wherever nothing was written yet: behind the end, in holes,
    /// and in space that was reserved. **Nothing else may write to those places until it returns**: it could be
    /// overwritten by the zeros. Where the file system cannot reserve, writing is what gets the space. After an error the
    /// file may have been extended in part. A file that is not empty is synced first, to learn where nothing was written;
    /// sync it once more before the zeros are counted on.
    ///
    /// # Errors
    ///
    /// [`StorageFull`](io::ErrorKind::StorageFull) where there is no space, [`Unsupported`](io::ErrorKind::Unsupported)
    /// where the file system cannot reserve any and for what is not a regular file: a block device has all of its space.
    /// Those of `fallocate` and of writing; [`SyncLost`](crate::io::SyncLost) after a failed sync.
    pub fn preallocate(&self, len: u64, how: Preallocate) -> io::Result<()> {
        self.check_lost()?;
        if !self.is_regular()? {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "only a regular file can be given space"));
        }
        if len == 0 {
            return Ok(());
        }
        match how {
            Preallocate::Reserve => self.reserve(len),
            Preallocate::ZeroFill => self.zero_fill(len),
        }
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        // Without the length first: it would be left as far as the space reached.
        self.allocate(Space::Kept, 0..len)?;
        self.allocate(Space::Reserved, 0..len)
    }

    fn zero_fill(&self, len: u64) -> io::Result<()> {
        let old = self.len()?;
        match self.reserve(len) {
            Err(e) if e.kind() != io::ErrorKind::Unsupported => return Err(e),
            _ => {}
        }
        let unit = self.alignment.offset as u64;
        let all = len.next_multiple_of(unit);
        let mut zeros = Zeros { file: self, most: all.min(ZEROS.next_multiple_of(unit)), buf: None, by_device: true };
        let written = old.min(len);
        let seam = written.next_multiple_of(unit);
        if written > 0 {
            // What the page cache has of a hole would count as data; it gives up only what is written back.
            self.sync_data()?;
            file::advise(self.storage.file(), Advice::DontNeed.into(), 0..u64::MAX)?;
        }
        let mut at = 0;
        while at < written {
            // A file system that knows no holes has data everywhere.
            let Some(hole) = file::next_hole(self.storage.file(), at)?.filter(|hole| *hole < written) else { break };
            at = file::next_data(self.storage.file(), hole)?.unwrap_or(u64::MAX);
            // Holes are whole blocks of the file system, but for one that the end of the file cuts off.
            zeros.fill(hole.next_multiple_of(unit)..self.alignment.down(at.min(seam)))?;
        }
        // The unit in which the file ended has zeros behind its data.
        zeros.fill(seam..all)?;
        if (len.max(old) + 1..=all).contains(&self.len()?) { self.set_len(len.max(old)) } else { Ok(()) }
    }

    fn allocate(&self, space: Space, range: Range<u64>) -> io::Result<()> {
        uninterrupted(|| self.storage.allocate(space, range.clone()))
    }

    /// Gives back the space of the bytes of `range`, which read as zeros from then on. The length of the file stays; the
    /// part of a block at either end is written with zeros. An end of `u64::MAX` is the end of the file; an empty range is
    /// no call. A block device takes whole sectors only.
    ///
    /// # Errors
    ///
    /// Those of `fallocate`: [`Unsupported`](io::ErrorKind::Unsupported) where the file system has no holes,
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a range of a block device that is not whole sectors;
    /// [`SyncLost`](crate::io::SyncLost) after a failed sync.
    ///
    /// ```
    /// use bedplate::io::DirectFile;
    ///
    /// let path = std::env::temp_dir().join(format!("bedplate-punch-{}", std::process::id()));
    /// std::fs::write(&path, vec![1; 10_000])?;
    /// let file = DirectFile::options().write().open(&path)?;
    /// match file.punch_hole(5000..9000) {
    ///     Ok(()) => assert_eq!(std::fs::read(&path)?, [vec![1; 5000], vec![0; 4000], vec![1; 1000]].concat()),
    ///     Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::Unsupported),
    /// }
    /// std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn punch_hole(&self, range: Range<u64>) -> io::Result<()> {
        self.check_lost()?;
        // The kernel would take the greatest offset for a file that is too large. Whole blocks, so that the last one is
        // given back too.
        let end = if range.end == u64::MAX { self.len()?.next_multiple_of(64 << 10) } else { range.end };
        if range.start >= end { Ok(()) } else { self.allocate(Space::Hole, range.start..end) }
    }

    /// Tells the kernel how the bytes of `range` are going to be used; an end of `u64::MAX` is the end of the file.
    ///
    /// # Errors
    ///
    /// Those of `posix_fadvise`; pipes and the like take no advice.
    pub fn advise(&self, advice: Advice, range: Range<u64>) -> io::Result<()> {
        file::advise(self.storage.file(), advice.into(), range)
    }

    /// Begins to read the bytes of `range` into the page cache, all of them; an end of `u64::MAX` is the end of the file.
    ///
    /// Returns when the reads are on their way, and so waits where the device's queue is full. The kernel honours only
    /// as much of one call, of [`Advice::WillNeed`] too, as the device reads ahead by its settings, so a long range is
    /// asked for piece by piece. It is of no use to direct reads.
    ///
    /// # Errors
    ///
    /// Those of `readahead`: [`InvalidInput`](io::ErrorKind::InvalidInput) where the file has no page cache; it must have
    /// been opened for reading.
    pub fn readahead(&self, range: Range<u64>) -> io::Result<()> {
        let end = if range.end == u64::MAX { self.len()? } else { range.end.min(self.len()?) };
        let mut at = range.start;
        while at < end {
            let some = (end - at).min(AHEAD);
            uninterrupted(|| file::readahead(self.storage.file(), at, some as usize))?;
            at += some;
        }
        Ok(())
    }
}

/// What writes zeros, in whole units.
struct Zeros<'a> {
    file: &'a DirectFile,
    /// How many at once.
    most: u64,
    /// Made when it is needed.
    buf: Option<AlignedBuf>,
    /// The device has not refused to do it.
    by_device: bool,
}

impl Zeros<'_> {
    fn fill(&mut self, range: Range<u64>) -> io::Result<()> {
        if range.start >= range.end {
            return Ok(());
        }
        if self.by_device && self.file.allocate(Space::Zeros, range.clone()).is_ok() {
            return Ok(());
        }
        // Whatever the reason was, writing tells whether it matters.
        self.by_device = false;
        let buf = match &mut self.buf {
            Some(buf) => buf,
            None => self.buf.insert(self.file.aligned_buffer(self.most as usize)?),
        };
        let mut at = range.start;
        while at < range.end {
            let some = (range.end - at).min(buf.len() as u64);
            self.file.write_all_at(&buf[..some as usize], at)?;
            at += some;
        }
        Ok(())
    }
}
