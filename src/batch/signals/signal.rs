use std::fmt;

use super::{ChildChange, Signo};
use crate::sys::signal::{self as sys, Info};

/// A signal that was taken from the kernel, with what it tells about it.
///
/// A copy of `struct signalfd_siginfo`, 128 bytes. The answers that some signals lack are `None` for these.
#[derive(Clone, Copy)]
pub struct Signal {
    info: Info,
}

impl Signal {
    pub(super) const fn new(info: Info) -> Self {
        Self { info }
    }

    /// Which signal it is.
    #[must_use]
    pub fn signo(&self) -> Signo {
        // The kernel gives what a set of `Signo` asks for.
        Signo::of_bit(self.info.signo - 1)
    }

    /// The kernel's word for where it came from, `si_code`: `SI_USER` (0), `SI_QUEUE` (-1) and the like.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.info.code
    }

    /// The process that sent it, or for `SIGCHLD` the child it is about.
    ///
    /// `None` where no process did, where the kernel lost it ([`is_stripped`](Self::is_stripped)), and for a process
    /// that this one's PID namespace does not have.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        (self.is_from_process() && self.info.pid != 0).then_some(self.info.pid)
    }

    /// The real user of [`pid`](Self::pid).
    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        self.pid().map(|_| self.info.uid)
    }

    /// The number that came with it: of [`Signo::queue`], of a timer or of a message queue.
    #[must_use]
    pub fn value(&self) -> Option<i32> {
        self.has_value().then_some(self.info.int)
    }

    /// [`value`](Self::value) where the sender put a pointer in.
    #[must_use]
    pub fn value_ptr(&self) -> Option<u64> {
        self.has_value().then_some(self.info.ptr)
    }

    /// What became of the child that [`pid`](Self::pid) names.
    ///
    /// As a standard signal, `SIGCHLD` merges: who waits for several children asks `waitpid` for all that have ended.
    #[must_use]
    pub fn child(&self) -> Option<ChildChange> {
        if self.signo() != Signo::CHLD {
            return None;
        }
        let status = self.info.status;
        match self.info.code {
            sys::CLD_EXITED => Some(ChildChange::Exited(status)),
            sys::CLD_KILLED => Some(ChildChange::Killed(status)),
            sys::CLD_DUMPED => Some(ChildChange::Dumped(status)),
            sys::CLD_STOPPED => Some(ChildChange::Stopped(status)),
            sys::CLD_TRAPPED => Some(ChildChange::Trapped(status)),
            sys::CLD_CONTINUED => Some(ChildChange::Continued),
            _ => None,
        }
    }

    /// How often a timer has expired beside this once: the kernel keeps one signal for a timer, and counts.
    #[must_use]
    pub fn overrun(&self) -> Option<u32> {
        (self.info.code == sys::SI_TIMER).then_some(self.info.overrun)
    }

    /// Whether the kernel had no room to keep where it came from, and so may have merged it with others of its number.
    ///
    /// It looks then like a signal of `kill` from process 0 and user 0, as one from root outside the PID namespace
    /// does.
    #[must_use]
    pub fn is_stripped(&self) -> bool {
        self.info.code == sys::SI_USER && self.info.pid == 0 && self.info.uid == 0
    }

    /// All that the kernel told, as `struct signalfd_siginfo`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 128] {
        self.info.as_bytes()
    }

    fn is_from_process(&self) -> bool {
        let sent = matches!(self.info.code, sys::SI_USER | sys::SI_QUEUE | sys::SI_TKILL | sys::SI_MESGQ);
        sent || self.child().is_some()
    }

    fn has_value(&self) -> bool {
        matches!(self.info.code, sys::SI_QUEUE | sys::SI_TIMER | sys::SI_MESGQ)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Signal");
        shown.field("signo", &self.signo()).field("code", &self.info.code).field("pid", &self.pid());
        if let Some(value) = self.value() {
            shown.field("value", &value);
        }
        if let Some(child) = self.child() {
            shown.field("child", &child);
        }
        shown.finish_non_exhaustive()
    }
}
