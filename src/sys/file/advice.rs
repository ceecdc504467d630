//! Hints about the use of a file.
#![allow(unsafe_code)] // readahead, which rustix does not have.

use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::fd::AsRawFd;

use rustix::fs;

pub(crate) fn advise(file: &File, advice: fs::Advice, range: Range<u64>) -> io::Result<()> {
    // Past what the kernel's signed offset can say, "to the end of the file" is the same thing.
    let len = range.end.saturating_sub(range.start);
    let len = if range.end > i64::MAX as u64 { None } else { Some(len) };
    match len.map(NonZeroU64::new) {
        Some(None) => Ok(()),
        Some(len) => Ok(fs::fadvise(file, range.start, len, advice)?),
        None => Ok(fs::fadvise(file, range.start, None, advice)?),
    }
}

/// Begins to read a part of the file into the page cache. The kernel honours so much of one call as its read-ahead and
/// the device's greatest transfer allow.
pub(crate) fn readahead(file: &File, offset: u64, len: usize) -> io::Result<()> {
    let offset = i64::try_from(offset).map_err(|_| rustix::io::Errno::INVAL)?;
    // SAFETY: the call is given no memory, and the descriptor is open while it is borrowed.
    let done = unsafe { libc::readahead(file.as_raw_fd(), offset, len) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
