#![allow(unsafe_code)] // A mapping promises who else writes to the file: the kernel or the caller answers for it.

use std::fs::File;
use std::io;
use std::ops::Range;

use memmap2::MmapOptions;

use super::{Map, NotSealed};
use crate::sys::{file, seal};

/// Maps a file that nobody can change any more.
///
/// Such files are those in memory (`memfd_create`) with the seals `F_SEAL_WRITE` and `F_SEAL_SHRINK`, and those under
/// `fs-verity`, whose pages the file system checks against a hash as it reads them. The kernel keeps both promises for
/// as long as the file is there, so this is safe where [`map()`] is not. A sealed file may still grow, unless sealed
/// with `F_SEAL_GROW` too; the mapping is of what it has now.
///
/// A page that cannot be read, as by a failing disk or, under `fs-verity`, one that was tampered with, is `SIGBUS`
/// where it is touched: [`Map::prefault`] is told of it.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) with a [`NotSealed`] inside that says what the file lacks. Those of
/// `mmap`.
///
/// ```
/// use bedplate::io::{self, NotSealed};
/// use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
/// use std::{fs::File, io::Write};
///
/// let mut file = File::from(memfd_create("frame", MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC)?);
/// file.write_all(b"for another process")?;
/// let error = io::map_sealed(&file).unwrap_err();
/// let lacks = error.get_ref().and_then(|e| e.downcast_ref::<NotSealed>());
/// assert_eq!(lacks, Some(&NotSealed::WriteAndShrink));
///
/// fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK)?;
/// assert_eq!(&io::map_sealed(&file)?[..], b"for another process");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn map_sealed(file: &File) -> io::Result<Map> {
    match seal::seals(file)? {
        Some((true, true)) => {}
        Some((true, false)) => return Err(NotSealed::Shrink.into()),
        Some((false, true)) => return Err(NotSealed::Write.into()),
        Some((false, false)) => return Err(NotSealed::WriteAndShrink.into()),
        None if seal::has_verity(file) => {}
        None => return Err(NotSealed::Verity.into()),
    }
    // Asked for only now, since before it the file could be cut.
    let len = as_len(file::len(file)?)?;
    // Private though nobody writes: mainline before 6.7 lets a file that is sealed against writing be shared by those
    // alone who did not open it for writing, as who made it did. Pages that nobody writes to are the file's own all the
    // same.
    // SAFETY: the content can no longer change and the file cannot become shorter than `len`, as argued above.
    unsafe { MmapOptions::new().len(len).map_copy_read_only(file) }.map(Map::new)
}

/// Maps the whole file, or block device, for reading.
///
/// Pages are read when they are touched: for scans in a known order a [`DirectReader`](super::DirectReader) does that
/// ahead and tells of errors, where a mapping answers a disk error with `SIGBUS` ([`Map::prefault`] tells).
///
/// # Safety
///
/// While the mapping lives, nobody, of this process or another, writes to the file or cuts it. The bytes are given out
/// as `&[u8]`, which the compiler takes for unchanging; and touching a page that was cut off raises `SIGBUS`. No lock
/// of the kernel enforces this. For files where the kernel does, there is [`map_sealed`].
///
/// # Errors
///
/// Those of `mmap`. An empty file maps to an empty slice.
///
/// ```
/// let path = std::env::temp_dir().join(format!("bedplate-map-{}", std::process::id()));
/// std::fs::write(&path, "mapped")?;
/// let file = std::fs::File::open(&path)?;
/// // SAFETY: the file was made here under a name of this process, and nothing writes to it.
/// let map = unsafe { bedplate::io::map(&file) }?;
/// assert_eq!(&map[..], b"mapped");
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub unsafe fn map(file: &File) -> io::Result<Map> {
    let len = file::len(file)?;
    // SAFETY: the caller promises that nobody writes to the file or cuts it while the mapping lives.
    unsafe { map_of(file, 0..len) }
}

/// As [`map()`], of a part of the file; the range need not be aligned to pages.
///
/// # Safety
///
/// That of [`map()`], of the range.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) where the range reaches past the end of the file, whose pages there
/// could not be touched, or ends before it begins. Those of `mmap`.
///
/// ```
/// let path = std::env::temp_dir().join(format!("bedplate-map-range-{}", std::process::id()));
/// std::fs::write(&path, "header body")?;
/// let file = std::fs::File::open(&path)?;
/// // SAFETY: the file was made here under a name of this process, and nothing writes to it.
/// let map = unsafe { bedplate::io::map_range(&file, 7..11) }?;
/// assert_eq!(&map[..], b"body");
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub unsafe fn map_range(file: &File, range: Range<u64>) -> io::Result<Map> {
    if range.start > range.end || range.end > file::len(file)? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the range to map is not within the file"));
    }
    // SAFETY: the caller promises that nobody writes to this part of the file or cuts it while the mapping lives.
    unsafe { map_of(file, range) }
}

/// # Safety
///
/// That of [`map_range`]; and the range is within the file.
unsafe fn map_of(file: &File, range: Range<u64>) -> io::Result<Map> {
    let len = as_len(range.end - range.start)?;
    // SAFETY: what the caller promises is all that this needs.
    unsafe { MmapOptions::new().offset(range.start).len(len).map(file) }.map(Map::new)
}

/// Memory is not as wide as files are on some machines.
fn as_len(bytes: u64) -> io::Result<usize> {
    usize::try_from(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "longer than an address space"))
}
