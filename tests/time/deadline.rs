use bedplate::time::{Clock, Deadline, Instant, Manual};
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);

#[test]
fn a_deadline_is_past_from_its_instant_on() {
    let time = Manual::new();
    let clock = Clock::from(time.clone());
    let deadline = Deadline::after(&clock, 5 * NS);
    assert_eq!(deadline.instant(), Some(Instant::from_nanos(5)));
    time.advance(4 * NS);
    assert!(!deadline.is_past(&clock));
    assert_eq!(deadline.remaining(&clock), Some(NS));
    time.advance(NS);
    assert!(deadline.is_past(&clock));
    time.advance(NS);
    assert!(deadline.is_past(&clock));
    assert_eq!(deadline.remaining(&clock), Some(Duration::ZERO));
}

#[test]
fn a_timeout_past_the_end_of_time_never_comes() {
    let time = Manual::new();
    let clock = Clock::from(time.clone());
    time.advance(NS);
    assert_eq!(Deadline::after(&clock, Duration::MAX), Deadline::NEVER);
    time.advance(Duration::MAX);
    assert!(!Deadline::NEVER.is_past(&clock));
    assert_eq!(Deadline::NEVER.remaining(&clock), None);
}

#[test]
fn deadlines_are_ordered_by_when_they_come() {
    let mut deadlines =
        [Deadline::NEVER, Deadline::at(Instant::from_nanos(2)), Deadline::PAST, Deadline::at(Instant::MAX)];
    deadlines.sort();
    let at = |nanos| Deadline::at(Instant::from_nanos(nanos));
    assert_eq!(deadlines, [Deadline::PAST, at(2), Deadline::at(Instant::MAX), Deadline::NEVER]);
    assert!(Deadline::PAST.is_past(&Clock::from(Manual::new())));
}
