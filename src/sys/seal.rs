//! Whether the kernel vouches that a file never changes again.
#![allow(unsafe_code)] // A request that rustix has no function for.

use std::fs::File;
use std::io;

use rustix::fs::{self, AtFlags, SealFlags, StatxAttributes, StatxFlags};
use rustix::io::Errno;
use rustix::ioctl::{self, Updater, opcode};

/// `struct fsverity_digest` without room for the digest.
#[repr(C)]
struct DigestHead {
    algorithm: u16,
    size: u16,
}

/// `FS_IOC_MEASURE_VERITY`.
const MEASURE_VERITY: ioctl::Opcode = opcode::read_write::<DigestHead>(b'f', 134);

/// The seals against writing and against shrinking, whether they are there; `None` where the file can have no seals.
pub(crate) fn seals(file: &File) -> io::Result<Option<(bool, bool)>> {
    match fs::fcntl_get_seals(file) {
        Ok(seals) => Ok(Some((seals.contains(SealFlags::WRITE), seals.contains(SealFlags::SHRINK)))),
        Err(Errno::INVAL) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Whether the file's own file system checks its content against a hash that can no longer change (`fs-verity`).
///
/// Both questions have to be answered with yes: the first is answered by an overlay for a file that is not the one that
/// it would map, the second is answered by FUSE servers as they like (Linux 6.10).
pub(crate) fn has_verity(file: &File) -> bool {
    // Where the kernel, or a filter of system calls, does not know the call, there is nobody to vouch.
    let Ok(stat) = fs::statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::empty()) else { return false };
    if !stat.stx_attributes.contains(StatxAttributes::VERITY) {
        return false;
    }
    let mut digest = DigestHead { algorithm: 0, size: 0 };
    // SAFETY: the request reads and writes the head, and after it as many bytes of digest as its `size` says: none. The
    // opcode is made of the size of the head, which is what the kernel makes it of.
    let measured = unsafe { ioctl::ioctl(file, Updater::<MEASURE_VERITY, _>::new(&mut digest)) };
    // There is a digest, and it is longer than no bytes.
    matches!(measured, Ok(()) | Err(Errno::OVERFLOW))
}
