use crate::primitive::atomic::AtomicUsize;
use crate::queue::Stats;
use crate::queue::gate::Gate;
use crate::queue::ring::{self, Ring, Single};

/// What the handles share.
///
/// Who closes the ring shuts the gate. The tail is the producer's own word, so the mark in it is not used.
pub(super) struct Shared<T> {
    pub(super) ring: Ring<T, Single, ring::Shared>,
    pub(super) gate: Gate,
    /// Living consumers.
    pub(super) consumers: AtomicUsize,
}

impl<T> Shared<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { ring: Ring::new(capacity), gate: Gate::new(), consumers: AtomicUsize::new(1) }
    }

    pub(super) fn stats(&self) -> Stats {
        Stats { closed: self.gate.is_shut(), ..self.ring.stats() }
    }
}
