use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;

use super::ahead::Ahead;
use super::engine::{Engine, Request};
use super::publish::Unpublished;
use super::reader::pool_error;
use super::{Backend, DirectFile, DirectWriterBuilder, Effective, WriteFailed, WriterStats};
use crate::pool::{AcquireError, Block, BlockPool};
use crate::primitive::Arc;

/// Writes a file from front to back in blocks, past the page cache where the kernel allows it.
///
/// [`Write`] copies into a block, and a block goes to the file when it is full: writes of any length become writes of a
/// block. [`write_block`](Self::write_block) takes blocks as they are, without the copy. With [`Backend::Threads`] and
/// `Backend::Uring` as many blocks are written behind as the builder's [`depth`](DirectWriterBuilder::depth) says. A
/// direct file takes whole units of its alignment only, so the end of what was written stays in memory until
/// [`finish`](Self::finish), which also makes the file durable. **A writer that is dropped without `finish` has written
/// nothing that counts.**
///
/// A direct file that blocks are written behind to is extended ahead of them in growing steps, 32 to 256 MiB, and cut
/// by `finish`: until then it takes more space than was written. [`expected_len`](DirectWriterBuilder::expected_len)
/// has the space reserved at once.
///
/// An error of writing is final: bytes that were accepted may be missing, so every later call fails with
/// [`WriteFailed`] inside. It may be of blocks that earlier calls gave: whoever has to know where he is asks
/// [`written`](Self::written).
///
/// ```
/// use bedplate::io::DirectWriter;
/// use std::io::Write;
///
/// let path = std::env::temp_dir().join(format!("bedplate-writer-{}", std::process::id()));
/// let mut writer = DirectWriter::create(&path)?;
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
    /// Dropped first: what it has under way ends before the file is cut and given up.
    engine: Engine,
    ahead: Ahead,
    file: Arc<DirectFile>,
    pool: BlockPool,
    /// The block that is filled and how far, never to its end; `None` until there is something to put into it.
    block: Option<(Block, usize)>,
    /// Where the block goes.
    offset: u64,
    /// The blocks that the engine has, oldest first.
    sent: VecDeque<Sent>,
    /// Up to where everything is in the file.
    written: u64,
    failed: Option<Failed>,
    unpublished: Option<Unpublished>,
    stats: WriterStats,
}

#[derive(Debug)]
struct Sent {
    end: u64,
    /// The block is of the writer's pool.
    own: bool,
}

#[derive(Debug)]
struct Failed {
    kind: io::ErrorKind,
    /// The error itself, until it was told.
    error: Option<io::Error>,
}

impl DirectWriter {
    /// The options of a writer.
    pub fn builder() -> DirectWriterBuilder {
        DirectWriterBuilder::default()
    }

