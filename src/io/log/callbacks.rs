use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{LogError, Lsn};

type Callback = Box<dyn FnOnce(Result<Lsn, LogError>) + Send>;

/// The closures that wait for records to be durable.
#[derive(Default)]
pub(super) struct Callbacks {
    /// By record, and in the order they came.
    waiting: BTreeMap<(u64, u64), Callback>,
    registered: u64,
    /// A thread is calling some: another would overtake it.
    calling: bool,
}

/// Closures whose time has come.
pub(super) struct Ready(Vec<(u64, Callback)>);

impl Callbacks {
    pub(super) fn insert(&mut self, lsn: u64, callback: Callback) {
        self.waiting.insert((lsn, self.registered), callback);
        self.registered += 1;
    }

    /// Whether [`take`](Self::take) would give some.
    #[inline]
    pub(super) fn are_due(&self, lsn: u64) -> bool {
        !self.calling && self.waiting.first_key_value().is_some_and(|((first, _), _)| *first <= lsn)
    }

    /// Takes those for records up to `lsn`; `None` where there are none or another thread is at it, which will ask again.
    /// Whoever gets some calls them and then [`done`](Self::done).
    pub(super) fn take(&mut self, lsn: u64) -> Option<Ready> {
        if !self.are_due(lsn) {
            return None;
        }
        let later = if lsn == u64::MAX { BTreeMap::new() } else { self.waiting.split_off(&(lsn + 1, 0)) };
        let ready = std::mem::replace(&mut self.waiting, later);
        self.calling = true;
        Some(Ready(ready.into_iter().map(|((lsn, _), callback)| (lsn, callback)).collect()))
    }

    pub(super) fn done(&mut self) {
        self.calling = false;
    }
}

impl Ready {
    /// Calls them in order, without the log's lock; tells how many panicked.
    pub(super) fn call(self, result: impl Fn(Lsn) -> Result<Lsn, LogError>) -> u64 {
        let mut panics = 0;
        for (lsn, callback) in self.0 {
            let result = result(Lsn::new(lsn));
            // The closure is gone after that, and the log is not in it.
            panics += u64::from(catch_unwind(AssertUnwindSafe(|| callback(result))).is_err());
        }
        panics
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks").field("waiting", &self.waiting.len()).field("calling", &self.calling).finish()
    }
}
