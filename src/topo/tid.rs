use std::fmt;
use std::num::NonZeroI32;

use crate::sys::cpu;

/// A thread, by the kernel's number: what `top -H`, `perf` and `/proc/PID/task` show.
///
/// The kernel gives the number of a thread that has ended to another, sooner or later.
///
/// ```
/// use bedplate::topo::Tid;
///
/// let here = Tid::current();
/// assert_eq!(Tid::new(here.get()), Some(here));
/// // To the kernel these are the calling thread, or a group of processes.
/// assert_eq!(Tid::new(0), None);
/// assert_eq!(Tid::new(-5), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tid(NonZeroI32);

impl Tid {
    /// The thread of this number; `None` for zero and below. Whether there is such a thread is not looked at.
    #[must_use]
    pub const fn new(number: i32) -> Option<Self> {
        match NonZeroI32::new(number) {
            Some(number) if number.get() > 0 => Some(Self(number)),
            _ => None,
        }
    }

    /// The calling thread. One system call.
    ///
    /// # Panics
    ///
    /// Where a system call filter answers in the kernel's place, with a number that no thread has.
    #[must_use]
    pub fn current() -> Self {
        Self::new(cpu::current_thread()).expect("a running thread has a positive number")
    }

    /// The number, always positive.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0.get()
    }
}

impl fmt::Display for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tid({})", self.0)
    }
}
