use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code of the user and ends its panic here; false where it panicked. The panic hook has reported it by then.
///
/// Unwind safety is the user's to judge: what the closure touched is theirs, and nothing of this crate is borrowed
/// mutably by it save the vector of the batch, whose items are all accounted for whatever is left in it.
pub(super) fn contain(f: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(()) => true,
        Err(payload) => {
            // The payload is the user's too, and its destructor may panic in turn; that one's payload is leaked, or
            // this would have no end.
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                mem::forget(second);
            }
            false
        }
    }
}
