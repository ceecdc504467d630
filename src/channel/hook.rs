use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::primitive::atomic::{AtomicU64, Ordering};

/// A closure of the user's that one side of a channel is to call.
pub(super) type Closure = Arc<dyn Fn() + Send + Sync>;

/// What a foreign event loop is told by that a side of a channel is ready.
pub(super) struct Hook {
    closure: Closure,
    /// Calls that ended in a panic.
    panics: AtomicU64,
}

impl Hook {
    pub(super) fn new(closure: Closure) -> Self {
        Self { closure, panics: AtomicU64::new(0) }
    }

    /// Calls the closure. A panic ends here: it would go through a `send` whose item is accepted, through a `recv`
    /// that has the item in its hands and would drop it, or through the drop of an end.
    pub(super) fn call(&self) {
        // Nothing of the channel's is seen by the closure, so there is nothing that it could leave half done.
        if catch_unwind(AssertUnwindSafe(|| (self.closure)())).is_err() {
            // Relaxed: a figure.
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn panics(&self) -> u64 {
        // Relaxed: a figure.
        self.panics.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("panics", &self.panics()).finish_non_exhaustive()
    }
}
