use std::io::{self, BufRead, Read};
use std::time::Duration;

use super::workers::Workers;
use super::{DirectFile, DirectReaderBuilder, Effective, ReaderStats};
use crate::pool::{AcquireError, Block, BlockPool};
use crate::primitive::Arc;
use crate::time::{Clock, Instant};

/// Reads a file from front to back in blocks of a pool, past the page cache where the kernel allows it.
///
/// [`next_block`](Self::next_block) gives each block away by value, as it was read and without a copy; it goes back to
/// its pool when it is dropped, on whichever thread. [`Read`] and [`BufRead`] are there for code that parses streams.
/// The two may be mixed: no byte comes twice and none is left out.
///
/// Every block but the last is full, and none holds a byte past the end of the file. After the end the reader gives
/// nothing more, also where the file has grown since. An error leaves the position where it was, and the next call tries
/// again.
///
/// Blocks are bounded by the pool. A caller that holds all of them and asks for another waits for itself: drop or hand on
/// blocks, give a larger pool, or use [`try_next_block`](Self::try_next_block).
///
/// ```
/// use bedplate::io::DirectReader;
///
/// let path = std::env::temp_dir().join(format!("bedplate-reader-{}", std::process::id()));
/// std::fs::write(&path, vec![b'x'; 100_000])?;
/// let mut reader = DirectReader::builder().block_size(64 << 10).open(&path)?;
/// let mut lengths = Vec::new();
/// while let Some(block) = reader.next_block()? {
///     assert!(block.iter().all(|b| *b == b'x'));
///     lengths.push(block.len());
/// }
/// assert_eq!(lengths, [65_536, 34_464]);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct DirectReader {
    file: Arc<DirectFile>,
    pool: BlockPool,
    workers: Option<Workers>,
    /// Where the next read of the file begins. Ahead of `taken` by what the workers have.
    ahead: u64,
    /// Where the next block that is given out begins.
    taken: u64,
    /// The end of the file was seen.
    ended: bool,
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

    pub(super) fn new(file: Arc<DirectFile>, pool: BlockPool, workers: Option<Workers>) -> Self {
        let stats = ReaderStats::default();
        Self {
            file,
            pool,
            workers,
            ahead: 0,
            taken: 0,
            ended: false,
            current: None,
            arrived: Instant::default(),
            stats,
        }
    }

    /// The next block, `None` at the end. Its `len()` is what was read: the block size but for the last one.
    ///
    /// Waits for a free block of the pool and for the disk. After a `Read` that stopped within a block, the rest of that
    /// block comes, moved to its front.
    ///
    /// # Errors
    ///
    /// Those of reading the file; those of the pool (closed, out of memory), as [`AcquireError`] inside.
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
        let Some((mut block, consumed)) = self.current.take() else {
            return self.read_block(patience);
        };
        if consumed > 0 {
            let rest = block.len() - consumed;
            block.copy_within(consumed.., 0);
            block.set_len(rest);
            self.stats.moved += rest as u64;
        }
        Ok(Some(block))
    }

    fn read_block(&mut self, patience: Patience) -> io::Result<Option<Block>> {
        if self.ended {
            return Ok(None);
        }
        let block = match self.workers.take() {
            None => {
                let mut block = self.acquire(patience)?;
                Self::fill(&self.file, &mut block, self.taken)?;
                self.arrived = Clock::Monotonic.now();
                block
            }
            Some(workers) => {
                let result = self.read_ahead(&workers, patience);
                self.workers = Some(workers);
                result?
            }
        };
        self.taken += block.len() as u64;
        self.ended = block.len() < block.capacity();
        if self.ended {
            // What was read ahead of the end is empty; its blocks are free again.
            if let Some(workers) = &self.workers {
                workers.cancel();
            }
            if block.is_empty() {
                return Ok(None);
            }
        }
        self.stats.blocks += 1;
        self.stats.bytes += block.len() as u64;
        Ok(Some(block))
    }

    /// Gives the threads as many blocks as there are free ones, and takes the oldest result.
    fn read_ahead(&mut self, workers: &Workers, patience: Patience) -> io::Result<Block> {
        while !workers.is_full() {
            // Only with nothing under way is a free block worth waiting for.
            let patience = if workers.in_flight() == 0 { patience } else { Patience::None };
            match self.acquire(patience) {
                Ok(block) => {
                    let offset = self.ahead;
                    self.ahead += block.capacity() as u64;
                    workers.submit(offset, block);
                }
                Err(e) if workers.in_flight() == 0 => return Err(e),
                // The pool's trouble comes up again when there is nothing left to take.
                Err(_) => break,
            }
        }
        let done = workers.take().expect("a transfer is in flight: the loop above left only with one");
        self.arrived = done.at;
        if done.result.is_err() {
            workers.cancel();
            self.ahead = self.taken;
        }
        done.result
    }

    fn acquire(&self, patience: Patience) -> io::Result<Block> {
        let block = match patience {
            Patience::None => self.pool.try_acquire(),
            Patience::For(timeout) => self.pool.acquire_timeout(timeout),
            Patience::Forever => self.pool.acquire(),
        };
        block.map_err(pool_error)
    }

    /// Reads at `offset` until the block is full or the file ends, and sets the block's length to what came.
    pub(super) fn fill(file: &DirectFile, block: &mut Block, offset: u64) -> io::Result<()> {
        let unit = file.alignment().offset;
        let buf = block.as_full_mut();
        let mut filled = 0;
        while filled < buf.len() {
            let n = file.read_at(&mut buf[filled..], offset + filled as u64)?;
            filled += n;
            // A direct read stops inside a unit only at the end of the file, and the next one could not begin there.
            if n == 0 || filled % unit != 0 {
                break;
            }
        }
        block.set_len(filled);
        Ok(())
    }

    /// The offset in the file of the next byte that is given out.
    #[must_use]
    pub fn position(&self) -> u64 {
        let unread = self.current.as_ref().map_or(0, |(block, consumed)| block.len() - consumed);
        self.taken - unread as u64
    }

    /// When the block given out last came from the kernel, on [`Clock::Monotonic`]: with read-ahead that is before it was
    /// asked for. Zero before the first.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// Whether the file is read directly.
    #[must_use]
    pub fn effective(&self) -> Effective {
        self.file.effective()
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
            self.current = self.read_block(Patience::Forever)?.map(|block| (block, 0));
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
