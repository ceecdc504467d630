//! What moves bytes from one descriptor to another inside the kernel, and what has to be known of the two for that.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{self, FileType, OFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::pipe::{self, PipeFlags, SpliceFlags};

/// The most that one call is asked to move: far above what a call costs, and a round number below the kernel's own
/// bound.
const MAX_MOVE: u64 = 1 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Regular,
    Block,
    Pipe,
    Directory,
    Other,
}

/// What one end of a copy is.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) kind: Kind,
    /// Of a regular file.
    pub(crate) len: u64,
    /// Fewer bytes are stored than the file is long.
    pub(crate) sparse: bool,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) append: bool,
    pub(crate) direct: bool,
    /// The device and the number in it; of a block device, which it is.
    identity: (u64, u64),
}

impl End {
    pub(crate) fn of(fd: BorrowedFd<'_>) -> io::Result<Self> {
        let (stat, flags) = (fs::fstat(fd)?, fs::fcntl_getfl(fd)?);
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::Regular,
            FileType::BlockDevice => Kind::Block,
            FileType::Fifo => Kind::Pipe,
            FileType::Directory => Kind::Directory,
            _ => Kind::Other,
        };
        // The widths of these differ from architecture to architecture.
        #[allow(clippy::unnecessary_cast)]
        let identity =
            if kind == Kind::Block { (0, stat.st_rdev as u64) } else { (stat.st_dev as u64, stat.st_ino as u64) };
        let (len, stored) = (stat.st_size as u64, (stat.st_blocks as u64).saturating_mul(512));
        let access = flags & OFlags::RWMODE;
        let opened = !flags.contains(OFlags::PATH);
        Ok(Self {
            kind,
            len,
            sparse: kind == Kind::Regular && stored < len,
            readable: opened && access != OFlags::WRONLY,
            writable: opened && access != OFlags::RDONLY,
            append: flags.contains(OFlags::APPEND),
            direct: flags.contains(OFlags::DIRECT),
            identity,
        })
    }

    /// Whether transfers name their offset.
    pub(crate) fn is_positional(&self) -> bool {
        matches!(self.kind, Kind::Regular | Kind::Block)
    }

    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.is_positional() && self.kind == other.kind && self.identity == other.identity
    }
}

/// Whether the kernel, a file system or a filter of system calls refuses this way of moving bytes, so that another may
/// do. Errors of the data itself, such as a full or a failing disk, are none of these.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    let Some(errno) = error.raw_os_error().map(Errno::from_raw_os_error) else { return false };
    matches!(
        errno,
        // Two file systems, or two kinds of one; not of this kind of file; not by this kernel.
        Errno::XDEV | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS | Errno::NOTTY
            // A filter of system calls; a file that serves as swap space.
            | Errno::PERM | Errno::ACCESS | Errno::TXTBSY
            // No descriptors left for a pipe.
            | Errno::MFILE | Errno::NFILE
    )
}

pub(crate) fn set_len(fd: BorrowedFd<'_>, len: u64) -> io::Result<()> {
    Ok(retry_on_intr(|| fs::ftruncate(fd, len))?)
}

/// Makes `to` share the blocks of `from`, all of them.
pub(crate) fn clone(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<()> {
    Ok(retry_on_intr(|| fs::ioctl_ficlone(to, from))?)
}

/// `copy_file_range` from an offset to the same offset.
pub(crate) fn copy_range(from: BorrowedFd<'_>, to: BorrowedFd<'_>, offset: u64, len: u64) -> io::Result<u64> {
    let len = len.min(MAX_MOVE) as usize;
    let moved = retry_on_intr(|| {
        // Written to by the kernel also where the call is interrupted.
        let (mut from_offset, mut to_offset) = (offset, offset);
        fs::copy_file_range(from, Some(&mut from_offset), to, Some(&mut to_offset), len)
    })?;
    Ok(moved as u64)
}

/// `splice`; one of the two is a pipe, and a pipe has no offset.
pub(crate) fn splice(
    from: BorrowedFd<'_>,
    from_offset: Option<u64>,
    to: BorrowedFd<'_>,
    to_offset: Option<u64>,
    len: u64,
) -> io::Result<u64> {
    let len = len.min(MAX_MOVE) as usize;
    let moved = retry_on_intr(|| {
        let (mut from_offset, mut to_offset) = (from_offset, to_offset);
        pipe::splice(from, from_offset.as_mut(), to, to_offset.as_mut(), len, SpliceFlags::empty())
    })?;
    Ok(moved as u64)
}

/// Reads at the offset, or what comes next where there is none.
pub(crate) fn read(fd: BorrowedFd<'_>, buf: &mut [u8], offset: Option<u64>) -> io::Result<usize> {
    Ok(retry_on_intr(|| match offset {
        Some(offset) => rustix::io::pread(fd, &mut *buf, offset),
        None => rustix::io::read(fd, &mut *buf),
    })?)
}

/// Writes all of it at the offset, or next where there is none.
pub(crate) fn write_all(fd: BorrowedFd<'_>, mut buf: &[u8], mut offset: Option<u64>) -> io::Result<()> {
    while !buf.is_empty() {
        let written = retry_on_intr(|| match offset {
            Some(offset) => rustix::io::pwrite(fd, buf, offset),
            None => rustix::io::write(fd, buf),
        })?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        buf = &buf[written..];
        offset = offset.map(|offset| offset + written as u64);
    }
    Ok(())
}

/// A pipe for bytes on their way between two descriptors that are no pipes.
#[derive(Debug)]
pub(crate) struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Pipe {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = pipe::pipe_with(PipeFlags::CLOEXEC)?;
        Ok(Self { reader, writer })
    }

    pub(crate) fn reader(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }

    pub(crate) fn writer(&self) -> BorrowedFd<'_> {
        self.writer.as_fd()
    }
}
