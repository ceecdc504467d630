//! What a ring needs of the kernel beside io_uring's own calls: a file that tells of completions, and a mark that a
//! fork takes away.
#![allow(unsafe_code)] // The mark is a byte that changes without a write.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use rustix::mm::{Advice, madvise};

use super::memory::{Pages, page_size};

/// An eventfd, not blocking, closed on exec.
pub(crate) fn event_file() -> io::Result<OwnedFd> {
    Ok(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?)
}

/// Waits until the file can be read; false after the time, or where a signal came before.
pub(crate) fn wait_readable(file: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    // A time that the kernel cannot hold is as good as for ever.
    let timeout = timeout.and_then(|time| Timespec::try_from(time).ok());
    match poll(&mut [PollFd::new(&file, PollFlags::IN)], timeout.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Knows the process that made it from its forked children, at the price of a load: a page that the kernel gives to a
/// child as zero. A process number would cost a call each time, and comes again.
#[derive(Debug)]
pub(crate) struct ForkMark {
    page: Pages,
}

impl ForkMark {
    const HERE: u8 = 1;

    pub(crate) fn new() -> io::Result<Self> {
        let mut page = Pages::map(page_size(), 1)?;
        // SAFETY: the page is a mapping of this value's own; the advice changes nothing here.
        unsafe { madvise(page.as_ptr().as_ptr().cast(), page.len(), Advice::LinuxWipeOnFork)? };
        page.as_mut_slice(1)[0] = Self::HERE;
        Ok(Self { page })
    }

    /// Whether this is the process that made the mark. False in a child, whatever way it was forked, as long as it has
    /// memory of its own.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        // SAFETY: the page is mapped while `self` lives and its first byte is written by `new` alone. Volatile, because
        // a fork changes it without a write that the compiler knows of.
        unsafe { self.page.as_ptr().as_ptr().read_volatile() == Self::HERE }
    }
}
