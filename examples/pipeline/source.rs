//! Where blocks come from: a file by direct I/O, or anything that can only be read in order.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{Backend, DirectReader};
use bedplate::pool::{Block, BlockPool};
use bedplate::time::{Clock, Instant};

/// Threads that read ahead. One always has a read under way and another waiting, so the disk is busy while a block is
/// cut; more would only add latency.
const READERS: usize = 1;

pub enum Source {
    Direct(DirectReader),
    Stream { input: Box<dyn Read>, blocks: BlockPool },
}

impl Source {
    /// Opens `path`; `-` is standard input. What is not a regular file is read buffered.
    pub fn open(path: &Path, blocks: &BlockPool) -> io::Result<Self> {
        let stream = |input| Self::Stream { input, blocks: blocks.clone() };
        if path.as_os_str() == "-" {
            eprintln!("reading standard input, buffered");
            return Ok(stream(Box::new(io::stdin())));
        }
        let kind = std::fs::metadata(path)?.file_type();
        if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !kind.is_file() {
            eprintln!("{}: not a regular file, read buffered", path.display());
            return Ok(stream(Box::new(File::open(path)?)));
        }
        let reader = DirectReader::builder()
            .pool(blocks.clone())
            .direct(Demand::Prefer)
            .backend(Backend::Threads(READERS))
            .open(path)?;
        Ok(Self::Direct(reader))
    }

    /// The next block of the input, `None` at its end.
    pub fn next_block(&mut self) -> io::Result<Option<Block>> {
        match self {
            Self::Direct(reader) => reader.next_block(),
            Self::Stream { input, blocks } => {
                let mut block = blocks.acquire().map_err(io::Error::other)?;
                let mut filled = 0;
                let space = block.as_full_mut();
                while filled < space.len() {
                    match input.read(&mut space[filled..]) {
                        Ok(0) => break,
                        Ok(n) => filled += n,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                block.set_len(filled);
                Ok((filled > 0).then_some(block))
            }
        }
    }

    /// When the block given out last came from the kernel.
    pub fn arrived(&self) -> Instant {
        match self {
            Self::Direct(reader) => reader.arrived(),
            // It came with the last of the reads that filled it, just now.
            Self::Stream { .. } => Clock::Monotonic.now(),
        }
    }

    /// Whether this input is read with `O_DIRECT`.
    pub fn is_direct(&self) -> bool {
        match self {
            Self::Direct(reader) => reader.effective().direct,
            Self::Stream { .. } => false,
        }
    }
}
