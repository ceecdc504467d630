//! Readers wait for a setting to change without a lock around it: an `EventCount` beside a plain atomic.

use bedplate::sync::EventCount;
use bedplate::time::{Clock, Deadline};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

struct Setting {
    version: AtomicU64,
    changed: EventCount,
}

impl Setting {
    fn publish(&self) {
        self.version.fetch_add(1, Ordering::Release);
        self.changed.notify_all();
    }

    /// The first version seen that is not `known`, or `known` once the deadline is past.
    fn wait_for_other(&self, known: u64, clock: &Clock, deadline: Deadline) -> u64 {
        loop {
            let version = self.version.load(Ordering::Acquire);
            if version != known {
                return version;
            }
            let listener = self.changed.listen();
            // A change before `listen` is seen here; one after it wakes the listener.
            let version = self.version.load(Ordering::Acquire);
            if version != known {
                return version;
            }
            if !listener.wait_until(clock, deadline) {
                return self.version.load(Ordering::Acquire);
            }
        }
    }
}

fn main() {
    const VERSIONS: u64 = 5;
    let clock = Clock::Monotonic;
    let setting = Setting { version: AtomicU64::new(0), changed: EventCount::new() };
    thread::scope(|s| {
        for reader in 0..3 {
            let (setting, clock) = (&setting, &clock);
            s.spawn(move || {
                let mut known = 0;
                let mut changes = 0;
                while known < VERSIONS {
                    let version = setting.wait_for_other(known, clock, Deadline::NEVER);
                    assert!(version > known, "versions only rise");
                    known = version;
                    changes += 1;
                }
                println!("reader {reader} saw {changes} of {VERSIONS} changes");
            });
        }
        for _ in 0..VERSIONS {
            thread::yield_now();
            setting.publish();
        }
    });
    // Nothing changes any more: the wait ends at its deadline, and the answer is the version that is known.
    let soon = Deadline::after(&clock, Duration::from_millis(5));
    assert_eq!(setting.wait_for_other(VERSIONS, &clock, soon), VERSIONS);
    assert!(soon.is_past(&clock));
}
