use std::io;
use std::time::Duration;

use super::core::Core;
use super::{IoBuf, Uring};
use crate::sys::Demand;

/// How a [`Uring`] is made: by [`Uring::builder`].
///
/// ```
/// use bedplate::{Demand, io::Uring};
/// use std::time::Duration;
///
/// let ring = Uring::builder().depth(8).registered(Demand::Off).drain(Duration::from_millis(50)).build::<Vec<u8>>();
/// # let Ok(ring) = ring else { return Ok(()) };
/// assert_eq!(ring.depth(), 8);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a ring is made by `build`"]
pub struct UringBuilder {
    depth: Option<usize>,
    files: Option<usize>,
    registered: Demand,
    drain: Option<Duration>,
}

impl UringBuilder {
    /// The greatest depth there is: the kernel's queue of submissions has four times as many places at most.
    pub const MAX_DEPTH: usize = 8192;

    const DEPTH: usize = 64;
    const FILES: usize = 64;
    const DRAIN: Duration = Duration::from_secs(1);

    /// How many operations may be in flight at once: 64 where it is not told. The queues take 384 bytes for each, and
    /// are made once.
    pub fn depth(mut self, operations: usize) -> Self {
        self.depth = Some(operations);
        self
    }

    /// How many files the kernel's table has places for: 64 where it is not told. More may be registered with the ring;
    /// they go by their descriptors.
    pub fn files(mut self, places: usize) -> Self {
        self.files = Some(places);
        self
    }

    /// Whether files and pools are to be registered with the kernel: [`Prefer`](Demand::Prefer) where it is not told.
    ///
    /// Memory that is registered is pinned, and counts against the user's limit of locked memory (`RLIMIT_MEMLOCK`).
    /// With [`Require`](Demand::Require) a refusal is an error of [`build`](Self::build),
    /// [`register_pool`](Uring::register_pool), or the operation whose block lies in a slab that was added since.
    pub fn registered(mut self, demand: Demand) -> Self {
        self.registered = demand;
        self
    }

    /// How long dropping the ring waits at most for operations in flight: a second where it is not told. What is in
    /// flight then is leaked with all that the ring owns.
    pub fn drain(mut self, most: Duration) -> Self {
        self.drain = Some(most);
        self
    }

    /// The ring.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](io::ErrorKind::Unsupported), with a [`UringUnavailable`](super::UringUnavailable) inside,
    ///   where the kernel has no io_uring, is older than Linux 5.11, or refuses it to this process.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) where the depth is 0 or more than
    ///   [`MAX_DEPTH`](Self::MAX_DEPTH).
    /// - What the kernel says where it has no memory or no descriptor for a ring, or refuses the table of files that is
    ///   required.
    pub fn build<B: IoBuf>(&self) -> io::Result<Uring<B>> {
        let depth = self.depth.unwrap_or(Self::DEPTH);
        if depth == 0 || depth > Self::MAX_DEPTH {
            let text = format!("a ring of {depth} operations: from 1 to {} there may be", Self::MAX_DEPTH);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let files = self.files.unwrap_or(Self::FILES);
        Ok(Uring::new(Core::open(depth, files, self.registered, self.drain.unwrap_or(Self::DRAIN))?))
    }
}
