use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::{Copied, CopyOptions, CopyWay};
use crate::sys::Demand;
use crate::sys::copy::{self as sys, End, Kind, Pipe};
use crate::sys::file;

/// Of a copy by `read` and `write`. Copies of 1 GiB of page cache on ext4 (Linux 6.18) with buffers of 64 KiB, 128 KiB,
/// 256 KiB and 1 MiB took 0.48, 0.45, 0.91 and 1.84 s of CPU (2026-11-22, medians of eight in random order): the page
/// cache takes as large pieces of memory as the writes are, and those were dear to find.
const BUFFER: usize = 128 << 10;

/// What a pipe holds if it is not made larger: in pieces of 64 KiB, 256 KiB and 1 MiB the same copy took 0.43, 0.94 and
/// 2.12 s of CPU through pipes of that size, and 0.45 s by `copy_file_range`, which moves 64 KiB at a time itself.
const PIPE: u64 = 64 << 10;

/// Makes the content of `to` that of `from`, and says how.
///
/// It tries, in this order, to [share](CopyWay::Reflink) the blocks, to copy them [with
/// `copy_file_range`](CopyWay::CopyFileRange), [with `splice`](CopyWay::Splice), and by [`read` and
/// `write`](CopyWay::ReadWrite); a way that the kernel, the file system or a filter of system calls refuses is followed
/// by the next, from where it came to. An error of the data itself, such as a full disk, is the call's error.
///
/// **Files** are copied whole, from the beginning, whatever their positions are, which stay as they are. `to` is
/// emptied first, so after an error it holds a part or nothing. Holes of `from` are holes of `to`; while they are
/// looked for, the position of `from` is not to be relied upon. A file that grows meanwhile is copied up to the length
/// that it had when the call began, one that is cut up to where it ends then. Files that say they are empty are read to
/// their end, as those in `/proc` have to be. Owner, mode, times and extended attributes are not copied, and nothing is
/// synced.
///
/// **Pipes, sockets and terminals** are read until they end, written on to, and must be blocking: otherwise the call
/// ends with [`WouldBlock`](io::ErrorKind::WouldBlock) at an unknown place. What waits in a pipe or a socket may be the
/// pages of `from` themselves: a change to the file may still show there.
///
/// **Block devices** are read to their end and written from their beginning; what lies behind the copy stays.
///
/// Blocks the thread. The kernel copies up to 1 GiB in a call, which only a fatal signal interrupts.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput), with both files as they were: they are one and the same; `from` is
/// not open for reading or `to` not for writing; `to` is open for appending (`O_APPEND`), so that nothing can be put at
/// its beginning; one of them has `O_DIRECT` ([`DirectReader`](super::DirectReader) and
/// [`DirectWriter`](super::DirectWriter) copy past the page cache; a required reflink takes it as well).
/// [`IsADirectory`](io::ErrorKind::IsADirectory) where one of them is. Otherwise those of the last way.
///
/// ```
/// use bedplate::io;
/// use std::fs;
///
/// let dir = tempfile::tempdir()?;
/// fs::write(dir.path().join("from"), "content")?;
/// fs::write(dir.path().join("to"), "something longer")?;
/// let from = fs::File::open(dir.path().join("from"))?;
/// let to = fs::File::options().write(true).open(dir.path().join("to"))?;
/// let copied = io::copy(&from, &to)?;
/// assert_eq!(copied.bytes, 7);
/// assert_eq!(fs::read(dir.path().join("to"))?, b"content");
/// println!("by {:?}", copied.way);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn copy(from: impl AsFd, to: impl AsFd) -> io::Result<Copied> {
    copy_with(from, to, CopyOptions::new())
}

