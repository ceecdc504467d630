use std::io;

#[cfg(feature = "io-uring")]
use super::ring::Ring;
use super::{Direction, Engine, inline::Inline, workers::Workers};
use crate::io::{Backend, DirectFile};
use crate::mem::HugePages;
use crate::pool::{BlockPool, Zero};
use crate::primitive::Arc;
use crate::sys::Demand;

/// Requests in flight where the caller does not say how many.
const DEPTH: usize = 4;

/// Bytes of a block where the caller does not say how many: a disk gives its full speed at that size, and the cost of a
/// request is nothing beside it.
const BLOCK: usize = 1 << 20;

/// The memory of a slab of a pool that is made here: one huge page.
///
/// Where a block lies in one huge page, a request is one piece of memory for the device; a block of 1 MiB in pages of 4
/// KiB is 256, which is more than the queue of many a disk takes at once. Sequential reads of 1 MiB went from 1.2 to
/// 1.9 GB/s to 2.2 to 2.7 on a virtio disk with it, with a depth of 4, and from 1.1 to 2.0 one at a time (2026-11-22).
const SLAB: usize = 2 << 20;

/// For a file that is known to be shorter, huge pages would only be memory to be zeroed.
const HUGE_FROM: u64 = 512 << 10;

/// What the builders of readers and writers have in common.
#[derive(Clone, Debug, Default)]
pub(in crate::io) struct Setup {
    pub(in crate::io) block_size: Option<usize>,
    pub(in crate::io) pool: Option<BlockPool>,
    pub(in crate::io) backend: Backend,
    pub(in crate::io) demand: Demand,
    pub(in crate::io) depth: Option<usize>,
}

impl Setup {
    /// The pool, of the engine's depth and `spare` blocks where none was given, and the engine. `len` is how many bytes
    /// will be moved, if that is known.
    pub(in crate::io) fn start(
        self,
        file: &Arc<DirectFile>,
        direction: Direction,
        len: Option<u64>,
        spare: usize,
    ) -> io::Result<(BlockPool, Engine)> {
        let depth = self.depth()?;
        let pool = self.pool(file, len, depth.saturating_add(spare))?;
        let started = match self.backend {
            _ if !self.demand.wanted() => Ok(None),
            Backend::Inline => Ok(None),
            Backend::Threads(n) => {
                Workers::start(Arc::clone(file), n, depth, direction).map(|workers| Some(Engine::Threads(workers)))
            }
            #[cfg(feature = "io-uring")]
            Backend::Uring => {
                Ring::start(Arc::clone(file), depth, direction, &pool).map(|ring| Some(Engine::Uring(Box::new(ring))))
            }
        };
        let inline = || Engine::Inline(Inline::new(Arc::clone(file), direction));
        match started {
            Ok(engine) => Ok((pool, engine.unwrap_or_else(inline))),
            // A depth that no ring has is no refusal; an EINVAL of the kernel is one.
            Err(e) if self.demand.required() => Err(e),
            Err(e) if e.kind() == io::ErrorKind::InvalidInput && e.raw_os_error().is_none() => Err(e),
            Err(_) => Ok((pool, inline())),
        }
    }

    fn depth(&self) -> io::Result<usize> {
        match (self.backend, self.depth) {
            (Backend::Threads(0), _) => Err(invalid("Backend::Threads needs at least one thread".into())),
            (_, Some(0)) => Err(invalid("a depth of 0 moves nothing".into())),
            (Backend::Inline, _) => Ok(1),
            (_, Some(depth)) => Ok(depth),
            // One at least for each thread, or some would be there for nothing.
            (Backend::Threads(n), None) => Ok(n.max(DEPTH)),
            #[cfg(feature = "io-uring")]
            (Backend::Uring, None) => Ok(DEPTH),
        }
    }

    /// The pool that was given, or one of `blocks` blocks at least, if its blocks can be moved to and from the file as
    /// they are.
    fn pool(&self, file: &DirectFile, len: Option<u64>, blocks: usize) -> io::Result<BlockPool> {
        let pool = match &self.pool {
            Some(pool) => pool.clone(),
            None => {
                let size = self.block_size.unwrap_or(BLOCK);
                let in_a_slab = (SLAB / size.max(1)).max(1);
                let short = len.is_some_and(|len| len < HUGE_FROM);
                // Rounded up, since the last slab is in a huge page only if it fills one.
                let (huge, blocks) = match blocks.checked_next_multiple_of(in_a_slab) {
                    Some(whole) if !short && blocks >= in_a_slab / 2 => (Demand::Prefer, whole),
                    _ => (Demand::Off, blocks),
                };
                BlockPool::builder()
                    .block_size(size)
                    .slab_blocks(in_a_slab)
                    .max_blocks(blocks)
                    .huge_pages(HugePages::Transparent, huge)
                    // Not zeroed between uses: a block is overwritten before any of it is shown.
                    .zero(Zero::Never)
                    .build()?
            }
        };
        let (size, needed) = (pool.block_size(), file.alignment());
        if let Some(wanted) = self.block_size.filter(|wanted| *wanted != size) {
            return Err(invalid(format!("the pool's blocks are of {size} bytes, not {wanted}")));
        }
        // A block is aligned to its size.
        let unit = needed.offset.max(needed.memory);
        if size % unit != 0 {
            return Err(invalid(format!("blocks of {size} bytes are no multiple of {unit}")));
        }
        Ok(pool)
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
