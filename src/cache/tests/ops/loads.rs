use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::bedplate::cache::{Compute, LoadError};
use super::{Load, Subject, Value, World};

/// Loaders that run operations themselves, at most.
const MOST_NESTED: usize = 3;

impl World<'_> {
    /// What a loader does: up to three operations of the sequence; then it has a value, fails or panics.
    pub(super) fn run_inside(&mut self, cache: &Subject, how: u8) {
        self.settle(cache.capacity(), None, |_, _| false);
        self.check(cache);
        if self.loads.len() <= MOST_NESTED {
            for _ in 0..how & 3 {
                self.step(cache);
            }
        }
    }

    pub(super) fn load(&mut self, cache: &Subject) {
        let (key, value, how) = (self.key(), self.value(), self.byte());
        let live = self.live(key);
        let (loading, nested) = (self.is_loading(key), self.loads.len());
        let worn = live.is_some() && {
            let due = self.model[&key].due;
            due.is_some_and(|due| self.refresh.is_some_and(|ahead| self.now() + ahead >= due))
        };
        self.looked_up(key, live.is_some());
        let mut ran = false;
        let result = catch_unwind(AssertUnwindSafe(|| {
            cache.get_or_try_insert_with(key, || {
                ran = true;
                self.loads.push(Load { key, cancelled: false });
                self.run_inside(cache, how);
                match how >> 2 & 7 {
                    0 => resume_unwind(Box::new("a loader that panics")),
                    1 => Err("a loader that fails"),
                    _ => Ok(value),
                }
            })
        }));
        assert_eq!(ran, (live.is_none() || worn) && !loading, "a loader runs where there is no value, or an old one");
        let cancelled = self.loads.get(nested).is_some_and(|load| load.cancelled);
        self.loads.truncate(nested);
        match result {
            Err(payload) => match payload.downcast_ref::<&str>() {
                Some(&"a loader that panics") => assert!(ran),
                _ => resume_unwind(payload),
            },
            Ok(Err(LoadError::Failed(_))) => assert!(ran && live.is_none()),
            Ok(Err(LoadError::Recursive)) => assert!(loading && live.is_none()),
            Ok(Err(error)) => panic!("{error}"),
            Ok(Ok(loaded)) if ran && loaded == value => {
                if !cancelled {
                    return self.landed(cache, key, value);
                }
            }
            Ok(Ok(loaded)) => assert_eq!(Some(loaded), live, "what was there"),
        }
        self.settle(cache.capacity(), None, |_, _| false);
    }

    /// A load or a computation has ended with a value.
    pub(super) fn landed(&mut self, cache: &Subject, key: u8, value: Value) {
        let due = self.due(None, value);
        self.settle(cache.capacity(), Some((value, None)), |_, _| false);
        assert!(!self.model.contains_key(&key), "what was to be replaced was told of");
        if let (Ok(due), true) = (due, self.weight(value) <= cache.capacity() as u64) {
            self.store(key, value, due);
        }
    }

    pub(super) fn compute(&mut self, cache: &Subject) {
        let (key, value, mut how) = (self.key(), self.value(), self.byte());
        if self.is_loading(key) {
            return; // That panics: tested apart.
        }
        let nested = self.loads.len();
        let mut asked = 0;
        let step = match how >> 2 & 3 {
            0 => Compute::Remove,
            1 => Compute::Keep,
            _ => Compute::Put(value),
        };
        let result = cache.compute(key, |current| {
            self.settle(cache.capacity(), None, |_, _| false);
            assert_eq!(current, self.live(key), "the value that is there");
            assert!(asked == 0 || self.loads[nested].cancelled, "asked again only where it was cancelled");
            asked += 1;
            self.loads.truncate(nested);
            self.loads.push(Load { key, cancelled: false });
            self.run_inside(cache, how);
            how = 0;
            step
        });
        assert!(!self.loads[nested].cancelled, "a cancelled computation is asked again");
        self.loads.truncate(nested);
        match step {
            Compute::Put(_) => {
                self.landed(cache, key, value);
                assert_eq!(result, self.model.get(&key).map(|held| held.value), "what is there then");
            }
            Compute::Remove => {
                assert_eq!(result, None);
                self.settle(cache.capacity(), None, |other, _| other == key);
                assert!(!self.model.contains_key(&key), "what was removed was told of");
            }
            Compute::Keep => {
                assert_eq!(result, self.live(key), "what is there then");
                self.settle(cache.capacity(), None, |_, _| false);
            }
        }
    }
}