/// As [`copy()`], with [options](CopyOptions).
///
/// # Errors
///
/// Those of [`copy()`]. Where a reflink is required, what the kernel says of it: mostly
/// [`Unsupported`](io::ErrorKind::Unsupported) or [`CrossesDevices`](io::ErrorKind::CrossesDevices).
pub fn copy_with(from: impl AsFd, to: impl AsFd, options: CopyOptions) -> io::Result<Copied> {
    copy_beginning_by(CopyWay::Reflink, from.as_fd(), to.as_fd(), options)
}

/// As [`copy_with`], without the ways before `first`.
pub(super) fn copy_beginning_by(
    first: CopyWay,
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    options: CopyOptions,
) -> io::Result<Copied> {
    let reflink = options.reflink.unwrap_or(Demand::Prefer);
    let (from_end, to_end) = (End::of(from)?, End::of(to)?);
    check(&from_end, &to_end, reflink)?;
    // Not for nothing: ext4 begins to write a file back when it is closed after it was cut to 0, which half of its copy
    // of 1 GiB was spent with (2026-11-22).
    if to_end.kind == Kind::Regular && to_end.len > 0 {
        sys::set_len(to, 0)?;
    }
    if first == CopyWay::Reflink && reflink.wanted() {
        match sys::clone(from, to) {
            Ok(()) => return Ok(Copied { bytes: file::len(to)?, way: CopyWay::Reflink }),
            Err(e) if reflink.required() || !sys::is_refusal(&e) => return Err(e),
            Err(_) => {}
        }
    }
    // File systems share blocks there as well.
    let least = if reflink.wanted() { CopyWay::CopyFileRange } else { CopyWay::Splice };
    let way = first.max(least).max(first_way_between(&from_end, &to_end));
    Copying::new(way, (from, from_end), (to, to_end)).run()
}

