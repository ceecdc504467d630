#![allow(unsafe_code)] // A file mapping is a promise about who else writes the file, which only the caller can make.

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::{Mmap, UncheckedAdvice};

use super::Advice;

/// The bytes of a file in memory, read-only, from [`map`].
#[derive(Debug)]
pub struct Map(Mmap);

/// Maps the whole file for reading.
///
/// Pages are read when they are touched: for scans in a known order a [`DirectReader`](super::DirectReader) does that
/// ahead and tells of errors, where a mapping answers a disk error with `SIGBUS`.
///
/// # Safety
///
/// While the mapping lives, nobody, of this process or another, writes to the file or cuts it. The bytes are given out as
/// `&[u8]`, which the compiler takes for unchanging; and touching a page that was cut off raises `SIGBUS`. No lock of the
/// kernel enforces this.
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
    // SAFETY: the caller promises that nobody writes to the file or cuts it while the mapping lives.
    unsafe { Mmap::map(file) }.map(Map)
}

impl Map {
    /// Tells the kernel how the mapping is going to be used.
    ///
    /// # Errors
    ///
    /// Those of `madvise`; [`Unsupported`](io::ErrorKind::Unsupported) for [`Advice::NoReuse`], which mappings have not.
    pub fn advise(&self, advice: Advice) -> io::Result<()> {
        match advice {
            Advice::Normal => self.0.advise(memmap2::Advice::Normal),
            Advice::Sequential => self.0.advise(memmap2::Advice::Sequential),
            Advice::Random => self.0.advise(memmap2::Advice::Random),
            Advice::WillNeed => self.0.advise(memmap2::Advice::WillNeed),
            // SAFETY: the mapping is shared and read-only, so pages that are dropped come back from the file as they were.
            Advice::DontNeed => unsafe { self.0.unchecked_advise(UncheckedAdvice::DontNeed) },
            Advice::NoReuse => Err(io::Error::new(io::ErrorKind::Unsupported, "a mapping has no such advice")),
        }
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
