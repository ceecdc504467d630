use bedplate::sync::EventCount;
use bedplate::time::{Clock, Deadline, Manual};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);

/// Spins until `n` threads wait on a deadline of `time`.
fn until_asleep(time: &Manual, n: usize) {
    while time.sleepers() != n {
        thread::yield_now();
    }
}

#[test]
fn a_notification_between_listen_and_wait_is_not_lost() {
    let event = EventCount::new();
    let listener = event.listen();
    event.notify(1);
    listener.wait();
}

#[test]
fn a_notification_before_listen_wakes_nobody() {
    let event = EventCount::new();
    event.notify_all();
    let clock = Clock::from(Manual::new());
    assert!(!event.listen().wait_until(&clock, Deadline::at(clock.now())));
}

#[test]
fn the_deadline_ends_a_wait_and_an_earlier_move_of_the_clock_does_not() {
    let time = Manual::new();
    let clock = Clock::from(time.clone());
    let deadline = Deadline::after(&clock, Duration::from_millis(1));
    let event = EventCount::new();
    thread::scope(|s| {
        let waiter = s.spawn(|| (event.listen().wait_until(&clock, deadline), clock.now()));
        // A thread that sleeps again after a move is one sleeper throughout, so each of these wakes it once at most.
        for _ in 0..4 {
            until_asleep(&time, 1);
            time.advance(Duration::from_millis(1) / 4 - NS);
        }
        until_asleep(&time, 1);
        assert!(!waiter.is_finished());
        time.advance(4 * NS);
        assert_eq!(waiter.join().unwrap(), (false, deadline.instant().unwrap()));
    });
}

#[test]
fn a_notified_wait_says_so() {
    let time = Manual::new();
    let clock = Clock::from(time.clone());
    let event = EventCount::new();
    thread::scope(|s| {
        let waiter = s.spawn(|| event.listen().wait_until(&clock, Deadline::after(&clock, NS)));
        until_asleep(&time, 1);
        event.notify(1);
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn listeners_are_woken_first_come_first_served() {
    let event = EventCount::new();
    let clock = Clock::from(Manual::new());
    let now = Deadline::at(clock.now());
    let (first, second, third) = (event.listen(), event.listen(), event.listen());
    event.notify(2);
    assert!(!third.wait_until(&clock, now));
    assert!(second.wait_until(&clock, now));
    assert!(first.wait_until(&clock, now));
}

#[test]
fn a_dropped_listener_passes_its_notification_on() {
    let event = EventCount::new();
    let clock = Clock::from(Manual::new());
    let now = Deadline::at(clock.now());
    let (first, second) = (event.listen(), event.listen());
    event.notify(1);
    drop(first);
    assert!(second.wait_until(&clock, now));
}

#[test]
fn a_listener_that_timed_out_takes_no_notification() {
    let event = EventCount::new();
    let clock = Clock::from(Manual::new());
    let now = Deadline::at(clock.now());
    let (first, second) = (event.listen(), event.listen());
    assert!(!first.wait_until(&clock, now));
    event.notify(1);
    assert!(second.wait_until(&clock, now));
}

#[test]
fn notify_all_wakes_every_listener() {
    let event = EventCount::new();
    let clock = Clock::from(Manual::new());
    let listeners: Vec<_> = (0..5).map(|_| event.listen()).collect();
    event.notify_all();
    assert!(listeners.into_iter().all(|l| l.wait_until(&clock, Deadline::at(clock.now()))));
}

#[test]
fn two_threads_that_take_turns_never_miss_a_wake_up() {
    const ROUNDS: u64 = 20_000;
    let turn = AtomicU64::new(0);
    let events = [EventCount::new(), EventCount::new()];
    thread::scope(|s| {
        for me in 0..2u64 {
            let (turn, events) = (&turn, &events);
            s.spawn(move || {
                for round in (me..ROUNDS).step_by(2) {
                    while turn.load(Ordering::Acquire) != round {
                        let listener = events[me as usize].listen();
                        if turn.load(Ordering::Acquire) == round {
                            break;
                        }
                        listener.wait();
                    }
                    turn.store(round + 1, Ordering::Release);
                    events[1 - me as usize].notify(1);
                }
            });
        }
    });
    assert_eq!(turn.load(Ordering::Relaxed), ROUNDS);
}

#[test]
fn a_change_wakes_all_that_wait_for_it() {
    let event = EventCount::new();
    let open = AtomicBool::new(false);
    let passed = AtomicU64::new(0);
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                while !open.load(Ordering::Acquire) {
                    let listener = event.listen();
                    if open.load(Ordering::Acquire) {
                        break;
                    }
                    listener.wait();
                }
                passed.fetch_add(1, Ordering::Relaxed);
            });
        }
        open.store(true, Ordering::Release);
        event.notify_all();
    });
    assert_eq!(passed.load(Ordering::Relaxed), 8);
}
