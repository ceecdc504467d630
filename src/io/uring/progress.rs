use super::key::Role;

/// What an operation is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Read,
    Write,
    /// A write that is durable when it is over.
    Durable,
    Sync,
    /// A write and a sync linked behind it, of all the bytes.
    WriteThenSync,
}

/// What the completions of one operation add up to. Knows numbers only, so that it can be tested without a kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    work: Work,
    /// The bytes that were asked for.
    len: usize,
    /// The bytes of a write and sync that need not be written again.
    done: usize,
    /// What the kernel said of each entry, of those it was given last.
    transfer: Option<i32>,
    sync: Option<i32>,
    /// How many of the entries it was given last are still to be heard of.
    awaited: u8,
    /// The link between the two was cut, because the kernel took one without the other: the sync says nothing of the
    /// write.
    torn: bool,
    cancelled: bool,
    /// No more entries are made of it: the ring is closing.
    last: bool,
}

/// What is to be done when a completion has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Others are still to arrive.
    Wait,
    /// A write and a sync are to be submitted, linked, of what follows the first so many bytes.
    Again(usize),
    /// It is over.
    End(Ended),
}

/// No errno.
pub(crate) const NOTHING_WRITTEN: i32 = 0;

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Bytes, or an errno; [`NOTHING_WRITTEN`] where a write goes no further without an error.
    pub(crate) result: Result<usize, i32>,
    /// A sync of the file failed with this errno, of which the kernel tells once.
    pub(crate) lost: Option<i32>,
}

impl Progress {
    pub(crate) fn new(work: Work, len: usize) -> Self {
        Self { work, len, done: 0, transfer: None, sync: None, awaited: 0, torn: false, cancelled: false, last: false }
    }

    pub(crate) fn work(&self) -> Work {
        self.work
    }

    /// How many entries were pushed and not heard of.
    pub(crate) fn awaited(&self) -> u8 {
        self.awaited
    }

    /// Entries were pushed: one, or two that are linked.
    pub(crate) fn pushed(&mut self, entries: u8) {
        (self.transfer, self.sync, self.awaited, self.torn) = (None, None, entries, false);
    }

    /// The last `entries` of those that were pushed will never be taken by the kernel.
    pub(crate) fn withdrawn(&mut self, entries: u8) {
        self.awaited -= entries;
        self.torn |= entries > 0;
    }

    /// The kernel took one of the two without the other.
    pub(crate) fn tear(&mut self) {
        self.torn = true;
    }

    pub(crate) fn cancel(&mut self) {
        self.cancelled = true;
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// From now on it ends with the entries that it has.
    pub(crate) fn make_last(&mut self) {
        self.last = true;
    }

    /// Which of the entries are still to be heard of.
    pub(crate) fn outstanding(&self) -> impl Iterator<Item = Role> + use<> {
        let has_sync = matches!(self.work, Work::Sync | Work::WriteThenSync);
        let transfer = (self.work != Work::Sync && self.transfer.is_none()).then_some(Role::Transfer);
        let sync = (has_sync && self.sync.is_none()).then_some(Role::Sync);
        transfer.into_iter().chain(sync)
    }

    /// A completion arrived. `unit` is what a write has to begin at a multiple of.
    pub(crate) fn arrived(&mut self, role: Role, result: i32, unit: usize) -> Step {
        match role {
            Role::Transfer => self.transfer = Some(result),
            // The link makes the sync wait for the write: one that is heard of first was not linked any more. (One that
            // was cancelled with its write says so after it.)
            Role::Sync => {
                self.torn |= self.work == Work::WriteThenSync && self.transfer.is_none();
                self.sync = Some(result);
            }
            Role::Cancel => return Step::Wait,
        }
        self.awaited -= 1;
        if self.awaited > 0 {
            return Step::Wait;
        }
        let transfer = self.transfer.unwrap_or(-libc::ECANCELED);
        match self.work {
            Work::Read | Work::Write => Self::end(transfer, None),
            Work::Sync => {
                let sync = self.sync.unwrap_or(-libc::ECANCELED);
                Self::end(sync, failed_sync(sync))
            }
            // A file system that knows nothing of the flag gets a sync of its own instead.
            Work::Durable if transfer == -libc::EOPNOTSUPP && self.may_go_on() => {
                self.work = Work::WriteThenSync;
                Step::Again(0)
            }
            Work::Durable => Self::end(transfer, None),
            Work::WriteThenSync => self.pair(transfer, unit),
        }
    }

    fn pair(&mut self, transfer: i32, unit: usize) -> Step {
        let sync = self.sync.unwrap_or(-libc::ECANCELED);
        let lost = failed_sync(sync);
        if transfer < 0 {
            return Self::end(transfer, lost);
        }
        if sync < 0 && sync != -libc::ECANCELED {
            return Self::end(sync, lost);
        }
        let written = self.done + transfer as usize;
        if written == self.len && sync >= 0 && !self.torn {
            return Self::end_of(written);
        }
        if !self.may_go_on() {
            return Self::end(-libc::ECANCELED, None);
        }
        if sync >= 0 && self.torn {
            // Whether the sync came before or after the write nobody knows; written again, with a whole link.
            return Step::Again(self.done);
        }
        if written == self.len && sync < 0 {
            // All is written, and the sync was cancelled, though nobody asked: its thread has ended.
            return Self::end(sync, None);
        }
        // A short write ends where it likes. The rest has to begin at a whole unit, which is written again.
        let next = written - written % unit;
        if next <= self.done {
            return Step::End(Ended { result: Err(NOTHING_WRITTEN), lost: None });
        }
        self.done = next;
        Step::Again(next)
    }

    fn may_go_on(&self) -> bool {
        !self.cancelled && !self.last
    }

    fn end(result: i32, lost: Option<i32>) -> Step {
        let result = if result < 0 { Err(-result) } else { Ok(result as usize) };
        Step::End(Ended { result, lost })
    }

    fn end_of(bytes: usize) -> Step {
        Step::End(Ended { result: Ok(bytes), lost: None })
    }
}

/// The errno of a sync that was made and failed; one that was cancelled was not made.
fn failed_sync(sync: i32) -> Option<i32> {
    (sync < 0 && sync != -libc::ECANCELED).then_some(-sync)
}
