//! `O_DIRECT`: the flag, and what the file needs of transfers that carry it.
#![allow(unsafe_code)] // An ioctl that rustix does not know.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use rustix::fs::{self, AtFlags, FileType, FsWord, Mode, OFlags, Statx, StatxFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::ioctl;

/// What both sides of a direct transfer are aligned to where nothing tells.
const USUAL_ALIGNMENT: usize = 4096;

/// Fields of `statx` that rustix has, with mask bits that it has not.
const WRITE_ATOMIC: StatxFlags = StatxFlags::from_bits_retain(0x1_0000);
const DIO_READ_ALIGN: StatxFlags = StatxFlags::from_bits_retain(0x2_0000);

const TMPFS_MAGIC: FsWord = 0x0102_1994;
const XFS_MAGIC: FsWord = 0x5846_5342;

/// What a file needs of direct transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DirectLimits {
    /// Of addresses.
    pub(crate) memory: usize,
    /// Of offsets and lengths.
    pub(crate) offset: usize,
    /// The same for reads; at most `offset`.
    pub(crate) read_offset: usize,
    /// The least and greatest length, and the segments, of a write that is not torn.
    pub(crate) atomic: Option<(usize, usize, usize)>,
    /// Something told, rather than nothing and it is the usual.
    pub(crate) told: bool,
}

impl DirectLimits {
    fn told(memory: usize, offset: usize) -> Self {
        Self { memory, offset, read_offset: offset, atomic: None, told: true }
    }
}

pub(crate) fn is_direct(file: &File) -> io::Result<bool> {
    Ok(fs::fcntl_getfl(file)?.contains(OFlags::DIRECT))
}

/// Whether its writes go to the end of the file, whatever offset they name.
pub(crate) fn appends(file: &File) -> io::Result<bool> {
    Ok(fs::fcntl_getfl(file)?.contains(OFlags::APPEND))
}

/// The flags of an open without `O_DIRECT`.
pub(crate) fn without_direct(flags: i32) -> i32 {
    flags & !OFlags::DIRECT.bits().cast_signed()
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

/// What direct transfers of the file need, or `None` where there are none: the file says so, or it is neither a regular
/// file nor a block device. (`O_DIRECT` of a pipe is something else.)
pub(crate) fn direct_limits(file: &File) -> io::Result<Option<DirectLimits>> {
    let kind = FileType::from_raw_mode(fs::fstat(file)?.st_mode);
    if !matches!(kind, FileType::RegularFile | FileType::BlockDevice) {
        return Ok(None);
    }
    match fs::statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN | WRITE_ATOMIC | DIO_READ_ALIGN) {
        Ok(stat) if stat.stx_mask & StatxFlags::DIOALIGN.bits() != 0 => return Ok(from_statx(&stat)),
        // The kernel is older than statx (4.11) or than its alignment fields (6.1), the file system does not fill them, or
        // a filter refuses the call.
        _ => {}
    }
    let told = match kind {
        FileType::BlockDevice => {
            fs::ioctl_blksszget(file).ok().map(|size| DirectLimits::told(size as usize, size as usize))
        }
        _ => from_file_system(file),
    };
    Ok(Some(told.unwrap_or(DirectLimits { told: false, ..DirectLimits::told(USUAL_ALIGNMENT, USUAL_ALIGNMENT) })))
}

fn from_statx(stat: &Statx) -> Option<DirectLimits> {
    let has = |flag: StatxFlags| stat.stx_mask & flag.bits() != 0;
    let (memory, offset) = (stat.stx_dio_mem_align as usize, stat.stx_dio_offset_align as usize);
    if memory == 0 || offset == 0 {
        return None;
    }
    let mut limits = DirectLimits::told(memory.next_power_of_two(), offset.next_power_of_two());
    let read = stat.stx_dio_read_offset_align as usize;
    if has(DIO_READ_ALIGN) && read.is_power_of_two() {
        limits.read_offset = read.min(limits.offset);
    }
    // The bit is set where the kernel knows of the fields; the file has such writes where the greatest is not 0.
    let max = stat.stx_atomic_write_unit_max as usize;
    if has(WRITE_ATOMIC) && max != 0 {
        let min = (stat.stx_atomic_write_unit_min as usize).max(1);
        limits.atomic = Some((min, max, stat.stx_atomic_write_segments_max as usize));
    }
    Some(limits)
}

/// What is known of the file system of a regular file.
fn from_file_system(file: &File) -> Option<DirectLimits> {
    // Some in user space do not answer, and what is not known is probed.
    match retry_on_intr(|| fs::fstatfs(file)).ok()?.f_type {
        // Its files are the page cache: `O_DIRECT` is taken (Linux 6.6) and changes nothing.
        TMPFS_MAGIC => Some(DirectLimits::told(1, 1)),
        XFS_MAGIC => xfs_dioinfo(file).ok(),
        _ => None,
    }
}

/// `struct dioattr` of XFS.
#[repr(C)]
struct DioAttributes {
    memory: u32,
    min_io: u32,
    max_io: u32,
}

fn xfs_dioinfo(file: &File) -> io::Result<DirectLimits> {
    const DIOINFO: ioctl::Opcode = ioctl::opcode::read::<DioAttributes>(b'X', 30);
    // SAFETY: the file lies on XFS (told by its magic), where XFS_IOC_DIOINFO writes one `struct dioattr`, which the
    // getter has room for, and does nothing else. All bit patterns of the struct are valid.
    let info = unsafe { ioctl::ioctl(file, ioctl::Getter::<DIOINFO, DioAttributes>::new())? };
    let (memory, offset) = (info.memory as usize, info.min_io as usize);
    if memory.is_power_of_two() && offset.is_power_of_two() && info.max_io > 0 {
        Ok(DirectLimits::told(memory, offset))
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// Reads the start of a file that is set to direct transfers, `buf` being as they are thought to need it; false where
/// the kernel refuses the transfer as such. What cannot be read for other reasons counts as taken.
pub(crate) fn probe_direct(file: &File, buf: &mut [u8]) -> bool {
    let mut read = |file: &File| retry_on_intr(|| rustix::io::pread(file, &mut *buf, 0));
    let mut result = read(file);
    if result == Err(Errno::BADF) {
        // Opened for writing alone; who may read it asks through another descriptor.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC | OFlags::NOCTTY;
        if let Ok(reader) = fs::open(path, flags, Mode::empty()) {
            result = read(&File::from(reader));
        }
    }
    !matches!(result, Err(Errno::INVAL | Errno::OPNOTSUPP))
}
