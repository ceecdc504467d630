//! The length of a file and the space that it has.
#![allow(unsafe_code)] // An ioctl that rustix does not know.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;

use rustix::fs::{self, FallocateFlags, FileType, SeekFrom};
use rustix::io::Errno;
use rustix::ioctl;
use rustix::process::{Resource, getrlimit};

/// What is done to a range of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Gets space where it has none, and the file is extended to it.
    Reserved,
    /// Gets space where it has none; the length of the file stays.
    Kept,
    /// Loses its space and reads as zeros; the length of the file stays.
    Hole,
    /// Becomes written zeros, by the device itself, and the file is extended to it (`FALLOC_FL_WRITE_ZEROES`, Linux 6.17).
    Zeros,
}

/// One `fallocate`; one that was interrupted is the caller's to see.
pub(crate) fn allocate(file: &File, space: Space, range: Range<u64>) -> io::Result<()> {
    let mode = match space {
        Space::Reserved => FallocateFlags::empty(),
        Space::Kept => FallocateFlags::KEEP_SIZE,
        Space::Hole => FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE,
        Space::Zeros => FallocateFlags::from_bits_retain(0x80),
    };
    Ok(fs::fallocate(file, mode, range.start, range.end.saturating_sub(range.start))?)
}

pub(crate) fn is_block_device(file: &File) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(fs::fstat(file)?.st_mode) == FileType::BlockDevice)
}

/// The length of a file, or the size of a block device.
pub(crate) fn len(file: impl AsFd) -> io::Result<u64> {
    let stat = fs::fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::BlockDevice {
        return Ok(stat.st_size as u64);
    }
    // The kernel's macro is of size_t, whatever its width; what it writes are 64 bits.
    const BLKGETSIZE64: ioctl::Opcode = ioctl::opcode::read::<usize>(0x12, 114);
    // SAFETY: the file is a block device, whose BLKGETSIZE64 writes one u64, which the getter has room for.
    Ok(unsafe { ioctl::ioctl(file, ioctl::Getter::<BLKGETSIZE64, u64>::new())? })
}

/// Where the next bytes at or behind `offset` that are not a hole begin; `None` where only a hole is left.
pub(crate) fn next_data(file: impl AsFd, offset: u64) -> io::Result<Option<u64>> {
    seek(file, SeekFrom::Data(offset))
}

/// Where the next hole at or behind `offset` begins; the end of the file is one. `None` behind the end.
pub(crate) fn next_hole(file: impl AsFd, offset: u64) -> io::Result<Option<u64>> {
    seek(file, SeekFrom::Hole(offset))
}

/// The kernel answers by moving the cursor of the file, which is put back where it was.
fn seek(file: impl AsFd, to: SeekFrom) -> io::Result<Option<u64>> {
    let cursor = fs::tell(&file)?;
    let found = match fs::seek(&file, to) {
        Ok(found) => Some(found),
        Err(Errno::NXIO) => None,
        Err(e) => return Err(e.into()),
    };
    fs::seek(&file, SeekFrom::Start(cursor))?;
    Ok(found)
}

/// The length to which this process may extend a file (`RLIMIT_FSIZE`). What goes beyond raises a signal that ends the
/// process unless it is ignored.
pub(crate) fn file_size_limit() -> u64 {
    getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX)
}
