use std::io;
use std::ops::Range;

use super::DirectFile;

/// The part of a file that a reader gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// What was asked for, whatever the file has of it.
    asked: Range<u64>,
    pub(super) start: u64,
    /// Not before `start`.
    pub(super) end: u64,
    /// The file tells its length; else `end` is only where it ends at the latest.
    pub(super) sized: bool,
}

impl Extent {
    /// What the file, regular or a block device, has of `asked`.
    pub(super) fn of(file: &DirectFile, asked: Range<u64>) -> io::Result<Self> {
        if !file.is_regular()? && !file.is_block_device()? {
            let what = "only a regular file or a block device has blocks that can be read ahead";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let len = file.len()?;
        // No file is longer than the kernel's signed offset can say.
        let longest = if len == 0 { i64::MAX as u64 } else { len };
        let end = asked.end.min(longest).max(asked.start);
        Ok(Self { start: asked.start, end, asked, sized: len > 0 })
    }

    /// What the file has of it now.
    pub(super) fn again(&self, file: &DirectFile) -> io::Result<Self> {
        Self::of(file, self.asked.clone())
    }

    /// How long it is, if the file tells.
    pub(super) fn known_len(&self) -> Option<u64> {
        self.sized.then_some(self.end - self.start)
    }

    /// Bytes that a block of `capacity` can hold of it from `offset` on.
    pub(super) fn wanted(&self, offset: u64, capacity: usize) -> usize {
        (self.end - offset).min(capacity as u64) as usize
    }
}
