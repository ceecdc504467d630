use crate::channel::Wait;
use crate::channel::waiters::{Attempt, Waiters};
use crate::time::{Clock, Deadline, Manual};
use std::cell::Cell;
use std::thread;
use std::time::Duration;

/// A peer that stops between claim and publication tells nobody when it goes on: who waits for it looks by itself.
#[test]
fn a_wait_for_a_stalled_peer_looks_by_itself() {
    for wait in [Wait::Spin, Wait::SpinThenPark, Wait::Park] {
        let waiters = Waiters::new(None, true);
        let looks = Cell::new(0);
        let attempt = |()| {
            looks.set(looks.get() + 1);
            if looks.get() < 100 { Attempt::Busy(()) } else { Attempt::Done(looks.get()) }
        };
        let through = waiters.wait(wait, &Clock::Monotonic, Deadline::NEVER, (), attempt, || false);
        assert_eq!(through, Ok(100), "{wait:?}");
        assert_eq!((waiters.parks(), waiters.parked()), (0, 0));
    }
}

/// And the deadline ends it, on a clock that moves by hand as well.
#[test]
fn a_wait_for_a_stalled_peer_ends_at_the_deadline() {
    for wait in [Wait::Spin, Wait::SpinThenPark, Wait::Park] {
        let time = Manual::new();
        let clock = Clock::from(time.clone());
        let deadline = Deadline::after(&clock, Duration::from_secs(60));
        let looks = Cell::new(0);
        let attempt = |item| {
            looks.set(looks.get() + 1);
            if looks.get() == 50 {
                time.advance(Duration::from_secs(60));
            }
            Attempt::<(), _>::Busy(item)
        };
        let given_up = Waiters::new(None, true).wait(wait, &clock, deadline, "item", attempt, || false);
        assert_eq!(given_up, Err("item"), "{wait:?}");
        assert!(looks.get() >= 50);
    }
}

/// A stalled peer that does go on wakes who waits for it, as any other does.
#[test]
fn the_end_of_a_stall_is_told_to_who_waits() {
    let waiters = Waiters::new(None, true);
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|s| {
        s.spawn(|| {
            let attempt = |()| match done.load(std::sync::atomic::Ordering::SeqCst) {
                true => Attempt::Done(()),
                false => Attempt::Busy(()),
            };
            waiters.wait(Wait::Park, &Clock::Monotonic, Deadline::NEVER, (), attempt, || false).unwrap();
        });
        while waiters.wakes() == 0 {
            waiters.signal(false);
            thread::yield_now();
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        waiters.signal(false);
    });
}

/// A deadline in the past: one more look, and no park.
#[test]
fn a_past_deadline_does_not_park() {
    let clock = Clock::from(Manual::new());
    let waiters = Waiters::new(None, true);
    let attempt = |()| Attempt::<(), _>::Nothing(());
    let past = Deadline::PAST;
    assert_eq!(waiters.wait(Wait::default(), &clock, past, (), attempt, || false), Err(()));
    assert_eq!(waiters.parks(), 0);
}
