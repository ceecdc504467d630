#![allow(unsafe_code)] // Advice that drops pages is unsafe where they can be written to, which these cannot.

use std::io;
use std::ops::{Deref, Range};

use memmap2::{Mmap, UncheckedAdvice};

use super::Advice;
use crate::sys;

/// The bytes of a file in memory, read-only, from [`map_sealed`](super::map_sealed), [`map`](super::map()) or
/// [`map_range`](super::map_range). It needs the file no longer, which may be closed.
///
/// ```
/// use bedplate::io::{self, Advice};
///
/// let path = std::env::temp_dir().join(format!("bedplate-mapped-{}", std::process::id()));
/// std::fs::write(&path, "mapped")?;
/// let file = std::fs::File::open(&path)?;
/// // SAFETY: the file was made here under a name of this process, and nothing writes to it.
/// let map = unsafe { io::map(&file) }?;
/// map.advise(Advice::Random)?;
/// map.prefault()?;
/// assert!(map.ends_with(b"ped"));
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Map(Mmap);

impl Map {
    pub(super) fn new(mapping: Mmap) -> Self {
        Self(mapping)
    }

    /// Tells the kernel how the mapping is going to be used.
    ///
    /// # Errors
    ///
    /// Those of `madvise`; [`Unsupported`](io::ErrorKind::Unsupported) for [`Advice::NoReuse`], which mappings have
    /// not.
    pub fn advise(&self, advice: Advice) -> io::Result<()> {
        self.advise_range(advice, 0..self.len())
    }

    /// As [`advise`](Self::advise), of a part: whole pages, so all of those that hold bytes of the range.
    ///
    /// # Errors
    ///
    /// Those of [`advise`](Self::advise).
    ///
    /// # Panics
    ///
    /// Where the range is not within the mapping.
    pub fn advise_range(&self, advice: Advice, range: Range<usize>) -> io::Result<()> {
        // Panics as indexing does. The crate underneath looks at the two ends one by one, not at their sum.
        let (start, len) = (range.start, self.0[range].len());
        let checked = match advice {
            Advice::Normal => memmap2::Advice::Normal,
            Advice::Sequential => memmap2::Advice::Sequential,
            Advice::Random => memmap2::Advice::Random,
            Advice::WillNeed => memmap2::Advice::WillNeed,
            Advice::DontNeed => {
                // SAFETY: the range is within the mapping, and pages of a file that were never written to through it
                // come back from the file as they were.
                return unsafe { self.0.unchecked_advise_range(UncheckedAdvice::DontNeed, start, len) };
            }
            Advice::NoReuse => {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "a mapping has no such advice"));
            }
        };
        self.0.advise_range(checked, start, len)
    }

    /// Asks for huge pages where the file system has them: files in memory, and read-only files where the kernel was
    /// built to collect their pages (`CONFIG_READ_ONLY_THP_FOR_FS`). A hint: whether there are any shows in
    /// `/proc/self/smaps`.
    ///
    /// # Errors
    ///
    /// Those of `madvise`: [`InvalidInput`](io::ErrorKind::InvalidInput) by a kernel without huge pages.
    pub fn advise_huge(&self) -> io::Result<()> {
        self.0.advise(memmap2::Advice::HugePage)
    }

    /// Reads all pages in and maps them, so that the first touch of one neither waits nor faults. They may be dropped
    /// again when memory is short.
    ///
    /// Before Linux 5.14 (`MADV_POPULATE_READ`) it touches a byte of each page, with the difference that a page that
    /// cannot be read raises `SIGBUS`. Blocks until all is read.
    ///
    /// # Errors
    ///
    /// The kernel's where a page cannot be read: mostly `EFAULT`, which `madvise` says for what would be `SIGBUS`.
    pub fn prefault(&self) -> io::Result<()> {
        match self.0.advise(memmap2::Advice::PopulateRead) {
            Err(e) if e.kind() == io::ErrorKind::InvalidInput => {
                self.touch();
                Ok(())
            }
            result => result,
        }
    }

    /// Has every page mapped by reading a byte of it.
    pub(super) fn touch(&self) {
        for page in self.0.chunks(sys::numa::page_size()) {
            // Otherwise the read would be optimised away.
            std::hint::black_box(page[0]);
        }
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
