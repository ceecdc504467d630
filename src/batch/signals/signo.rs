use std::ffi::c_int;
use std::fmt;
use std::io;

use super::SignoError;
use crate::sys::signal as sys;

/// The number of a signal that can be blocked and read.
///
/// Those that cannot have no `Signo`: `SIGKILL` and `SIGSTOP`, what a fault of the program raises (`SIGSEGV`, `SIGBUS`,
/// `SIGFPE`, `SIGILL`, `SIGTRAP`, `SIGSYS`: the kernel ends a process that blocks the one it has just caused), and
/// those between 32 and `SIGRTMIN`, with which the C library works.
///
/// ```
/// use bedplate::batch::signals::{Signo, SignoError};
///
/// assert_eq!(Signo::from_raw(15)?, Signo::TERM);
/// assert_eq!(Signo::TERM.to_string(), "SIGTERM");
/// assert_eq!(Signo::rt(3)?.to_string(), "SIGRTMIN+3");
/// assert_eq!(Signo::from_raw(9), Err(SignoError::Uncatchable(9)));
/// # Ok::<(), SignoError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signo(u8);

/// The constants, and the names they are shown with.
macro_rules! named {
    ($($name:ident = $raw:ident: $what:literal,)*) => {
        impl Signo {
            $(
                #[doc = concat!("`", stringify!($raw), "`: ", $what, ".")]
                pub const $name: Self = Self(sys::$raw as u8);
            )*

            /// `SIGTERM` and the like; `None` for real-time signals and those without a name here.
            fn name(self) -> Option<&'static str> {
                $(
                    if self == Self::$name {
                        return Some(stringify!($raw));
                    }
                )*
                None
            }
        }
    };
}

named! {
    HUP = SIGHUP: "the terminal is gone; for daemons, read your configuration again",
    INT = SIGINT: "Ctrl-C",
    QUIT = SIGQUIT: "Ctrl-\\\\",
    ABRT = SIGABRT: "sent by another process; `abort()` itself cannot be blocked",
    USR1 = SIGUSR1: "for the program to define",
    USR2 = SIGUSR2: "for the program to define",
    PIPE = SIGPIPE: "a write that nobody reads, directed at the thread that wrote",
    ALRM = SIGALRM: "the timer of `alarm`",
    TERM = SIGTERM: "end",
    CHLD = SIGCHLD: "a child has ended, stopped or continued; see [`Signal::child`](super::Signal::child)",
    CONT = SIGCONT: "continued, which also happens where this is blocked",
    TSTP = SIGTSTP: "Ctrl-Z; where this is blocked, the process does not stop",
    TTIN = SIGTTIN: "a read from the terminal in the background",
    TTOU = SIGTTOU: "a write to the terminal in the background",
    URG = SIGURG: "urgent data on a socket",
    XCPU = SIGXCPU: "the soft limit of CPU time",
    XFSZ = SIGXFSZ: "the limit of file size, directed at the thread that wrote",
    VTALRM = SIGVTALRM: "the timer of CPU time in user mode",
    PROF = SIGPROF: "the timer of CPU time",
    WINCH = SIGWINCH: "the size of the terminal has changed",
    IO = SIGIO: "a file is ready",
    PWR = SIGPWR: "power fails",
}

impl Signo {
    /// The signal of this number.
    ///
    /// # Errors
    ///
    /// [`SignoError`], where there is none, or it cannot be blocked and read.
    pub fn from_raw(signo: i32) -> Result<Self, SignoError> {
        match signo {
            sys::SIGKILL | sys::SIGSTOP => Err(SignoError::Uncatchable(signo)),
            sys::SIGSEGV | sys::SIGBUS | sys::SIGFPE | sys::SIGILL | sys::SIGTRAP | sys::SIGSYS => {
                Err(SignoError::Fault(signo))
            }
            sys::KERNEL_SIGRTMIN.. if signo < sys::SIGRTMIN() => Err(SignoError::Reserved(signo)),
            1.. if signo <= sys::SIGRTMAX() => Ok(Self(signo as u8)),
            _ => Err(SignoError::OutOfRange(signo)),
        }
    }

    /// The real-time signal `SIGRTMIN+n`. With glibc on x86-64 there are 31 of them.
    ///
    /// # Errors
    ///
    /// [`SignoError::OutOfRange`] past `SIGRTMAX`.
    pub fn rt(n: u32) -> Result<Self, SignoError> {
        Self::from_raw(sys::SIGRTMIN().saturating_add(c_int::try_from(n).unwrap_or(c_int::MAX)))
    }

    /// The number.
    #[must_use]
    pub const fn as_raw(self) -> i32 {
        self.0 as i32
    }

    /// Whether signals of this number queue up. The others merge: however many are sent, one is pending.
    #[must_use]
    pub const fn is_real_time(self) -> bool {
        self.as_raw() >= sys::KERNEL_SIGRTMIN
    }

    /// Sends the signal to a process, as `kill(2)` does, without a value.
    ///
    /// # Errors
    ///
    /// What the kernel says: there is no such process, or it is somebody else's. Zero is no process here.
    pub fn send(self, pid: u32) -> io::Result<()> {
        sys::send(pid, self.as_raw())
    }

    /// Sends the signal to a process with a value, as `sigqueue(3)` does.
    ///
    /// ```
    /// use bedplate::batch::signals::{Signo, SignalBatcher, SignalSet};
    /// let signo = Signo::rt(0)?;
    /// let set = SignalSet::from([signo]);
    /// let blocked = set.block()?;
    /// let mut signals = SignalBatcher::builder(set).build()?;
    /// for value in 0..3 {
    ///     signo.queue(std::process::id(), value)?;
    /// }
    /// let batch = signals.next_batch()?;
    /// assert!(batch.iter().map(|s| s.value()).eq([Some(0), Some(1), Some(2)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) where as many signals are pending for all processes of the user as the
    /// receiver's `RLIMIT_SIGPENDING` allows: try again when it has read some. Otherwise as [`send`](Self::send).
    pub fn queue(self, pid: u32, value: i32) -> io::Result<()> {
        sys::queue(pid, self.as_raw(), value)
    }

    /// The place of this signal in a mask.
    pub(super) const fn bit(self) -> u128 {
        1 << (self.0 - 1)
    }

    /// The signal whose bit has this place, which was taken from a `Signo`.
    pub(super) const fn of_bit(place: u32) -> Self {
        Self(place as u8 + 1)
    }
}

/// Without `Debug`'s tuple, which would show a number that differs between machines.
impl fmt::Debug for Signo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Signo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None if self.is_real_time() => write!(f, "SIGRTMIN+{}", self.as_raw() - sys::SIGRTMIN()),
            None => write!(f, "signal {}", self.0),
        }
    }
}
