//! Files beyond what std offers: `O_DIRECT` and its alignment, advice, preallocation, locks.

use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;

use rustix::fs::{self, AtFlags, FallocateFlags, FileType, FlockOperation, OFlags, StatxFlags};
use rustix::io::{Errno, retry_on_intr};

/// The most that one transfer moves (`MAX_RW_COUNT` of the kernel): a longer one is short without being at the end.
pub(crate) const MAX_TRANSFER: usize = 0x7fff_f000;

/// What both sides of a direct transfer are aligned to where nothing tells.
const USUAL_ALIGNMENT: u32 = 4096;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Advice {
    Normal,
    Sequential,
    Random,
    WillNeed,
    DontNeed,
    NoReuse,
}

/// One positional read; interrupted ones are repeated, short ones are the caller's to see.
#[inline]
pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let len = buf.len().min(MAX_TRANSFER);
    Ok(retry_on_intr(|| rustix::io::pread(file, &mut buf[..len], offset))?)
}

/// One positional write; interrupted ones are repeated, short ones are the caller's to see.
#[inline]
pub(crate) fn write_at(file: &File, buf: &[u8], offset: u64) -> io::Result<usize> {
    let len = buf.len().min(MAX_TRANSFER);
    Ok(retry_on_intr(|| rustix::io::pwrite(file, &buf[..len], offset))?)
}

pub(crate) fn is_direct(file: &File) -> io::Result<bool> {
    Ok(fs::fcntl_getfl(file)?.contains(OFlags::DIRECT))
}

/// Turns `O_DIRECT` on; false where the file system has no such thing.
pub(crate) fn set_direct(file: &File) -> io::Result<bool> {
    let flags = fs::fcntl_getfl(file)?;
    match fs::fcntl_setfl(file, flags | OFlags::DIRECT) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Turns `O_DIRECT` off.
pub(crate) fn set_buffered(file: &File) -> io::Result<()> {
    Ok(fs::fcntl_setfl(file, fs::fcntl_getfl(file)? - OFlags::DIRECT)?)
}

/// What direct transfers of the file need: (memory, offset and length), or `None` where the file says that it has none.
pub(crate) fn direct_alignment(file: &File) -> io::Result<Option<(usize, usize)>> {
    let usual = Some((USUAL_ALIGNMENT as usize, USUAL_ALIGNMENT as usize));
    match fs::statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN) {
        Ok(stat) if stat.stx_mask & StatxFlags::DIOALIGN.bits() != 0 => {
            let (memory, offset) = (stat.stx_dio_mem_align as usize, stat.stx_dio_offset_align as usize);
            return Ok((memory != 0 && offset != 0).then_some((memory, offset)));
        }
        // The kernel is older than statx (4.11) or than its alignment fields (6.1), or the file system does not fill them.
        Ok(_) | Err(Errno::NOSYS | Errno::INVAL) => {}
        Err(e) => return Err(e.into()),
    }
    if is_block_device(file)? {
        return Ok(fs::ioctl_blksszget(file).map_or(usual, |size| Some((size as usize, size as usize))));
    }
    Ok(usual)
}

fn is_block_device(file: &File) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(fs::fstat(file)?.st_mode) == FileType::BlockDevice)
}

pub(crate) fn advise(file: &File, advice: Advice, range: Range<u64>) -> io::Result<()> {
    let advice = match advice {
        Advice::Normal => fs::Advice::Normal,
        Advice::Sequential => fs::Advice::Sequential,
        Advice::Random => fs::Advice::Random,
        Advice::WillNeed => fs::Advice::WillNeed,
        Advice::DontNeed => fs::Advice::DontNeed,
        Advice::NoReuse => fs::Advice::NoReuse,
    };
    // Past what the kernel's signed offset can say, "to the end of the file" is the same thing.
    let len = range.end.saturating_sub(range.start);
    let len = if range.end > i64::MAX as u64 { None } else { Some(len) };
    match len.map(NonZeroU64::new) {
        Some(None) => Ok(()),
        Some(len) => Ok(fs::fadvise(file, range.start, len, advice)?),
        None => Ok(fs::fadvise(file, range.start, None, advice)?),
    }
}

/// Reserves the space of the first `len` bytes and extends the file to them.
pub(crate) fn preallocate(file: &File, len: u64) -> io::Result<()> {
    Ok(retry_on_intr(|| fs::fallocate(file, FallocateFlags::empty(), 0, len))?)
}

/// Takes the whole-file lock unless another open file description holds it.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    match retry_on_intr(|| fs::flock(file, FlockOperation::NonBlockingLockExclusive)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Makes the names in a directory durable: what was created, renamed or removed there before.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