/// Before anything is changed.
fn check(from: &End, to: &End, reflink: Demand) -> io::Result<()> {
    if from.kind == Kind::Directory || to.kind == Kind::Directory {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let reason = if from.is_same_as(to) {
        "the source and the destination of the copy are the same file"
    } else if !from.readable {
        "the source of the copy is not open for reading"
    } else if !to.writable {
        "the destination of the copy is not open for writing"
    } else if to.append {
        "the destination of the copy is open for appending"
    } else if (from.direct || to.direct) && !reflink.required() {
        "a copy goes through the page cache, and one of the files is open with O_DIRECT"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
}

fn first_way_between(from: &End, to: &End) -> CopyWay {
    match (from.kind, to.kind) {
        // Either there is nothing, or the file has to be read to know.
        (Kind::Regular, _) if from.len == 0 => CopyWay::ReadWrite,
        (Kind::Regular, Kind::Regular) => CopyWay::CopyFileRange,
        (Kind::Regular | Kind::Block | Kind::Pipe, _) => CopyWay::Splice,
        // What a socket gave to a pipe could not be taken back where the destination then refuses the pipe.
        _ => CopyWay::ReadWrite,
    }
}

/// A copy of bytes on its way.
pub(super) struct Copying<'a> {
    from: BorrowedFd<'a>,
    from_end: End,
    to: BorrowedFd<'a>,
    to_end: End,
    /// The way to go on by. Ways before it were refused.
    way: CopyWay,
    /// The way that moved the last bytes.
    took: CopyWay,
    pipe: Option<Pipe>,
    buffer: Vec<u8>,
}

impl<'a> Copying<'a> {
    /// Begins by this way.
    pub(super) fn new(way: CopyWay, from: (BorrowedFd<'a>, End), to: (BorrowedFd<'a>, End)) -> Self {
        let ((from, from_end), (to, to_end)) = (from, to);
        Self { from, from_end, to, to_end, way, took: CopyWay::ReadWrite, pipe: None, buffer: Vec::new() }
    }

    pub(super) fn run(mut self) -> io::Result<Copied> {
        let bytes = if self.from_end.sparse && self.to_end.kind == Kind::Regular {
            self.copy_data()?
        } else {
            let known = self.from_end.kind == Kind::Regular && self.from_end.len > 0;
            self.copy_range(0, if known { self.from_end.len } else { u64::MAX })?
        };
        Ok(Copied { bytes, way: self.took })
    }

    /// Copies what lies between the holes; the length of it all.
    fn copy_data(&mut self) -> io::Result<u64> {
        let end = self.from_end.len;
        let mut at = 0;
        while at < end {
            let start = match file::next_data(self.from, at) {
                // A file system that does not tell.
                Err(e) if sys::is_refusal(&e) => Some(at),
                start => start?,
            };
            let Some(start) = start.filter(|start| *start < end) else {
                // Nothing but a hole is left; or the file was cut.
                at = end.min(file::len(self.from)?);
                sys::set_len(self.to, at)?;
                break;
            };
            let hole = match file::next_hole(self.from, start) {
                Err(e) if sys::is_refusal(&e) => end,
                // Cut in between, where there is none.
                hole => hole?.map_or(end, |hole| hole.min(end)),
            };
            at = self.copy_range(start, hole)?;
            if at < hole {
                // It ends here, whatever it says of its length. Where it was cut in a hole, that is not copied to
                // `start`.
                at = if at > start { at } else { start.min(file::len(self.from)?) };
                sys::set_len(self.to, at)?;
                break;
            }
        }
        Ok(at)
    }

    /// Copies from `at` to `end`, or to the end of the source; says where it came to.
    fn copy_range(&mut self, mut at: u64, end: u64) -> io::Result<u64> {
        while at < end {
            match self.step(at, end - at) {
                Ok(0) if self.way == CopyWay::ReadWrite => break,
                // Only a read is believed that the source is at its end: kernels of 5.x copy nothing of files that they
                // make up as they are read.
                Ok(0) => self.way = self.way.next(),
                Ok(moved) => {
                    self.took = self.way;
                    at += moved;
                }
                Err(e) if self.way != CopyWay::ReadWrite && sys::is_refusal(&e) => self.way = self.way.next(),
                Err(e) => return Err(e),
            }
        }
        Ok(at)
    }

    /// Moves some bytes.
    fn step(&mut self, at: u64, len: u64) -> io::Result<u64> {
        let from_offset = self.from_end.is_positional().then_some(at);
        let to_offset = self.to_end.is_positional().then_some(at);
        match self.way {
            CopyWay::Reflink | CopyWay::CopyFileRange => sys::copy_range(self.from, self.to, at, len),
            CopyWay::Splice if self.from_end.kind == Kind::Pipe || self.to_end.kind == Kind::Pipe => {
                sys::splice(self.from, from_offset, self.to, to_offset, len)
            }
            CopyWay::Splice => self.splice_through(at, to_offset, len),
            CopyWay::ReadWrite => {
                self.buffer.resize(BUFFER, 0);
                let room = BUFFER.min(usize::try_from(len).unwrap_or(BUFFER));
                let read = sys::read(self.from, &mut self.buffer[..room], from_offset)?;
                sys::write_all(self.to, &self.buffer[..read], to_offset)?;
                Ok(read as u64)
            }
        }
    }

    /// Moves some bytes of a file, which can be read again, through a pipe.
    fn splice_through(&mut self, at: u64, to_offset: Option<u64>, len: u64) -> io::Result<u64> {
        // Left out of `self` on an error: what is in the pipe then is not to be found there by a later step.
        let pipe = match self.pipe.take() {
            Some(pipe) => pipe,
            None => Pipe::new()?,
        };
        let filled = sys::splice(self.from, Some(at), pipe.writer(), None, len.min(PIPE))?;
        let mut moved = 0;
        while moved < filled {
            match sys::splice(pipe.reader(), None, self.to, to_offset.map(|offset| offset + moved), filled - moved) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => moved += n,
                Err(e) if moved > 0 && sys::is_refusal(&e) => return Ok(moved),
                Err(e) => return Err(e),
            }
        }
        self.pipe = Some(pipe);
        Ok(moved)
    }
}
