use std::fmt;
use std::io;
use std::process::Command;

use super::{BlockedSignals, Signo};
use crate::sys::signal as sys;

/// A set of signals.
///
/// ```
/// use bedplate::batch::signals::{SignalSet, Signo};
///
/// let ends = SignalSet::from([Signo::TERM, Signo::INT]);
/// assert!(ends.contains(Signo::TERM));
/// assert_eq!(ends.with(Signo::rt(0)?).len(), 3);
/// assert_eq!(ends.to_string(), "SIGINT, SIGTERM");
/// # Ok::<(), bedplate::batch::signals::SignoError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SignalSet(u128);

impl SignalSet {
    /// No signal.
    pub const EMPTY: Self = Self(0);

    /// The signals of a mask that can have a [`Signo`].
    pub(super) const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u128 {
        self.0
    }

    /// This set and `signo`.
    #[must_use]
    pub const fn with(self, signo: Signo) -> Self {
        Self(self.0 | signo.bit())
    }

    /// Whether `signo` is in the set.
    #[must_use]
    pub const fn contains(self, signo: Signo) -> bool {
        self.0 & signo.bit() != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many signals are in the set.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The signals, by their numbers.
    pub fn iter(self) -> impl Iterator<Item = Signo> {
        (0..u128::BITS).filter(move |bit| self.0 >> bit & 1 == 1).map(Signo::of_bit)
    }

    /// Blocks the signals in the calling thread until the guard is dropped.
    ///
    /// Call it in `main` before any thread is made: threads, and programs started by the process, inherit the mask of
    /// the thread that makes them. One system call.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses, as a system call filter may.
    pub fn block(self) -> io::Result<BlockedSignals> {
        Ok(BlockedSignals::new(self, Self(sys::block(self.0)?)))
    }

    /// Has the process that `command` starts begin with these signals unblocked, whatever its parent blocks.
    ///
    /// Without this the program inherits the mask, and a signal that is blocked does not end it. `Command` then starts
    /// the process by `fork` and `exec`, where it otherwise may take the faster `posix_spawn`.
    ///
    /// ```
    /// use bedplate::batch::signals::{SignalSet, Signo};
    /// use std::os::unix::process::ExitStatusExt;
    /// use std::process::Command;
    ///
    /// let ends = SignalSet::from([Signo::TERM, Signo::INT]);
    /// let blocked = ends.block()?;
    /// let mut child = ends.unblock_in_child(Command::new("sleep").arg("60")).spawn()?;
    /// Signo::TERM.send(child.id())?;
    /// assert_eq!(child.wait()?.signal(), Some(Signo::TERM.as_raw()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn unblock_in_child(self, command: &mut Command) -> &mut Command {
        sys::unblock_in_child(command, self.0);
        command
    }
}

impl<const N: usize> From<[Signo; N]> for SignalSet {
    fn from(signals: [Signo; N]) -> Self {
        signals.into_iter().collect()
    }
}

impl FromIterator<Signo> for SignalSet {
    fn from_iter<I: IntoIterator<Item = Signo>>(signals: I) -> Self {
        signals.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl Extend<Signo> for SignalSet {
    fn extend<I: IntoIterator<Item = Signo>>(&mut self, signals: I) {
        *self = signals.into_iter().fold(*self, Self::with);
    }
}

impl fmt::Debug for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The names, by their numbers.
impl fmt::Display for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, signo) in self.iter().enumerate() {
            write!(f, "{}{signo}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
