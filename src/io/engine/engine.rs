#[cfg(feature = "io-uring")]
use super::ring::Ring;
use super::workers::Workers;
use super::{Done, Request, inline::Inline};
use crate::io::Backend;

/// Moves blocks between memory and one file, in one direction.
#[derive(Debug)]
pub(in crate::io) enum Engine {
    Inline(Inline),
    Threads(Workers),
    #[cfg(feature = "io-uring")]
    Uring(Box<Ring>),
}

impl Engine {
    /// What it is, which may be less than what was asked for.
    pub(in crate::io) fn backend(&self) -> Backend {
        match self {
            Self::Inline(_) => Backend::Inline,
            Self::Threads(workers) => Backend::Threads(workers.threads()),
            #[cfg(feature = "io-uring")]
            Self::Uring(_) => Backend::Uring,
        }
    }

    /// Requests that may be submitted and not taken at one time.
    pub(in crate::io) fn depth(&self) -> usize {
        match self {
            Self::Inline(_) => 1,
            Self::Threads(workers) => workers.depth(),
            #[cfg(feature = "io-uring")]
            Self::Uring(ring) => ring.depth(),
        }
    }

    /// Requests that were submitted and not taken.
    pub(in crate::io) fn in_flight(&self) -> usize {
        match self {
            Self::Inline(inline) => inline.in_flight(),
            Self::Threads(workers) => workers.in_flight(),
            #[cfg(feature = "io-uring")]
            Self::Uring(ring) => ring.in_flight(),
        }
    }

    pub(in crate::io) fn is_full(&self) -> bool {
        self.in_flight() >= self.depth()
    }

    /// Begins a request; not to be called of a full engine.
    pub(in crate::io) fn submit(&mut self, request: Request) {
        match self {
            Self::Inline(inline) => inline.submit(request),
            Self::Threads(workers) => workers.submit(request),
            #[cfg(feature = "io-uring")]
            Self::Uring(ring) => ring.submit(request),
        }
    }

    /// The oldest request, waited for; `None` where there is none.
    pub(in crate::io) fn take(&mut self) -> Option<Done> {
        match self {
            Self::Inline(inline) => inline.take(),
            Self::Threads(workers) => workers.take(),
            #[cfg(feature = "io-uring")]
            Self::Uring(ring) => ring.take(),
        }
    }

    /// The oldest request, if it has come to its end.
    pub(in crate::io) fn try_take(&mut self) -> Option<Done> {
        match self {
            Self::Inline(inline) => inline.take(),
            Self::Threads(workers) => workers.try_take(),
            #[cfg(feature = "io-uring")]
            Self::Uring(ring) => ring.try_take(),
        }
    }

    /// Drops all requests, waits for those that are under way, and drops their results.
    pub(in crate::io) fn cancel(&mut self) {
        match self {
            Self::Inline(inline) => drop(inline.take()),
            Self::Threads(workers) => workers.cancel(),
            #[cfg(feature = "io-uring")]
            Self::Uring(ring) => ring.cancel(),
        }
    }
}
