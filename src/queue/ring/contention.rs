use crate::primitive::spin_loop;

/// Spin hints after the first lost claim, twice as many after the second, and so on up to `MOST`.
///
/// A line that two CPUs claim from moves between them with each claim. Who has lost one stays away for as long as the
/// winner needs for some tens of operations, which it does alone then. Measured with two producers and two consumers on
/// two CPUs, capacity 65,536, ns an item for 1 (as `crossbeam`'s `Backoff` begins), 16, 64 and 200 hints of 14 ns each,
/// 2026-11-21: 80, 81, 46, 31; capacity 1024: 38, 40, 36, 28.
const FIRST: u32 = 128;
const MOST: u32 = 512;

/// How often an operation has lost its claim to another thread at the same end.
#[derive(Debug)]
pub(super) struct Contention {
    hints: u32,
}

impl Contention {
    #[inline]
    pub(super) const fn new() -> Self {
        Self { hints: FIRST }
    }

    /// Stays away for a moment.
    #[inline]
    pub(super) fn back_off(&mut self) {
        // In a model a hint is a switch to another thread, of which there are enough.
        if cfg!(not(any(bedplate_loom, bedplate_shuttle))) {
            (0..self.hints).for_each(|_| spin_loop());
        }
        self.hints = MOST.min(2 * self.hints);
    }
}
