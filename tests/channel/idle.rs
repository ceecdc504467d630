//! What a wait costs in CPU time.

use bedplate::channel::{self, Builder, Wait};
use rustix::time::{ClockId, clock_gettime};
use std::thread;
use std::time::Duration;

/// Of the calling thread.
fn cpu_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.try_into().unwrap(), used.tv_nsec.try_into().unwrap())
}

/// What a receiver uses that waits for half a second. The sleep is the time it waits, and orders nothing.
fn waiting(builder: Builder) -> Duration {
    let (tx, rx) = builder.build();
    thread::scope(|s| {
        let receiver = s.spawn(move || {
            let before = cpu_time();
            assert_eq!(rx.recv(), Ok(7));
            cpu_time() - before
        });
        while tx.stats().parked_receivers == 0 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(500));
        tx.send(7).unwrap();
        receiver.join().unwrap()
    })
}

#[test]
fn a_receiver_that_waits_uses_no_cpu_time() {
    for wait in [Wait::SpinThenPark, Wait::Park] {
        let used = waiting(channel::builder(1).wait(wait));
        assert!(used < Duration::from_millis(1), "{wait:?}: {used:?} in half a second");
    }
}
