use std::io::{self, BufRead, Read};
use std::path::Path;
use std::time::Duration;

use super::engine::{Done, Engine, Request};
use super::extent::Extent;
use super::{Backend, DirectFile, DirectReaderBuilder, Effective, ReaderStats};
use crate::pool::{AcquireError, Block, BlockPool};
use crate::primitive::Arc;
use crate::time::Instant;

/// Reads a file, or a range of it, from front to back in blocks of a pool, past the page cache where the kernel allows
/// it.
///
/// [`next_block`](Self::next_block) gives each block away by value, as it was read and without a copy; it goes back to
/// its pool when it is dropped, on whichever thread. [`Read`] and [`BufRead`] are there for code that parses streams.
/// The two may be mixed: no byte comes twice and none is left out.
///
/// Every block but the last is full, and none holds a byte past the end. (A [range](DirectReaderBuilder::range) that
/// does not begin at a multiple of the file's alignment has a short first block too.) An error leaves the position
/// where it was, and the next call tries again.
///
/// # The length of the file
///
/// A reader takes the length of the file, or block device, when it is made, and never asks for more: it ends there,
/// also where the file has grown since; [`refresh`](Self::refresh) takes the length anew. Where the file was cut
/// meanwhile, what is left of it comes, and then an [`UnexpectedEof`](io::ErrorKind::UnexpectedEof): the bytes that
/// [`len`](Self::len) promised are not there. A file that says its length is 0 or more than it has, as those of `/proc`
/// and `/sys` do, is read to where the kernel says that it ends.
///
/// # Blocks in use
///
/// Blocks are bounded by the pool. A caller that holds all of them and asks for another waits for itself: drop or hand
/// on blocks, give a larger pool, or use [`try_next_block`](Self::try_next_block). As many as the builder's
/// [`depth`](DirectReaderBuilder::depth) are in use for what is read ahead. A reader that is dropped gives them back:
/// at once, or with `Backend::Uring` when the kernel has let go of them.
///
/// ```
/// use bedplate::io::DirectReader;
///
/// let path = std::env::temp_dir().join(format!("bedplate-reader-{}", std::process::id()));
/// std::fs::write(&path, vec![b'x'; 100_000])?;
/// let mut reader = DirectReader::builder().block_size(64 << 10).open(&path)?;
/// assert_eq!(reader.len(), 100_000);
/// let mut lengths = Vec::new();
/// while let Some(block) = reader.next_block()? {
///     assert!(block.iter().all(|b| *b == b'x'));
///     lengths.push(block.len());
/// }
/// assert_eq!(lengths, [65_536, 34_464]);
/// assert_eq!(reader.remaining(), 0);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct DirectReader {
    engine: Engine,
    file: Arc<DirectFile>,
    pool: BlockPool,
    extent: Extent,
    /// Where the next request begins, a multiple of the file's alignment. Ahead of `taken` by what the engine has;
    /// behind it by less than a unit where that is inside one.
    ahead: u64,
    /// The end of what was taken from the engine.
    taken: u64,
    /// The last request brought less than it should have: the file was cut, or its length is not the truth.
    short: bool,
    /// The block under `Read` and how much of it was consumed; never consumed whole.
    current: Option<(Block, usize)>,
    /// When the last block that was taken from the disk came.
    arrived: Instant,
    stats: ReaderStats,
}

/// For how long a call waits for a free block.
#[derive(Clone, Copy)]
enum Patience {
    None,
    For(Duration),
    Forever,
}

impl DirectReader {
    /// The options of a reader.
    pub fn builder() -> DirectReaderBuilder {
        DirectReaderBuilder::default()
    }

