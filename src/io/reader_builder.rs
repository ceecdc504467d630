use std::io;
use std::path::Path;

use super::workers::Workers;
use super::{Backend, DirectFile, DirectReader};
use crate::pool::{BlockPool, Zero};
use crate::primitive::Arc;
use crate::sys::Demand;

/// How a [`DirectReader`] reads: made by [`DirectReader::builder`].
///
/// ```
/// use bedplate::{Demand, io::{Backend, DirectReader}, pool::BlockPool};
///
/// let path = std::env::temp_dir().join(format!("bedplate-reader-builder-{}", std::process::id()));
/// std::fs::write(&path, vec![1; 10_000])?;
/// let pool = BlockPool::builder().block_size(4096).max_blocks(8).build()?;
/// let mut reader = DirectReader::builder().pool(pool).backend(Backend::Threads(2)).open(&path)?;
/// let lengths: Vec<_> = std::iter::from_fn(|| reader.next_block().unwrap()).map(|b| b.len()).collect();
/// assert_eq!(lengths, [4096, 4096, 1808]);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder opens nothing before `open`"]
pub struct DirectReaderBuilder {
    block_size: Option<usize>,
    pool: Option<BlockPool>,
    backend: Backend,
    direct: Demand,
}

impl DirectReaderBuilder {
    /// Bytes of a block: a power of two from 4 KiB to 2 MiB. Not set: that of the pool, or 1 MiB where none is given.
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = Some(bytes);
        self
    }

    /// Where blocks come from. Not set: a pool of the reader's own, bounded to 64 blocks and what its threads need.
    pub fn pool(mut self, pool: BlockPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Who reads. Not set: [`Backend::Inline`].
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Whether [`open`](Self::open) asks for `O_DIRECT`. Not set: [`Demand::Prefer`].
    pub fn direct(mut self, demand: Demand) -> Self {
        self.direct = demand;
        self
    }

    /// Opens the file at `path` from its beginning.
    ///
    /// # Errors
    ///
    /// As [`DirectFileOptions::open`](super::DirectFileOptions::open) and [`from_file`](Self::from_file).
    pub fn open(self, path: impl AsRef<Path>) -> io::Result<DirectReader> {
        let file = DirectFile::options().read().direct(self.direct).open(path)?;
        self.from_file(file)
    }

    /// Reads an open file from its beginning; it is as direct as it was opened.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a block size that the pool does not have or that is no multiple
    /// of the file's alignment, and for `Threads(0)`; those of making a pool and of starting a thread.
    pub fn from_file(self, file: DirectFile) -> io::Result<DirectReader> {
        let threads = thread_count(self.backend)?;
        let pool = pool_for(self.pool, self.block_size, &file, 64 + threads * 2)?;
        let file = Arc::new(file);
        let workers = match threads {
            0 => None,
            n => Some(Workers::start(Arc::clone(&file), n, DirectReader::fill)?),
        };
        Ok(DirectReader::new(file, pool, workers))
    }
}

/// 0 for the calling thread.
pub(super) fn thread_count(backend: Backend) -> io::Result<usize> {
    match backend {
        Backend::Inline => Ok(0),
        Backend::Threads(0) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "Backend::Threads needs at least one thread"))
        }
        Backend::Threads(n) => Ok(n),
    }
}

/// The pool that was given, or one of `blocks` blocks, if its blocks can be moved to and from the file as they are.
pub(super) fn pool_for(
    given: Option<BlockPool>,
    block_size: Option<usize>,
    file: &DirectFile,
    blocks: usize,
) -> io::Result<BlockPool> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let pool = match given {
        Some(pool) => pool,
        None => {
            let size = block_size.unwrap_or(1 << 20);
            // Slabs of 4 MiB, so that reading a small file does not map much.
            let slab = ((4 << 20) / size.max(1)).clamp(1, blocks);
            // Not zeroed between uses: a block is overwritten before any of it is shown.
            BlockPool::builder().block_size(size).slab_blocks(slab).max_blocks(blocks).zero(Zero::Never).build()?
        }
    };
    let size = pool.block_size();
    if block_size.is_some_and(|wanted| wanted != size) {
        return Err(invalid(format!("the pool's blocks are of {size} bytes, not {}", block_size.unwrap_or(0))));
    }
    if size % file.alignment().offset != 0 {
        return Err(invalid(format!("blocks of {size} bytes are no multiple of {}", file.alignment().offset)));
    }
    Ok(pool)
}