    /// Writes a new file, which appears at `path` when it is [finished](Self::finish): as
    /// [`DirectWriterBuilder::create`] of a builder with nothing set.
    ///
    /// # Errors
    ///
    /// As [`DirectWriterBuilder::create`].
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::builder().create(path)
    }

    /// Writes over an open file from its beginning: as [`DirectWriterBuilder::over`] of a builder with nothing set.
    ///
    /// # Errors
    ///
    /// As [`DirectWriterBuilder::over`].
    pub fn over(file: DirectFile) -> io::Result<Self> {
        Self::builder().over(file)
    }

    pub(super) fn new(
        file: Arc<DirectFile>,
        pool: BlockPool,
        engine: Engine,
        ahead: Ahead,
        unpublished: Option<Unpublished>,
    ) -> Self {
        Self {
            engine,
            ahead,
            file,
            pool,
            block: None,
            offset: 0,
            sent: VecDeque::new(),
            written: 0,
            failed: None,
            unpublished,
            stats: WriterStats::default(),
        }
    }

    /// Writes a block as it is, which goes back to its pool, whichever that is, when it has been written.
    ///
    /// No byte is copied where the writer is at a whole unit of the file's [alignment](DirectFile::alignment) and the
    /// block's filled length is such a unit too; else it is as [`write_all`](Write::write_all) of its bytes. Waits
    /// while as many blocks are under way as the depth allows.
    ///
    /// That a block has been written the writer finds out when it is called: as many as the depth may stay with it until
    /// the next [`flush`](Write::flush). Who waits for a free block of a pool that has no more than those, and those he
    /// holds himself, waits for himself.
    ///
    /// ```
    /// use bedplate::io::{DirectReader, DirectWriter};
    ///
    /// let path = std::env::temp_dir().join(format!("bedplate-writer-block-{}", std::process::id()));
    /// let copy = path.with_extension("copy");
    /// std::fs::write(&path, vec![b'x'; 3 << 20])?;
    /// let (mut reader, mut writer) = (DirectReader::open(&path)?, DirectWriter::create(&copy)?);
    /// while let Some(block) = reader.next_block()? {
    ///     writer.write_block(block)?;
    /// }
    /// writer.finish()?;
    /// assert_eq!(std::fs::read(&copy)?, vec![b'x'; 3 << 20]);
    /// # std::fs::remove_file(copy)?;
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`Write`]. The block goes back to its pool then too.
    pub fn write_block(&mut self, block: Block) -> io::Result<()> {
        self.check()?;
        let alignment = self.file.alignment();
        let as_it_is = self.block.is_none() && alignment.fits(&block, self.offset);
        if !as_it_is {
            return self.write_all(&block);
        }
        if !block.is_empty() {
            self.send(block, false);
            self.collect_done();
        }
        self.check()
    }

    /// Writes what is left, cuts the file to what was written, makes it durable, and, where it was
    /// [created](DirectWriterBuilder::create), puts it in its place.
    ///
    /// # Errors
    ///
    /// Those of writing and syncing: a created file does not appear then. An error of the last step, which makes its
    /// name durable, leaves it in its place but maybe not durably so.
    pub fn finish(mut self) -> io::Result<DirectFile> {
        self.check()?;
        let len = self.position();
        if let Some((mut block, filled)) = self.block.take() {
            block.set_len(filled);
            self.send(block, true);
        }
        self.drain()?;
        let Self { engine, ahead, file, unpublished, .. } = self;
        drop(engine);
        ahead.cut(len)?;
        // After the cut: it is to be durable too.
        file.sync_data()?;
        if let Some(unpublished) = unpublished {
            unpublished.publish(&file)?;
        }
        // The engine and the reserve, which had the other handles, are gone; but not in a forked child, whose copy of
        // the ring stays.
        Arc::try_unwrap(file).map_err(|_| io::Error::other("the ring of another process has the file"))
    }

    /// Bytes in the current block.
    fn filled(&self) -> usize {
        self.block.as_ref().map_or(0, |(_, filled)| *filled)
    }

    fn check(&mut self) -> io::Result<()> {
        match &mut self.failed {
            None => Ok(()),
            Some(Failed { kind, error }) => {
                Err(error.take().unwrap_or_else(|| io::Error::new(*kind, WriteFailed { kind: *kind })))
            }
        }
    }

    /// Gives the filled bytes of the block to the engine, and goes on behind them. What fails meanwhile is told by the
    /// next [`check`](Self::check): the bytes of a failed block were accepted before.
    fn send(&mut self, block: Block, own: bool) {
        while self.engine.is_full() {
            drop(self.collect(true));
        }
        if self.failed.is_some() {
            return;
        }
        let alignment = self.file.alignment();
        let (offset, len) = (self.offset, block.len());
        self.offset += len as u64;
        self.ahead.cover(offset + alignment.up(len) as u64, self.sent.len());
        self.stats.blocks += 1;
        self.sent.push_back(Sent { end: self.offset, own });
        self.engine.submit(Request::write(block, offset, alignment));
    }

    /// Takes what has been done: its blocks are free, and an error is known as soon as it can be.
    fn collect_done(&mut self) {
        while self.collect(false).is_some() {}
    }

    /// Takes the oldest result, waited for or not; the block of it if it is of the writer's pool. `None` where there is
    /// no result.
    fn collect(&mut self, wait: bool) -> Option<Option<Block>> {
        let done = if wait { self.engine.take() } else { self.engine.try_take() }?;
        let Sent { end, own } = self.sent.pop_front().expect("one for each request");
        match done.result {
            Ok(()) if self.failed.is_none() => self.written = end,
            Err(e) if self.failed.is_none() => self.failed = Some(Failed { kind: e.kind(), error: Some(e) }),
            _ => {}
        }
        Some(done.block.filter(|_| own))
    }

    /// A block to fill, of those under way if the pool has none left.
    fn fresh_block(&mut self) -> io::Result<Block> {
        loop {
            match self.pool.try_acquire() {
                Ok(block) => return Ok(block),
                Err(_) if !self.sent.is_empty() => {
                    let block = self.collect(true).flatten();
                    self.check()?;
                    if let Some(block) = block {
                        return Ok(block);
                    }
                }
                // Nothing is under way that could come back, so others have the blocks.
                Err(AcquireError::Exhausted) => return self.pool.acquire().map_err(pool_error),
                Err(e) => return Err(pool_error(e)),
            }
        }
    }

    /// Waits for everything under way; the last block of it, if it is of the writer's pool.
    fn drain(&mut self) -> io::Result<Option<Block>> {
        let mut last = None;
        while let Some(block) = self.collect(true) {
            last = block;
        }
        self.check()?;
        Ok(last)
    }

    /// Bytes that were given to the writer so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.offset + self.filled() as u64
    }

    /// Bytes from the start of the file of which it is known that the kernel has written them; not that they are
    /// durable.
    ///
    /// Never more than [`position`](Self::position). After a [`flush`](Write::flush) it is all of it but less than
    /// one unit of the file's alignment; after an error, what was written before the first block that failed.
    ///
    /// ```
    /// use bedplate::io::{DirectFile, DirectWriter};
    /// use std::io::Write;
    ///
    /// let path = std::env::temp_dir().join(format!("bedplate-written-{}", std::process::id()));
    /// let file = DirectFile::options().read().write().create().open(&path)?;
    /// let unit = file.alignment().offset as u64;
    /// let mut writer = DirectWriter::over(file)?;
    /// writer.write_all(&[1; 10_000])?;
    /// assert_eq!(writer.written(), 0);
    /// writer.flush()?;
    /// assert_eq!(writer.written(), 10_000 / unit * unit);
    /// # writer.finish()?;
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Whether the file is written directly.
    #[must_use]
    pub fn effective(&self) -> Effective {
        self.file.effective()
    }

    /// Who writes: what was asked for, or `Inline` where that was refused.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.engine.backend()
    }

    /// What was written so far.
    #[must_use]
    pub fn stats(&self) -> WriterStats {
        WriterStats { bytes: self.position(), ..self.stats }
    }
}

