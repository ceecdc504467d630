use super::access::Access;
use super::rest::Rest;
use crate::pool::AcquireError;

/// What the depot's lock guards: the items that are in no magazine, the counts that keep the bound, and the reasons why
/// magazines are revoked.
///
/// Three numbers keep the bound: items that live (`live`: in the depot, in magazines, or out), items that are being made
/// (`reserved`), and the maximum, which their sum never passes. The capacity of `idle` is never below `live + reserved`, so
/// that giving back allocates nothing.
#[derive(Debug)]
pub(super) struct Depot<I> {
    /// A stack: what came back last is warm in cache, and goes out first.
    pub(super) idle: Vec<I>,
    pub(super) live: usize,
    pub(super) reserved: usize,
    /// The least length of `idle` since it was last looked at.
    pub(super) low_water: usize,
    pub(super) closed: bool,
    /// The last handle is gone.
    pub(super) abandoned: bool,
    /// Threads that wait for an item.
    pub(super) waiters: usize,
    /// Threads that empty the magazines.
    pub(super) revokers: usize,
    /// The magazines are revoked, and were found empty since.
    pub(super) quiet: bool,
    /// The kernel refused a heavy fence: the magazines are revoked for good, and each is emptied by its owner.
    pub(super) retired: bool,
    pub(super) rest: Rest,
    pub(super) counts: Counts,
}

/// What happened, but for what magazines count themselves.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) high_water: usize,
    pub(super) created: u64,
    pub(super) acquired: u64,
    /// Of those acquired, here or in magazines, that were not fit to go out.
    pub(super) rejected: u64,
    pub(super) discarded: u64,
    pub(super) detached: u64,
    pub(super) waits: u64,
    pub(super) revocations: u64,
}

impl<I> Depot<I> {
    pub(super) fn new() -> Self {
        Self {
            idle: Vec::new(),
            live: 0,
            reserved: 0,
            low_water: 0,
            closed: false,
            abandoned: false,
            waiters: 0,
            revokers: 0,
            quiet: false,
            retired: false,
            rest: Rest::new(),
            counts: Counts::default(),
        }
    }

    pub(super) fn check_open(&self) -> Result<(), AcquireError> {
        if self.closed { Err(AcquireError::Closed) } else { Ok(()) }
    }

    /// The item that came last.
    pub(super) fn take(&mut self) -> Option<I> {
        let item = self.idle.pop();
        self.low_water = self.low_water.min(self.idle.len());
        item
    }

    /// Room for `n` more items, and capacity for them in the list.
    pub(super) fn reserve(&mut self, n: usize) -> Result<(), AcquireError> {
        let needed = self.live + self.reserved + n;
        self.idle.try_reserve(needed - self.idle.len()).map_err(|_| AcquireError::out_of_memory())?;
        self.reserved += n;
        Ok(())
    }

    /// `n` of the reserved items live.
    pub(super) fn fill(&mut self, n: usize) {
        self.reserved -= n;
        self.live += n;
        self.counts.created += n as u64;
        self.counts.high_water = self.counts.high_water.max(self.live);
    }

    /// Whether everything that comes back is to come here.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiters > 0 || self.revokers > 0 || self.closed
    }

    /// Lets the magazines be used again, unless there is a reason against it.
    pub(super) fn resume(&mut self, access: &Access, popped: impl FnOnce() -> u64) {
        if access.is_revoked() && self.rest.step() && !self.is_wanted() && !self.retired {
            self.rest.end(popped());
            self.quiet = false;
            access.resume();
        }
    }
}
