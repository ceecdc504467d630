use std::io;
use std::path::Path;

use super::publish::Unpublished;
use super::reader_builder::{pool_for, thread_count};
use super::workers::Workers;
use super::{Backend, DirectFile, DirectWriter};
use crate::pool::BlockPool;
use crate::primitive::Arc;
use crate::sys::Demand;

/// How a [`DirectWriter`] writes: made by [`DirectWriter::builder`].
///
/// ```
/// use bedplate::{Demand, io::{Backend, DirectWriter}};
/// use std::io::Write;
///
/// let path = std::env::temp_dir().join(format!("bedplate-writer-builder-{}", std::process::id()));
/// let mut writer = DirectWriter::builder().block_size(64 << 10).backend(Backend::Threads(1)).create(&path)?;
/// writer.write_all(&[7; 200_000])?;
/// writer.finish()?;
/// assert_eq!(std::fs::read(&path)?, vec![7; 200_000]);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder opens nothing before `create` or `over`"]
pub struct DirectWriterBuilder {
    block_size: Option<usize>,
    pool: Option<BlockPool>,
    backend: Backend,
    direct: Demand,
}

impl DirectWriterBuilder {
    /// Bytes of a block, and so of a write: a power of two from 4 KiB to 2 MiB. Not set: that of the pool, or 1 MiB where
    /// none is given.
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = Some(bytes);
        self
    }

    /// Where blocks come from. Not set: a pool of the writer's own, with as many blocks as it needs.
    pub fn pool(mut self, pool: BlockPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Who writes. Not set: [`Backend::Inline`].
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Whether [`create`](Self::create) asks for `O_DIRECT`. Not set: [`Demand::Prefer`].
    pub fn direct(mut self, demand: Demand) -> Self {
        self.direct = demand;
        self
    }

    /// Writes a new file, which appears at `path` when it is [finished](DirectWriter::finish), in one step and in the
    /// place of a file that may be there. Until then it has a hidden temporary name in the same directory
    /// (`.name.process-number.tmp`); a writer that is dropped removes it, a process that is killed leaves it.
    ///
    /// # Errors
    ///
    /// As [`DirectFileOptions::open`](super::DirectFileOptions::open) and [`over`](Self::over).
    pub fn create(self, path: impl AsRef<Path>) -> io::Result<DirectWriter> {
        let (unpublished, file) = Unpublished::create(path.as_ref(), self.direct)?;
        self.write(file, Some(unpublished))
    }

    /// Writes over an open file from its beginning; it is as direct as it was opened. When it is
    /// [finished](DirectWriter::finish) the file holds what was written and nothing else; before that, or where the
    /// writer is dropped, it holds some of the new bytes and some of the old.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for what is not a regular file and so cannot be cut to its length, for
    /// a block size that the pool does not have or that is no multiple of the file's alignment, and for `Threads(0)`;
    /// those of making a pool and of starting a thread.
    pub fn over(self, file: DirectFile) -> io::Result<DirectWriter> {
        if !file.is_regular()? {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "only a regular file can be written over"));
        }
        self.write(file, None)
    }

    fn write(self, file: DirectFile, unpublished: Option<Unpublished>) -> io::Result<DirectWriter> {
        let threads = thread_count(self.backend)?;
        // As many as the threads can have, and the one that is filled.
        let pool = pool_for(self.pool, self.block_size, &file, 1 + threads * 2)?;
        let file = Arc::new(file);
        let workers = match threads {
            0 => None,
            n => Some(Workers::start(Arc::clone(&file), n, DirectWriter::transfer)?),
        };
        Ok(DirectWriter::new(file, pool, workers, unpublished))
    }
}
