#[cfg(not(bedplate_loom))]
mod imp {
    use crate::primitive::{Thread, thread};
    use crate::sync::park::park_until;
    use crate::time::{Clock, Deadline};

    /// Puts its thread to sleep and wakes it.
    #[derive(Debug)]
    pub(in crate::sync) struct Parker {
        thread: Thread,
    }

    impl Parker {
        pub(in crate::sync) fn of_this_thread() -> Self {
            Self { thread: thread::current() }
        }

        /// Sleeps until [`unpark`](Self::unpark), also one before this, or until the deadline. May return early.
        pub(in crate::sync) fn park_until(&self, clock: &Clock, deadline: Deadline) {
            park_until(clock, deadline);
        }

        pub(in crate::sync) fn unpark(&self) {
            self.thread.unpark();
        }
    }
}

/// loom's `unpark` takes it for an error where the thread is blocked elsewhere by then, in a lock or a join, which a
/// wake-up for nothing may find it in. So here a token of its own.
#[cfg(bedplate_loom)]
mod imp {
    use crate::time::{Clock, Deadline};
    use loom::sync::{Condvar, Mutex};
    use loom::thread;

    #[derive(Debug)]
    pub(in crate::sync) struct Parker {
        unparked: Mutex<bool>,
        changed: Condvar,
    }

    impl Parker {
        pub(in crate::sync) fn of_this_thread() -> Self {
            Self { unparked: Mutex::new(false), changed: Condvar::new() }
        }

        pub(in crate::sync) fn park_until(&self, _: &Clock, deadline: Deadline) {
            if deadline != Deadline::NEVER {
                return thread::yield_now(); // loom has no time.
            }
            let mut unparked = self.unparked.lock().expect("no panic under this lock");
            while !*unparked {
                unparked = self.changed.wait(unparked).expect("no panic under this lock");
            }
            *unparked = false;
        }

        pub(in crate::sync) fn unpark(&self) {
            *self.unparked.lock().expect("no panic under this lock") = true;
            self.changed.notify_one();
        }
    }
}

pub(super) use imp::Parker;
