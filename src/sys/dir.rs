//! Many small files under one directory, opened relative to it.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, RawDir, openat};
use rustix::io::{Errno, retry_on_intr};

/// What one read of an attribute under `/sys` returns at most: a page of the smallest size.
const ATTRIBUTE: usize = 4096;

/// The longest file that is read. The longest under `/sys` and `/proc` that anything here reads is a list of mounts.
const LONGEST: usize = 16 << 20;

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

impl Dir {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(retry_on_intr(|| openat(CWD, path, HANDLE, Mode::empty()))?))
    }

    /// Opens a directory below this one.
    pub(crate) fn open_below(&self, path: &str) -> io::Result<Self> {
        Ok(Self(retry_on_intr(|| openat(&self.0, path, HANDLE, Mode::empty()))?))
    }

    /// Reads a whole file below this one to the start of `buf`, which grows as needed and never shrinks; returns how long
    /// it is.
    pub(crate) fn read(&self, path: &str, ends: End, buf: &mut Vec<u8>) -> io::Result<usize> {
        // A pipe in the place of a file must not block.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = retry_on_intr(|| openat(&self.0, path, flags, Mode::empty()))?;
        let mut len = 0;
        loop {
            if buf.len() < len + ATTRIBUTE {
                buf.resize((2 * len).max(2 * ATTRIBUTE), 0);
            }
            let got = retry_on_intr(|| rustix::io::read(&file, &mut buf[len..]))?;
            len += got;
            if got == 0 || ends == End::Line && got < ATTRIBUTE && buf[len - 1] == b'\n' {
                return Ok(len);
            }
            if len > LONGEST {
                return Err(Errno::FBIG.into());
            }
        }
    }

    /// Calls `each` with the names in a directory below this one, in no order.
    pub(crate) fn names(&self, path: &str, mut each: impl FnMut(&str)) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = retry_on_intr(|| openat(&self.0, path, flags, Mode::empty()))?;
        let mut buf = Vec::with_capacity(8 * ATTRIBUTE);
        let mut entries = RawDir::new(dir, buf.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            if let Ok(name) = entry?.file_name().to_str() {
                each(name);
            }
        }
        Ok(())
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        rustix::fs::accessat(&self.0, path, rustix::fs::Access::EXISTS, rustix::fs::AtFlags::empty()).is_ok()
    }
}

/// How the end of a file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By a read that is shorter than a page and ends with a line's end: the file is one attribute, as under `/sys`. A
    /// call less.
    Line,
    /// By a read that returns nothing: files of many lines, as under `/proc`, may come in pieces of any length.
    Nothing,
}

/// Opening needs no permission to read: only what is below is read.
const HANDLE: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The major and the minor number of a device, by which `/sys/dev` names it.
pub(crate) fn device_numbers(device: u64) -> (u32, u32) {
    (rustix::fs::major(device), rustix::fs::minor(device))
}
