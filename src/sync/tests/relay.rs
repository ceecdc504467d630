use crate::sync::{EventCount, Listener, Woken};
use crate::time::{Clock, Deadline, Manual};

/// How a wait ends for which no time is left.
fn outcome(listener: Listener<'_>) -> Woken<'_> {
    listener.wait_relayed(&Clock::from(Manual::new()), Deadline::PAST)
}

#[test]
fn one_wake_up_is_in_flight_until_the_baton_is_put_down() {
    let event = EventCount::new();
    let (first, second, third) = (event.listen(), event.listen(), event.listen());
    assert!(event.relay().woke);
    assert!(!event.relay().woke && !event.relay_relaxed().woke, "the baton is out");
    let Woken::First(baton) = outcome(first) else { panic!("first in line") };
    assert!(!event.relay().woke, "still out");
    baton.put_down();
    assert!(event.relay_relaxed().woke);
    let Woken::First(baton) = outcome(second) else { panic!("second in line") };
    assert!(baton.pass(), "to the third");
    assert!(matches!(outcome(third), Woken::First(_)));
    assert!(!event.relay().woke, "nobody listens");
    let last = event.listen();
    assert!(event.relay().woke, "the baton went down with the third");
    assert!(matches!(outcome(last), Woken::First(_)));
}

#[test]
fn a_dropped_baton_and_a_dropped_listener_wake_the_next() {
    let event = EventCount::new();
    let (first, second, third) = (event.listen(), event.listen(), event.listen());
    assert!(event.relay().woke);
    drop(first); // It was told, and had not looked.
    drop(outcome(second));
    assert!(matches!(outcome(third), Woken::First(_)));
}

#[test]
fn a_listener_that_timed_out_takes_no_baton() {
    let event = EventCount::new();
    let (first, second) = (event.listen(), event.listen());
    assert!(matches!(outcome(first), Woken::No));
    assert!(event.relay().woke);
    assert!(matches!(outcome(second), Woken::First(_)));
}

#[test]
fn a_relay_to_all_gives_no_baton() {
    let event = EventCount::new();
    let (first, second) = (event.listen(), event.listen());
    assert!(event.relay().woke);
    assert!(!event.relay_to_all(), "nobody armed it");
    assert!(matches!(outcome(second), Woken::Yes));
    assert!(matches!(outcome(first), Woken::First(_)), "told before");
}

#[test]
fn an_arming_is_told_once_whether_or_not_the_baton_is_out() {
    let event = EventCount::new();
    event.arm();
    assert!(event.relay().armed);
    assert!(!event.relay().armed);
    let listener = event.listen();
    assert!(event.relay().woke);
    event.arm();
    let relayed = event.relay();
    assert!(relayed.armed && !relayed.woke);
    event.arm();
    assert!(event.disarm() && !event.disarm());
    event.arm();
    assert!(event.relay_to_all() && !event.relay_to_all());
    drop(listener);
}

#[test]
fn notifications_pass_by_the_baton() {
    let event = EventCount::new();
    let (first, second) = (event.listen(), event.listen());
    assert!(event.relay().woke);
    event.notify(1);
    assert!(matches!(outcome(second), Woken::Yes));
    assert!(matches!(outcome(first), Woken::First(_)));
}
