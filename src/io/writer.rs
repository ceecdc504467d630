use std::error::Error;
use std::fmt;
use std::io::{self, Write};

use super::publish::Unpublished;
use super::reader::pool_error;
use super::workers::Workers;
use super::{DirectFile, DirectWriterBuilder, Effective, WriterStats};
use crate::pool::{Block, BlockPool};
use crate::primitive::Arc;

/// Writes a file from front to back in blocks, past the page cache where the kernel allows it.
///
/// [`Write`] copies into a block, and full blocks go to the file. A direct file takes whole units of its alignment only,
/// so the end of what was written stays in memory until [`finish`](Self::finish), which also makes the file durable.
/// **A writer that is dropped without `finish` has written nothing that counts.**
///
/// An error of writing is final: bytes that were accepted may be missing, so every later call fails with
/// [`WriteFailed`] inside.
///
/// ```
/// use bedplate::io::DirectWriter;
/// use std::io::Write;
///
/// let path = std::env::temp_dir().join(format!("bedplate-writer-{}", std::process::id()));
/// let mut writer = DirectWriter::builder().create(&path)?;
/// writer.write_all(b"five bytes and more")?;
/// assert!(!path.exists());
/// let file = writer.finish()?;
/// assert_eq!(file.len()?, 19);
/// assert_eq!(std::fs::read(&path)?, b"five bytes and more");
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "call `finish`: what is dropped before that does not count"]
pub struct DirectWriter {
    /// Dropped first: its threads end before the file is given up.
    workers: Option<Workers>,
    file: Arc<DirectFile>,
    pool: BlockPool,
    /// The block that is filled and how far; `None` until there is something to put into it.
    block: Option<(Block, usize)>,
    /// Where the block goes.
    offset: u64,
    failed: Option<io::ErrorKind>,
    unpublished: Option<Unpublished>,
    stats: WriterStats,
}

/// An earlier write of a [`DirectWriter`] failed, and bytes that were accepted may be missing from the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteFailed {
    kind: io::ErrorKind,
}

impl WriteFailed {
    /// The kind of the error that was reported then.
    #[must_use]
    pub fn cause(&self) -> io::ErrorKind {
        self.kind
    }
}

impl fmt::Display for WriteFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an earlier write of this writer failed: {}", self.kind)
    }
}

impl Error for WriteFailed {}

impl DirectWriter {
    /// The options of a writer.
    pub fn builder() -> DirectWriterBuilder {
        DirectWriterBuilder::default()
    }

    pub(super) fn new(
        file: Arc<DirectFile>,
        pool: BlockPool,
        workers: Option<Workers>,
        unpublished: Option<Unpublished>,
    ) -> Self {
        let stats = WriterStats::default();
        Self { workers, file, pool, block: None, offset: 0, failed: None, unpublished, stats }
    }

    /// Writes what is left, cuts the file to what was written, makes it durable, and, where it was
    /// [created](DirectWriterBuilder::create), puts it in its place.
    ///
    /// # Errors
    ///
    /// Those of writing and syncing: a created file does not appear then. An error of the last step, the sync of the
    /// directory, leaves it in its place but maybe not durably so.
    pub fn finish(mut self) -> io::Result<DirectFile> {
        self.check()?;
        let len = self.offset + self.filled() as u64;
        if let Some((mut block, filled)) = self.block.take() {
            let padded = self.file.alignment().up(filled);
            block.as_full_mut()[filled..padded].fill(0);
            self.send(block, padded)?;
        }
        self.drain()?;
        if self.file.len()? != len {
            self.file.set_len(len)?;
        }
        self.file.sync_data()?;
        if let Some(unpublished) = &mut self.unpublished {
            unpublished.publish()?;
        }
        let Self { workers, file, .. } = self;
        drop(workers);
        Ok(Arc::into_inner(file).expect("the threads, which had the other handles, have ended"))
    }

    /// Bytes in the current block.
    fn filled(&self) -> usize {
        self.block.as_ref().map_or(0, |(_, filled)| *filled)
    }

    fn check(&self) -> io::Result<()> {
        self.failed.map_or(Ok(()), |kind| Err(io::Error::new(kind, WriteFailed { kind })))
    }

    /// Remembers that something that was accepted may be lost.
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(e) = &result {
            self.failed = Some(e.kind());
        }
        result
    }

    /// What a thread does with a block.
    pub(super) fn transfer(file: &DirectFile, block: &mut Block, offset: u64) -> io::Result<()> {
        file.write_all_at(block, offset)
    }

    /// Writes the first `len` bytes of the block, or has a thread do it, and goes on behind them.
    fn send(&mut self, mut block: Block, len: usize) -> io::Result<()> {
        block.set_len(len);
        let offset = self.offset;
        self.offset += len as u64;
        self.stats.blocks += 1;
        if let Some(workers) = &self.workers {
            workers.submit(offset, block);
            return Ok(());
        }
        let result = self.file.write_all_at(&block, offset);
        self.note(result)
    }

    /// A block to fill, of those under way if the pool has none left.
    fn fresh_block(&mut self) -> io::Result<Block> {
        if let Some(workers) = &self.workers {
            if !workers.is_full()
                && let Ok(block) = self.pool.try_acquire()
            {
                return Ok(block);
            }
            if let Some(done) = workers.take() {
                return self.note(done.result);
            }
        }
        // Nothing is under way that could come back, so others have the blocks.
        self.pool.acquire().map_err(pool_error)
    }

    /// Waits for the threads.
    fn drain(&mut self) -> io::Result<()> {
        while let Some(done) = self.workers.as_ref().and_then(Workers::take) {
            drop(self.note(done.result)?);
        }
        Ok(())
    }

    /// Bytes that were given to the writer so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.offset + self.filled() as u64
    }

    /// Whether the file is written directly.
    #[must_use]
    pub fn effective(&self) -> Effective {
        self.file.effective()
    }

    /// What was written so far.
    #[must_use]
    pub fn stats(&self) -> WriterStats {
        WriterStats { bytes: self.position(), ..self.stats }
    }
}

/// `flush` writes whole units of the file's alignment and waits for them; what is left of less than one unit (nothing, in
/// a file that is not direct) waits for [`finish`](DirectWriter::finish). It does not sync.
impl Write for DirectWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.check()?;
        if data.is_empty() {
            return Ok(0);
        }
        // A full block is sent by the call after the one that filled it: an error then concerns no byte of this call.
        if let Some((block, filled)) = self.block.take_if(|(block, filled)| *filled == block.capacity()) {
            self.send(block, filled)?;
        }
        let (mut block, filled) = match self.block.take() {
            Some(current) => current,
            None => (self.fresh_block()?, 0),
        };
        let n = data.len().min(block.capacity() - filled);
        block.as_full_mut()[filled..filled + n].copy_from_slice(&data[..n]);
        self.block = Some((block, filled + n));
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        self.drain()?;
        let Some((mut block, filled)) = self.block.take() else { return Ok(()) };
        let whole = self.file.alignment().down(filled as u64) as usize;
        if whole > 0 {
            let result = self.file.write_all_at(&block.as_full()[..whole], self.offset);
            self.note(result)?;
            self.offset += whole as u64;
            self.stats.blocks += 1;
            self.stats.moved += (filled - whole) as u64;
            block.as_full_mut().copy_within(whole..filled, 0);
        }
        if filled > whole {
            self.block = Some((block, filled - whole));
        }
        Ok(())
    }
}
