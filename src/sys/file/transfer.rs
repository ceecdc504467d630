//! Positional transfers: one system call each. An interrupted or short one is the caller's to see.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};

use rustix::io::{Errno, ReadWriteFlags};

/// The most that one transfer moves (`MAX_RW_COUNT` of the kernel): a longer one is short without being at the end.
pub(crate) const MAX_TRANSFER: usize = 0x7fff_f000;

/// The most segments of one vectored transfer (`UIO_MAXIOV` of the kernel).
pub(crate) const MAX_SEGMENTS: usize = 1024;

/// What one transfer asks of the kernel beyond the moving of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(u32);

impl Flags {
    pub(crate) const NONE: Self = Self(0);
    /// `RWF_DSYNC` (Linux 4.7).
    pub(crate) const DSYNC: Self = Self(0x02);
    /// `RWF_NOWAIT` (Linux 4.13).
    pub(crate) const NOWAIT: Self = Self(0x08);
    /// `RWF_ATOMIC` (Linux 6.11).
    pub(crate) const ATOMIC: Self = Self(0x40);
    /// `RWF_DONTCACHE` (Linux 6.14).
    pub(crate) const DONTCACHE: Self = Self(0x80);

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[inline]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are in both.
    #[inline]
    pub(crate) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn raw(self) -> ReadWriteFlags {
        ReadWriteFlags::from_bits_retain(self.0)
    }
}

/// The kernel's offsets are signed. `preadv2` takes -1 for the cursor of the file, which must not be moved here.
fn check(offset: u64) -> io::Result<()> {
    if offset > i64::MAX as u64 { Err(Errno::INVAL.into()) } else { Ok(()) }
}

pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64, flags: Flags) -> io::Result<usize> {
    if flags.is_empty() {
        return Ok(rustix::io::pread(file, buf, offset)?);
    }
    check(offset)?;
    Ok(rustix::io::preadv2(file, &mut [IoSliceMut::new(buf)], offset, flags.raw())?)
}

pub(crate) fn write_at(file: &File, buf: &[u8], offset: u64, flags: Flags) -> io::Result<usize> {
    if flags.is_empty() {
        return Ok(rustix::io::pwrite(file, buf, offset)?);
    }
    check(offset)?;
    Ok(rustix::io::pwritev2(file, &[IoSlice::new(buf)], offset, flags.raw())?)
}

/// At most [`MAX_SEGMENTS`] of them.
pub(crate) fn read_vectored_at(file: &File, bufs: &mut [IoSliceMut<'_>], offset: u64) -> io::Result<usize> {
    Ok(rustix::io::preadv(file, bufs, offset)?)
}

/// At most [`MAX_SEGMENTS`] of them.
pub(crate) fn write_vectored_at(file: &File, bufs: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
    Ok(rustix::io::pwritev(file, bufs, offset)?)
}

/// Whether a transfer failed because the kernel, or what filters its calls, does not have a flag that was given.
pub(crate) fn refuses_flags(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::OPNOTSUPP | Errno::NOSYS))
}

/// Whether the error of a write that also syncs may be the report of lost data of other writes: such a report is given
/// once. The errors that the kernel finds before it writes are none; want of space is found before a direct write, but
/// after the one that a buffered write only announced.
pub(crate) fn may_concern_others(error: &io::Error, direct: bool) -> bool {
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC | Errno::DQUOT) => !direct,
        Some(errno) => !matches!(
            errno,
            Errno::AGAIN
                | Errno::BADF
                | Errno::FAULT
                | Errno::FBIG
                | Errno::INTR
                | Errno::INVAL
                | Errno::NOMEM
                | Errno::NOSYS
                | Errno::OPNOTSUPP
                | Errno::PERM
        ),
        None => true,
    }
}
