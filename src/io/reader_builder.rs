use std::io;
use std::ops::Range;
use std::path::Path;

use super::engine::{Direction, Setup};
use super::extent::Extent;
use super::{Backend, DirectFile, DirectReader};
use crate::pool::BlockPool;
use crate::primitive::Arc;
use crate::sys::Demand;

/// Blocks of a reader's own pool beside those that are read ahead: for the caller to hold.
const SPARE: usize = 64;

/// How a [`DirectReader`] reads: made by [`DirectReader::builder`].
///
/// ```
/// use bedplate::{io::{Backend, DirectReader}, pool::BlockPool};
///
/// let path = std::env::temp_dir().join(format!("bedplate-reader-builder-{}", std::process::id()));
/// std::fs::write(&path, vec![1; 10_000])?;
/// let pool = BlockPool::builder().block_size(4096).max_blocks(8).build()?;
/// let builder = DirectReader::builder().pool(pool).backend(Backend::Threads(2)).depth(3);
/// let mut reader = builder.clone().open(&path)?;
/// let lengths: Vec<_> = std::iter::from_fn(|| reader.next_block().unwrap()).map(|b| b.len()).collect();
/// assert_eq!(lengths, [4096, 4096, 1808]);
///
/// let mut reader = builder.range(8000..9000).open(&path)?;
/// assert_eq!(std::io::copy(&mut reader, &mut std::io::sink())?, 1000);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder opens nothing before `open`"]
pub struct DirectReaderBuilder {
    setup: Setup,
    direct: Demand,
    range: Option<Range<u64>>,
}

impl DirectReaderBuilder {
    /// Bytes of a block: a power of two from 4 KiB to 2 MiB. Not set: that of the pool, or 1 MiB where none is given.
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.setup.block_size = Some(bytes);
        self
    }

    /// Where blocks come from. Not set: a pool of the reader's own, bounded to the depth and 64 blocks, in transparent
    /// huge pages where the file has half a mebibyte at least. A pool that is given is best made with
    /// [`huge_pages`](crate::pool::BlockPoolBuilder::huge_pages) too: a block that is one piece of memory is one for
    /// the device, and one in small pages may be more than its queue takes.
    pub fn pool(mut self, pool: BlockPool) -> Self {
        self.setup.pool = Some(pool);
        self
    }

    /// Who reads. Not set: [`Backend::Inline`].
    pub fn backend(mut self, backend: Backend) -> Self {
        self.setup.backend = backend;
        self
    }

    /// Whether the backend is a wish. Not set: [`Demand::Prefer`], with which one that the system refuses becomes
    /// [`Backend::Inline`]; [`Demand::Require`] makes that an error.
    pub fn demand(mut self, demand: Demand) -> Self {
        self.setup.demand = demand;
        self
    }

    /// Blocks that are read at one time, or wait to be given out. Not set: 4, but one for each thread at least.
    /// `Inline` reads one, and a ring has room for 8192.
    pub fn depth(mut self, blocks: usize) -> Self {
        self.setup.depth = Some(blocks);
        self
    }

    /// Whether [`open`](Self::open) asks for `O_DIRECT`. Not set: [`Demand::Prefer`].
    pub fn direct(mut self, demand: Demand) -> Self {
        self.direct = demand;
        self
    }

    /// The bytes of the file to read; what the file has not is left out. Not set: all.
    ///
    /// Any start and end will do. Blocks are read from multiples of the file's alignment: where `start` is none, the
    /// first begins at the one below, and what is before `start` is skipped. So that block is short by as much, and
    /// [`next_block`](DirectReader::next_block) moves its bytes to the front.
    pub fn range(mut self, range: Range<u64>) -> Self {
        self.range = Some(range);
        self
    }

    /// Opens the file at `path`. (To open a pipe waits for its other end, before it is refused.)
    ///
    /// # Errors
    ///
    /// As [`DirectFileOptions::open`](super::DirectFileOptions::open) and [`from_file`](Self::from_file).
    pub fn open(self, path: impl AsRef<Path>) -> io::Result<DirectReader> {
        let file = DirectFile::options().read().direct(self.direct).open(path)?;
        self.from_file(file)
    }

    /// Reads an open file; it is as direct as it was opened.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for what is neither a regular file nor a block device, for a block
    /// size that the pool does not have or that is no multiple of the file's alignment, for `Threads(0)`, a depth of 0
    /// or one that the backend does not have; those of making a pool; those of the backend where it is required.
    pub fn from_file(self, file: DirectFile) -> io::Result<DirectReader> {
        let extent = Extent::of(&file, self.range.unwrap_or(0..u64::MAX))?;
        let file = Arc::new(file);
        let (pool, engine) = self.setup.start(&file, Direction::Read, extent.known_len(), SPARE)?;
        Ok(DirectReader::new(file, pool, engine, extent))
    }
}