/// `flush` writes whole units of the file's alignment and waits for them; what is left of less than one unit (nothing,
/// in a file that is not direct) waits for [`finish`](DirectWriter::finish), and [`written`](DirectWriter::written)
/// tells how much is in the file. It does not sync. A file that is written over is cut to what was written, its old
/// length or the expected one, whichever is most.
impl Write for DirectWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.check()?;
        if data.is_empty() {
            return Ok(0);
        }
        let (mut block, filled) = match self.block.take() {
            Some(current) => current,
            None => (self.fresh_block()?, 0),
        };
        let n = data.len().min(block.capacity() - filled);
        block.as_full_mut()[filled..filled + n].copy_from_slice(&data[..n]);
        if filled + n < block.capacity() {
            self.block = Some((block, filled + n));
        } else {
            block.set_len(filled + n);
            self.send(block, true);
            self.collect_done();
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        let filled = self.filled();
        let whole = self.file.alignment().down(filled as u64) as usize;
        if let Some((mut block, _)) = self.block.take_if(|_| whole > 0) {
            block.set_len(whole);
            self.send(block, true);
        }
        let last = self.drain()?;
        if 0 < whole && whole < filled {
            // The bytes behind the filled length were left alone.
            let mut block = last.expect("an own block went last, and came back without an error");
            block.as_full_mut().copy_within(whole..filled, 0);
            self.stats.moved += (filled - whole) as u64;
            self.block = Some((block, filled - whole));
        }
        self.ahead.pause();
        Ok(())
    }
}
