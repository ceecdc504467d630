use std::cell::Cell;

thread_local! {
    /// How many batchers are running code of the user on this thread.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// While it lives, the thread is one that runs a handler.
///
/// This is the cheap half of the check against re-entry: only where [`Inside::any`] holds, the batcher asks under its
/// lock whether the handler is its own.
pub(super) struct Inside(());

impl Inside {
    pub(super) fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self(())
    }

    /// Whether the calling thread runs the handler of any batcher.
    #[inline]
    pub(super) fn any() -> bool {
        DEPTH.get() != 0
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}
