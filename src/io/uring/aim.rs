//! How an operation is checked, and what the kernel is told of its buffers.
#![allow(unsafe_code)] // The address of a part of a buffer.

use std::ops::Range;

use super::progress::{Progress, Work};
use super::slots::{Slot, Target};
use super::{Buffers, IoBuf, Refusal};
use crate::io::{Alignment, Misaligned};

/// `UIO_MAXIOV` of the kernel.
const MOST_SEGMENTS: usize = 1024;

impl<B: IoBuf> Slot<B> {
    /// Takes aim at a range of the buffer that lies here, and tells its address and length.
    #[inline]
    pub(super) fn aim(
        &mut self,
        work: Work,
        range: Option<Range<usize>>,
        needed: Alignment,
        target: Target,
    ) -> Result<(usize, usize), Refusal> {
        let Buffers::One(buffer) = &mut self.buffers else { return Err(Refusal::OutOfRange) };
        let filled = buffer.filled();
        let most = if work == Work::Read { buffer.capacity() } else { filled };
        let range = range.unwrap_or(0..most);
        // Bytes that nobody has filled must not come to stand before those that a read fills.
        if range.start > range.end || range.end > most || range.start > filled {
            return Err(Refusal::OutOfRange);
        }
        let len = range.len();
        // SAFETY: the range lies within `capacity` bytes that are valid from that pointer on, as `IoBuf` promises.
        let at = unsafe { buffer.as_mut_ptr().add(range.start) };
        check(needed, at.addr(), len, target.offset)?;
        self.target = Target { at, start: range.start, len, ..target };
        self.progress = Progress::new(work, len);
        Ok((at.addr(), len))
    }

    /// Takes aim at all buffers that lie here, one after the other.
    pub(super) fn aim_vectored(&mut self, work: Work, needed: Alignment, target: Target) -> Result<(), Refusal> {
        let Buffers::Many(buffers) = &mut self.buffers else { return Err(Refusal::Segments) };
        if buffers.is_empty() || buffers.len() > MOST_SEGMENTS {
            return Err(Refusal::Segments);
        }
        self.segments.clear();
        let mut len = 0_usize;
        for buffer in buffers {
            let bytes = if work == Work::Read { buffer.capacity() } else { buffer.filled() };
            let at = buffer.as_mut_ptr();
            // Each by itself: what lies at the boundary of two would be cut otherwise, which devices refuse, or not.
            check(needed, at.addr(), bytes, target.offset)?;
            len = len.checked_add(bytes).ok_or(Refusal::OutOfRange)?;
            self.segments.push(libc::iovec { iov_base: at.cast(), iov_len: bytes });
        }
        check(needed, 0, len, target.offset)?;
        self.target = Target { len, ..target };
        self.progress = Progress::new(work, len);
        Ok(())
    }

    /// Takes aim at a file as a whole.
    pub(super) fn aim_at_file(&mut self, target: Target) {
        self.target = target;
        self.progress = Progress::new(Work::Sync, 0);
    }
}

/// Whether a transfer is one that the file takes as it is.
#[inline]
fn check(needed: Alignment, address: usize, len: usize, offset: u64) -> Result<(), Refusal> {
    if !needed.allows(address, len, offset) {
        return Err(Refusal::Misaligned(Misaligned { needed, offset, len, address }));
    }
    // An offset of -1 would mean a position that the file has of its own.
    match offset.checked_add(len as u64) {
        Some(end) if end <= i64::MAX as u64 => Ok(()),
        _ => Err(Refusal::OutOfRange),
    }
}
