use std::io;

use super::{Alignment, DirectFile, Preallocate};
use crate::primitive::Arc;
use crate::sys;

/// The first and the longest step in which a file is extended ahead of its writer; between them a step doubles the
/// file.
const FIRST: u64 = 32 << 20;
const LONGEST: u64 = 256 << 20;

/// Extends the file of a writer ahead of what it writes, and cuts it again.
///
/// A direct write that extends the file holds the inode's lock until the disk has answered, and so does one that has to
/// find a place for its bytes (ext4, XFS): without this the writes of a new file go one at a time, however many are
/// submitted, or, where threads overtake each other, fill each other's holes: 180 MiB/s were seen where this gives
/// 1300, and a third less CPU elsewhere (`docs/io`). Space that is allocated ahead is written side by side. To extend
/// the length alone is worse than nothing. A step waits for the writes under way, so steps grow; and none is taken for
/// a write that is alone, since it gains nothing.
#[derive(Debug)]
pub(super) struct Ahead {
    file: Arc<DirectFile>,
    /// The length of the file when it came.
    before: u64,
    /// What was expected, and so is reserved until the end.
    expected: u64,
    /// To where the file was extended.
    reach: u64,
    /// The end of what was given to the kernel to write.
    sent: u64,
    /// Whether steps are still worth taking.
    steps: bool,
    /// Space may have been reserved, though the length does not show it.
    reserved: bool,
    /// Whether the file stays when its writer is dropped, and so has to be cut then.
    stays: bool,
}

impl Ahead {
    pub(super) fn new(file: Arc<DirectFile>, stays: bool) -> io::Result<Self> {
        let before = file.len()?;
        // What goes to memory first (the page cache, tmpfs) does not wait for the disk in the first place.
        let steps = file.alignment() != Alignment::NONE;
        Ok(Self { file, before, expected: 0, reach: before, sent: 0, steps, reserved: false, stays })
    }

    /// Reserves the space of a file that is going to be `len` bytes long. Only that there is too little is an error.
    pub(super) fn expect(&mut self, len: u64) -> io::Result<()> {
        let unit = self.file.alignment().offset as u64;
        let len = len.checked_next_multiple_of(unit).ok_or(io::ErrorKind::FileTooLarge)?;
        if len <= self.reach.max(unit) {
            return Ok(());
        }
        if len > sys::file::file_size_limit() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.reserved = true;
        let too_little = [io::ErrorKind::StorageFull, io::ErrorKind::FileTooLarge, io::ErrorKind::QuotaExceeded];
        match self.file.preallocate(len, Preallocate::Reserve) {
            Ok(()) => (self.reach, self.expected) = (len, len),
            Err(e) if too_little.contains(&e.kind()) => return Err(e),
            // The file system cannot: the file grows as it is written.
            Err(_) => self.steps = false,
        }
        Ok(())
    }

    /// Sees to it that a write up to `end` does not extend the file, if that can be had; `others` are under way.
    pub(super) fn cover(&mut self, end: u64, others: usize) {
        self.sent = self.sent.max(end);
        if end > self.reach && self.steps && others > 0 {
            self.step(end);
        }
    }

    /// Nothing is under way: a file that others see is no longer than what was written to it, or was to be reserved.
    pub(super) fn pause(&mut self) {
        let len = self.before.max(self.expected).max(self.sent);
        if self.stays && self.reach > len && self.file.set_len(len).is_ok() {
            self.reach = len;
        }
    }

    #[cold]
    fn step(&mut self, end: u64) {
        // More than the limit would end the process by a signal, for bytes that may never be written.
        let target = end.saturating_add(end.clamp(FIRST, LONGEST)).min(sys::file::file_size_limit());
        let target = self.file.alignment().down(target);
        self.reserved = true;
        self.steps = target > end && self.file.preallocate(target, Preallocate::Reserve).is_ok();
        if self.steps {
            self.reach = target;
        }
    }

    /// Cuts the file to `len` bytes, which have all been written.
    pub(super) fn cut(mut self, len: u64) -> io::Result<()> {
        self.stays = false;
        if !self.reserved && self.file.len()? == len {
            return Ok(());
        }
        self.file.set_len(len)
    }
}

/// A file that was written over and not finished does not keep what was only reserved.
impl Drop for Ahead {
    fn drop(&mut self) {
        if self.stays && self.reserved {
            // Zeros behind the end, or space that nobody sees, are what is left of it where this fails; nobody is there
            // to be told.
            let _ = self.file.set_len(self.before.max(self.sent));
        }
    }
}
