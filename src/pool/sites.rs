//! Where objects that are out were acquired, for every so many acquisitions; nothing without the feature `leak_sites`.

pub(super) use imp::{Mark, Sites};

#[cfg(feature = "leak_sites")]
mod imp {
    use std::backtrace::Backtrace;
    use std::collections::HashMap;
    use std::num::NonZeroU32;
    use std::sync::Arc;

    use crate::pool::LeakSite;
    use crate::primitive::Mutex;
    use crate::primitive::atomic::{AtomicU32, Ordering};
    use crate::sync::Sharded;
    use crate::time::{Clock, Instant};

    /// Whether an object's acquisition was noted. Stands beside the object, and belongs to who has that.
    #[derive(Debug, Default)]
    pub(in crate::pool) struct Mark(bool);

    /// The acquisitions that were noted, by the address of the mark.
    #[derive(Debug, Default)]
    pub(in crate::pool) struct Sites {
        /// One in how many is noted, and how many there were.
        every: Option<(NonZeroU32, Sharded<AtomicU32>)>,
        noted: Mutex<HashMap<usize, (Instant, Arc<Backtrace>)>>,
    }

    impl Sites {
        /// Notes one in `every` acquisitions.
        pub(in crate::pool) fn new(every: NonZeroU32) -> Self {
            Self { every: Some((every, Sharded::new(|| AtomicU32::new(0)))), noted: Mutex::default() }
        }

        /// An object goes out.
        #[inline]
        pub(in crate::pool) fn acquired(&self, mark: &mut Mark, clock: &Clock) {
            if let Some((every, turns)) = &self.every {
                // Relaxed: a count.
                let turn = turns.local().fetch_add(1, Ordering::Relaxed).wrapping_add(1);
                if turn % every.get() == 0 {
                    self.note(mark, clock);
                }
            }
        }

        #[cold]
        fn note(&self, mark: &mut Mark, clock: &Clock) {
            let site = (clock.now(), Arc::new(Backtrace::force_capture()));
            mark.0 = true;
            self.noted.lock().insert(std::ptr::from_ref(mark).addr(), site);
        }

        /// An object comes back, or ends.
        #[inline]
        pub(in crate::pool) fn returned(&self, mark: &mut Mark) {
            if mark.0 {
                self.forget(mark);
            }
        }

        #[cold]
        fn forget(&self, mark: &mut Mark) {
            mark.0 = false;
            let site = self.noted.lock().remove(&std::ptr::from_ref(mark).addr());
            drop(site);
        }

        /// The acquisitions whose objects are out, the oldest first.
        pub(in crate::pool) fn list(&self, clock: &Clock) -> Vec<LeakSite> {
            let now = clock.now();
            let noted: Vec<_> = self.noted.lock().values().cloned().collect();
            let mut sites: Vec<_> =
                noted.into_iter().map(|(at, backtrace)| LeakSite { backtrace, held: now - at }).collect();
            sites.sort_by_key(|site| std::cmp::Reverse(site.held));
            sites
        }
    }
}

#[cfg(not(feature = "leak_sites"))]
mod imp {
    use crate::time::Clock;

    #[derive(Debug, Default)]
    pub(in crate::pool) struct Mark(());

    #[derive(Debug, Default)]
    pub(in crate::pool) struct Sites(());

    impl Sites {
        #[inline]
        pub(in crate::pool) fn acquired(&self, _: &mut Mark, _: &Clock) {}

        #[inline]
        pub(in crate::pool) fn returned(&self, _: &mut Mark) {}
    }
}
