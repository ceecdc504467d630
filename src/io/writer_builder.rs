use std::io;
use std::path::Path;

use super::ahead::Ahead;
use super::engine::{Direction, Setup};
use super::publish::Unpublished;
use super::{Backend, DirectFile, DirectWriter};
use crate::pool::BlockPool;
use crate::primitive::Arc;
use crate::sys::Demand;

/// How a [`DirectWriter`] writes: made by [`DirectWriter::builder`].
///
/// ```
/// use bedplate::io::{Backend, DirectWriter};
/// use std::io::Write;
///
/// let path = std::env::temp_dir().join(format!("bedplate-writer-builder-{}", std::process::id()));
/// let builder = DirectWriter::builder().block_size(64 << 10).backend(Backend::Threads(1)).depth(8);
/// let mut writer = builder.expected_len(200_000).create(&path)?;
/// writer.write_all(&[7; 200_000])?;
/// writer.finish()?;
/// assert_eq!(std::fs::read(&path)?, vec![7; 200_000]);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder opens nothing before `create` or `over`"]
pub struct DirectWriterBuilder {
    setup: Setup,
    direct: Demand,
    expected_len: Option<u64>,
}

impl DirectWriterBuilder {
    /// Bytes of a block, and so of a write: a power of two from 4 KiB to 2 MiB. Not set: that of the pool, or 1 MiB
    /// where none is given.
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.setup.block_size = Some(bytes);
        self
    }

    /// Where blocks come from. Not set: a pool of the writer's own, with as many blocks as it needs, the depth and the
    /// one that is filled, in transparent huge pages unless less than half a mebibyte is expected. For one that is
    /// given, see [`DirectReaderBuilder::pool`](super::DirectReaderBuilder::pool).
    pub fn pool(mut self, pool: BlockPool) -> Self {
        self.setup.pool = Some(pool);
        self
    }

    /// Who writes. Not set: [`Backend::Inline`].
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

    /// Blocks that are written at one time, or wait for a thread to write them. Not set: 4, but one for each thread at
    /// least. `Inline` writes one, and a ring has room for 8192.
    pub fn depth(mut self, blocks: usize) -> Self {
        self.setup.depth = Some(blocks);
        self
    }

    /// Whether [`create`](Self::create) asks for `O_DIRECT`. Not set: [`Demand::Prefer`].
    pub fn direct(mut self, demand: Demand) -> Self {
        self.direct = demand;
        self
    }

    /// How long the file is going to be: its space is reserved at once, and that there is too little is known at once.
    /// Fewer bytes and more may be written. Where the file system cannot reserve space, it is not.
    pub fn expected_len(mut self, bytes: u64) -> Self {
        self.expected_len = Some(bytes);
        self
    }

    /// Writes a new file, which appears at `path` when it is [finished](DirectWriter::finish), in one step and in the
    /// place of a file that may be there.
    ///
    /// Until then it has no name, and the kernel takes it back when the writer is dropped or the process killed. Where
    /// the file system has no unnamed files (NFS, some FUSE file systems, overlayfs before Linux 6.1), or `/proc` is
    /// not mounted, it has a hidden one in the same directory, `.name.process-number.tmp`: a writer that is dropped
    /// removes it, a process that is killed leaves it. A file that is there already is replaced by way of such a name
    /// in any case, for the moment between two calls.
    ///
    /// What is replaced is the name: a symbolic link is replaced by the file, not followed, and hard links to what was
    /// there keep it. The new file has the permissions of one that `std::fs::File::create` makes, whatever those of the
    /// old one were. A relative path is of the working directory now. The directory must be readable, since it is
    /// synced.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a path that does not end in a name, and
    /// [`IsADirectory`](io::ErrorKind::IsADirectory) where a directory has it; those of opening a file in the
    /// directory; [`Unsupported`](io::ErrorKind::Unsupported) where `O_DIRECT` is required and the file system has
    /// none; and as [`over`](Self::over).
    pub fn create(self, path: impl AsRef<Path>) -> io::Result<DirectWriter> {
        let (unpublished, file) = Unpublished::create(path.as_ref(), self.direct)?;
        self.write(file, Some(unpublished))
    }

    /// Writes over an open file from its beginning; it is as direct as it was opened. When it is
    /// [finished](DirectWriter::finish) the file holds what was written and nothing else. Before that, or where the
    /// writer is dropped, it holds some of the new bytes and some of the old; where the process is killed, maybe zeros
    /// behind them.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for what is not a regular file and so cannot be cut to its length,
    /// for a block size that the pool does not have or that is no multiple of the file's alignment, for `Threads(0)`, a
    /// depth of 0 or one that the backend does not have; [`StorageFull`](io::ErrorKind::StorageFull),
    /// [`QuotaExceeded`](io::ErrorKind::QuotaExceeded) and [`FileTooLarge`](io::ErrorKind::FileTooLarge) where the
    /// expected length does not fit; those of making a pool; those of the backend where it is required.
    pub fn over(self, file: DirectFile) -> io::Result<DirectWriter> {
        if !file.is_regular()? {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "only a regular file can be written over"));
        }
        self.write(file, None)
    }

    pub(super) fn write(self, file: DirectFile, unpublished: Option<Unpublished>) -> io::Result<DirectWriter> {
        let file = Arc::new(file);
        let (pool, engine) = self.setup.start(&file, Direction::Write, self.expected_len, 1)?;
        let mut ahead = Ahead::new(Arc::clone(&file), unpublished.is_none())?;
        if let Some(len) = self.expected_len {
            ahead.expect(len)?;
        }
        Ok(DirectWriter::new(file, pool, engine, ahead, unpublished))
    }
}