    /// Opens the file at `path` from its beginning: as [`DirectReaderBuilder::open`] of a builder with nothing set.
    ///
    /// # Errors
    ///
    /// As [`DirectReaderBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::builder().open(path)
    }

    pub(super) fn new(file: Arc<DirectFile>, pool: BlockPool, engine: Engine, extent: Extent) -> Self {
        Self {
            engine,
            pool,
            ahead: file.alignment().down(extent.start),
            file,
            taken: extent.start,
            extent,
            short: false,
            current: None,
            arrived: Instant::default(),
            stats: ReaderStats::default(),
        }
    }

    /// The next block, `None` at the end. Its `len()` is what was read: the block size but for the last one.
    ///
    /// Waits for a free block of the pool and for the disk. After a `Read` that stopped within a block, the rest of
    /// that block comes, moved to its front.
    ///
    /// # Errors
    ///
    /// Those of reading the file; [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where it was cut after the reader was
    /// made; those of the pool (closed, out of memory), as [`AcquireError`] inside.
    pub fn next_block(&mut self) -> io::Result<Option<Block>> {
        self.next(Patience::Forever)
    }

    /// As [`next_block`](Self::next_block), but does not wait for a free block (it does wait for the disk).
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) where all blocks of the pool are in use.
    pub fn try_next_block(&mut self) -> io::Result<Option<Block>> {
        self.next(Patience::None)
    }

    /// As [`next_block`](Self::next_block), but waits for a free block no longer than `timeout` of the pool's clock (it
    /// does wait for the disk).
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) where all blocks of the pool stayed in use.
    pub fn next_block_timeout(&mut self, timeout: Duration) -> io::Result<Option<Block>> {
        self.next(Patience::For(timeout))
    }

    fn next(&mut self, patience: Patience) -> io::Result<Option<Block>> {
        let next = match self.current.take() {
            Some(current) => Some(current),
            None => self.read_block(patience)?,
        };
        let Some((mut block, consumed)) = next else { return Ok(None) };
        if consumed > 0 {
            let rest = block.len() - consumed;
            block.copy_within(consumed.., 0);
            block.set_len(rest);
            self.stats.moved += rest as u64;
        }
        Ok(Some(block))
    }

    /// The next block and how much of its front was given out before or is not asked for.
    fn read_block(&mut self, patience: Patience) -> io::Result<Option<(Block, usize)>> {
        while self.taken < self.extent.end {
            let before = self.taken;
            let Done { offset, block, result, at } = self.read_ahead(patience)?;
            if let Err(e) = result {
                self.restart();
                return Err(e);
            }
            let mut block = block.expect("there but after an error");
            let wanted = self.extent.wanted(offset, block.capacity());
            let got = block.len().min(wanted);
            let skipped = (before - offset) as usize;
            block.set_len(got);
            self.arrived = at;
            self.taken = before.max(offset + got as u64);
            if got < wanted {
                self.restart();
                if !self.extent.sized {
                    self.extent.end = self.taken;
                }
            }
            if got > skipped {
                self.short = got < wanted;
                self.stats.blocks += 1;
                self.stats.bytes += (got - skipped) as u64;
                return Ok(Some((block, skipped)));
            }
            if self.extent.sized {
                self.look_at_the_end()?;
            }
        }
        Ok(None)
    }

    /// Nothing came where the length says that there is something.
    #[cold]
    fn look_at_the_end(&mut self) -> io::Result<()> {
        let len = self.file.len()?;
        if len < self.extent.end {
            let what = format!("the file was cut to {len} bytes while it was read");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        if !self.short {
            // It may have been cut and be long again since: once more, to be sure.
            self.short = true;
        } else {
            // As files under /sys, which all say that they have a page.
            self.extent.end = self.taken;
        }
        Ok(())
    }

    /// Forgets what was read ahead.
    fn restart(&mut self) {
        self.engine.cancel();
        self.ahead = self.file.alignment().down(self.taken);
    }

    /// Gives the engine as many blocks as there are free ones and bytes to read, and takes the oldest result.
    fn read_ahead(&mut self, patience: Patience) -> io::Result<Done> {
        // What comes after a request that may be the last is not known of a file without a length.
        let depth = if self.extent.sized { self.engine.depth() } else { 1 };
        while self.engine.in_flight() < depth && self.ahead < self.extent.end {
            // Only with nothing under way is a free block worth waiting for.
            let idle = self.engine.in_flight() == 0;
            let patience = if idle { patience } else { Patience::None };
            match self.acquire(patience) {
                Ok(block) => {
                    let offset = self.ahead;
                    let wanted = self.extent.wanted(offset, block.capacity());
                    self.ahead += block.capacity() as u64;
                    self.engine.submit(Request::read(block, offset, wanted, self.file.alignment()));
                }
                Err(e) if idle => return Err(e),
                // The pool's trouble comes up again when there is nothing left to take.
                Err(_) => break,
            }
        }
        Ok(self.engine.take().expect("a request is in flight: the loop above left only with one"))
    }

    fn acquire(&self, patience: Patience) -> io::Result<Block> {
        let block = match patience {
            Patience::None => self.pool.try_acquire(),
            Patience::For(timeout) => self.pool.acquire_timeout(timeout),
            Patience::Forever => self.pool.acquire(),
        };
        block.map_err(pool_error)
    }

    /// Takes the length of the file anew, and goes on to it, or to the end of the range: a file that has grown is read
    /// on, and one that was cut ends where it does now. Tells how many bytes there are to come.
    ///
    /// ```
    /// use bedplate::io::DirectReader;
    /// use std::io::{Read, Write};
    ///
    /// let path = std::env::temp_dir().join(format!("bedplate-refresh-{}", std::process::id()));
    /// let mut file = std::fs::File::create(&path)?;
    /// file.write_all(b"one ")?;
    /// let mut reader = DirectReader::open(&path)?;
    /// let mut text = String::new();
    /// reader.read_to_string(&mut text)?;
    /// file.write_all(b"two")?;
    /// assert_eq!(reader.read_to_string(&mut text)?, 0);
    /// assert_eq!(reader.refresh()?, 3);
    /// reader.read_to_string(&mut text)?;
    /// assert_eq!(text, "one two");
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// Where the length has changed, what is being read ahead is given up, and waited for first.
    ///
    /// # Errors
    ///
    /// Those of asking for the length; the reader is as it was then.
    pub fn refresh(&mut self) -> io::Result<u64> {
        let extent = self.extent.again(&self.file)?;
        if extent != self.extent {
            // What was asked for was cut to the old length.
            self.extent = extent;
            self.restart();
        }
        self.short = false;
        Ok(self.remaining())
    }

    /// Bytes from the start of the range, or file, to its end, as was known when the reader was made or
    /// [refreshed](Self::refresh). Of a file that does not tell its length it is what was read so far.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // As of a file: what it holds is a question of reading it.
    pub fn len(&self) -> u64 {
        let end = if self.extent.sized { self.extent.end } else { self.taken };
        end - self.extent.start
    }

    /// Bytes from the [position](Self::position) to the end: what of [`len`](Self::len) is still to come.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        (self.extent.start + self.len()).saturating_sub(self.position())
    }

    /// The offset in the file of the next byte that is given out.
    #[must_use]
    pub fn position(&self) -> u64 {
        let unread = self.current.as_ref().map_or(0, |(block, consumed)| block.len() - consumed);
        self.taken - unread as u64
    }

    /// When the block given out last came from the kernel, on [`Clock::Monotonic`](crate::time::Clock::Monotonic): with
    /// read-ahead that is before it was asked for. Zero before the first.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// Whether the file is read directly.
    #[must_use]
    pub fn effective(&self) -> Effective {
        self.file.effective()
    }

    /// Who reads: what was asked for, or `Inline` where that was refused.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.engine.backend()
    }

    /// The pool its blocks come from.
    #[must_use]
    pub fn pool(&self) -> &BlockPool {
        &self.pool
    }

    /// What was read so far.
    #[must_use]
    pub fn stats(&self) -> ReaderStats {
        self.stats
    }
}

impl Read for DirectReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buf.len());
        buf[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

/// The buffer is a block of the pool: `fill_buf` waits for one as [`next_block`](DirectReader::next_block) does.
impl BufRead for DirectReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.current.is_none() {
            self.current = self.read_block(Patience::Forever)?;
        }
        Ok(self.current.as_ref().map_or(&[], |(block, consumed)| &block[*consumed..]))
    }

    fn consume(&mut self, n: usize) {
        if let Some((block, consumed)) = &mut self.current {
            *consumed = (*consumed + n).min(block.len());
            if *consumed == block.len() {
                self.current = None;
            }
        }
    }
}

pub(super) fn pool_error(error: AcquireError) -> io::Error {
    let kind = match error {
        AcquireError::Exhausted => io::ErrorKind::WouldBlock,
        AcquireError::Timeout => io::ErrorKind::TimedOut,
        AcquireError::Create(_) => io::ErrorKind::OutOfMemory,
        _ => io::ErrorKind::BrokenPipe,
    };
    io::Error::new(kind, error)
}
