use std::io;

use super::DirectFile;
use super::asked::Asked;
use super::uninterrupted::uninterrupted;
use crate::io::ReadOptions;
use crate::pool::Block;
use crate::sys::file::{Flags, MAX_TRANSFER};

/// The most that a transfer that is not aligned moves at once through its aligned buffer.
pub(super) const BOUNCE: usize = 256 << 10;

/// How often a read that stops inside its first aligned unit, though the file goes on, is made again before it is given
/// up. File systems over a network may do so once; the kernel's own never do.
const PATIENCE: usize = 16;

impl DirectFile {
    /// Reads at `offset` as many bytes as one call gives; 0 is the end of the file.
    ///
    /// Blocks until the kernel has them. At most 2,147,479,552 bytes come at once, and at most 256 KiB where the read is
    /// not aligned: fewer bytes than asked for do not mean the end.
    ///
    /// # Errors
    ///
    /// Those of `pread`, never `Interrupted`; [`OutOfMemory`](io::ErrorKind::OutOfMemory) where a read that is not aligned
    /// finds no memory.
    #[inline]
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read_asked(buf, offset, Asked::NOTHING)
    }

    /// As [`read_at`](Self::read_at), with options.
    ///
    /// # Errors
    ///
    /// As [`read_at`](Self::read_at); [`Unsupported`](io::ErrorKind::Unsupported) where a required option is refused,
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) where a read that is not to wait would have to.
    pub fn read_at_with(&self, buf: &mut [u8], offset: u64, options: ReadOptions) -> io::Result<usize> {
        let mut asked = Asked::NOTHING;
        if !self.passes_cache() {
            asked.demand(options.uncached, Flags::DONTCACHE);
        }
        if options.no_wait {
            asked.need(Flags::NOWAIT);
        }
        self.read_asked(buf, offset, asked)
    }

    #[inline]
    fn read_asked(&self, buf: &mut [u8], offset: u64, asked: Asked) -> io::Result<usize> {
        if self.read_fits(buf.as_ptr().addr(), buf.len(), offset) {
            self.read_once(buf, offset, asked)
        } else {
            self.read_misaligned(buf, offset, asked)
        }
    }

    /// One call of the kernel, for an aligned buffer.
    #[inline]
    fn read_once(&self, buf: &mut [u8], offset: u64, asked: Asked) -> io::Result<usize> {
        // A power of two that is greater than the limit's page must not be cut by it.
        let len = buf.len().min(self.read_alignment.down(MAX_TRANSFER as u64) as usize);
        let buf = &mut buf[..len];
        if asked.is_nothing() {
            let n = uninterrupted(|| self.storage.read_at(buf, offset, Flags::NONE))?;
            self.counted_read(n);
            return Ok(n);
        }
        let (n, flags) =
            self.refused_reads.negotiate(asked, |flags| uninterrupted(|| self.storage.read_at(buf, offset, flags)))?;
        self.counted_read(n);
        self.counts.local().flags(flags);
        if !flags.contains(asked.wished) {
            self.counts.local().degrade();
        }
        Ok(n)
    }

    /// As much of a read that is not aligned as one call gives: the part of a long one that is, else through an aligned
    /// buffer.
    #[cold]
    fn read_misaligned(&self, buf: &mut [u8], offset: u64, asked: Asked) -> io::Result<usize> {
        let alignment = self.read_alignment;
        let len = buf.len();
        if len == 0 {
            return Ok(0);
        }
        let mut some = len;
        if len > BOUNCE {
            // Up to the next aligned offset, if from there on the buffer is aligned too.
            let head = (offset.wrapping_neg() & (alignment.offset as u64 - 1)) as usize;
            if alignment.allows(buf.as_ptr().addr().wrapping_add(head), 0, 0) {
                let whole = alignment.down((len - head) as u64) as usize;
                if head == 0 {
                    return self.read_once(&mut buf[..whole], offset, asked);
                }
                some = head;
            }
        }
        let mut filled = 0;
        self.read_bounced(offset, some, asked, |bytes| {
            buf[..bytes.len()].copy_from_slice(bytes);
            filled = bytes.len();
        })?;
        Ok(filled)
    }

    /// Reads up to `wanted` bytes at `offset` through an aligned buffer and shows those there are; none is the end.
    pub(super) fn read_bounced(
        &self,
        offset: u64,
        wanted: usize,
        asked: Asked,
        show: impl FnOnce(&[u8]),
    ) -> io::Result<()> {
        let alignment = self.read_alignment;
        let start = alignment.down(offset);
        let before = (offset - start) as usize;
        let most = BOUNCE.max(alignment.offset);
        // What is cut off is cut at an aligned offset, so that what follows need not be copied.
        let wanted = wanted.min(most - before);
        let mut aligned = self.aligned_buffer(alignment.up(before + wanted))?;
        let mut tries = 0;
        let n = loop {
            let n = self.read_once(&mut aligned, start, asked)?;
            if n == 0 || n > before || start + n as u64 >= self.len()? {
                break n;
            }
            tries += 1;
            if tries == PATIENCE {
                let message = "the file gives less than one aligned unit at a time";
                return Err(io::Error::other(message));
            }
        };
        self.counts.local().bounce();
        let end = n.clamp(before, before + wanted);
        show(&aligned[before..end]);
        Ok(())
    }

    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where the file ends before; otherwise as [`read_at`](Self::read_at).
    /// What `buf` holds then is not said.
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        if self.fill(buf, offset)? < buf.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Reads at `offset` until the block is full or the file ends, and sets the block's length to what came: less than
    /// its capacity is the end of the file.
    ///
    /// A block is aligned, so a direct file reads straight into it.
    ///
    /// # Errors
    ///
    /// As [`read_at`](Self::read_at). The block's length is then 0.
    ///
    /// ```
    /// use bedplate::{io::DirectFile, pool::BlockPool};
    ///
    /// let path = std::env::temp_dir().join(format!("bedplate-read-block-{}", std::process::id()));
    /// std::fs::write(&path, vec![7; 5000])?;
    /// let file = DirectFile::options().read().open(&path)?;
    /// let mut block = BlockPool::builder().block_size(4096).build()?.acquire()?;
    /// file.read_block_at(&mut block, 4096)?;
    /// assert_eq!(*block, [7; 904]);
    /// std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_block_at(&self, block: &mut Block, offset: u64) -> io::Result<()> {
        block.set_len(0);
        let filled = self.fill(block.as_full_mut(), offset)?;
        block.set_len(filled);
        Ok(())
    }

    /// Reads until `buf` is full or the file ends; says how much that was.
    pub(in crate::io) fn fill(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            let n = self.read_at(&mut buf[filled..], offset + filled as u64)?;
            filled += n;
            if n == 0 || filled < buf.len() && self.ends_at(offset + filled as u64)? {
                break;
            }
        }
        Ok(filled)
    }

    /// Whether a read that stopped there stopped at the end of the file. Only asked of the kernel inside an aligned unit,
    /// where a further read would have to go back; at other places a read that gives nothing tells.
    pub(super) fn ends_at(&self, offset: u64) -> io::Result<bool> {
        Ok(self.read_alignment.down(offset) != offset && offset >= self.len()?)
    }
}
