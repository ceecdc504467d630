//! What a [`DirectFile`](super::DirectFile) stands on, as a seam: a real file, and in tests one that fails.

use std::fmt::Debug;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Range;

use crate::sys::file::{self, Flags, Space};

/// The calls that move a file's bytes or change it, as the kernel answers them: short, interrupted, refused. Everything
/// else goes to the file itself.
pub(crate) trait Storage: Debug + Send + Sync {
    fn file(&self) -> &File;

    fn read_at(&self, buf: &mut [u8], offset: u64, flags: Flags) -> io::Result<usize> {
        file::read_at(self.file(), buf, offset, flags)
    }

    fn read_vectored_at(&self, bufs: &mut [IoSliceMut<'_>], offset: u64) -> io::Result<usize> {
        file::read_vectored_at(self.file(), bufs, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64, flags: Flags) -> io::Result<usize> {
        file::write_at(self.file(), buf, offset, flags)
    }

    fn write_vectored_at(&self, bufs: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        file::write_vectored_at(self.file(), bufs, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file().sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.file().sync_all()
    }

    fn len(&self) -> io::Result<u64> {
        file::len(self.file())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file().set_len(len)
    }

    fn allocate(&self, space: Space, range: Range<u64>) -> io::Result<()> {
        file::allocate(self.file(), space, range)
    }
}

impl Storage for File {
    fn file(&self) -> &File {
        self
    }
}
