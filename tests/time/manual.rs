use bedplate::time::{Clock, Instant, Manual};
use std::thread;
use std::time::Duration;

#[test]
fn it_starts_at_zero_and_stands_still() {
    let time = Manual::new();
    assert_eq!(time.now(), Instant::from_nanos(0));
    assert_eq!(Clock::from(time.clone()).now(), time.now());
    assert_eq!(Clock::from(time).resolution(), Duration::ZERO);
}

#[test]
fn clones_are_handles_to_one_clock() {
    let time = Manual::new();
    let other = time.clone();
    time.advance(Duration::from_nanos(3));
    other.advance(Duration::from_nanos(4));
    assert_eq!(time.now(), Instant::from_nanos(7));
    assert_eq!(other.now(), time.now());
}

#[test]
fn moving_past_the_end_of_time_stops_there() {
    let time = Manual::new();
    time.advance(Duration::MAX);
    time.advance(Duration::from_secs(1));
    assert_eq!(time.now(), Instant::MAX);
}

#[test]
fn no_movement_of_any_thread_is_lost() {
    let time = Manual::new();
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| (0..1_000).for_each(|_| time.advance(Duration::from_nanos(1))));
        }
    });
    assert_eq!(time.now(), Instant::from_nanos(8_000));
}

#[cfg(feature = "sync")]
mod waiting {
    use bedplate::sync::EventCount;
    use bedplate::time::{Clock, Deadline, Manual};
    use std::thread;
    use std::time::Duration;

    #[test]
    fn sleepers_counts_those_that_wait_and_wakes_each_at_its_deadline() {
        let time = Manual::new();
        let event = EventCount::new();
        assert_eq!(time.sleepers(), 0);
        thread::scope(|s| {
            for ms in 1..=4 {
                let (event, clock) = (&event, Clock::from(time.clone()));
                s.spawn(move || {
                    let deadline = Deadline::after(&clock, Duration::from_millis(ms));
                    assert!(!event.listen().wait_until(&clock, deadline));
                    assert!(deadline.is_past(&clock));
                });
            }
            for left in (0..=4).rev() {
                while time.sleepers() != left {
                    thread::yield_now();
                }
                time.advance(Duration::from_millis(1));
            }
        });
        assert_eq!(time.sleepers(), 0);
    }
}
