//! When a batch thread asks to be woken for the end of a linger.

use crate::batch::ahead::Ahead;
use crate::time::{Clock, Deadline, Manual};
use std::time::Duration;

/// As if the kernel had been `late` each time, for long.
fn used_to(late: Duration) -> Ahead {
    let mut ahead = Ahead::default();
    let clock = Clock::Monotonic;
    for _ in 0..100 {
        let asked = Deadline::at(crate::time::Instant::from_nanos(
            clock.now().as_nanos() - u64::try_from(late.as_nanos()).unwrap(),
        ));
        ahead.learn(&clock, asked);
    }
    ahead
}

/// How much earlier than the end of a wait it asks.
fn earlier(ahead: Ahead, wait: Duration) -> Duration {
    let clock = Clock::Monotonic;
    let end = Deadline::after(&clock, wait);
    end.instant().unwrap() - ahead.before(&clock, end).instant().unwrap()
}

#[test]
fn it_asks_as_much_earlier_as_the_kernel_is_late() {
    assert_eq!(earlier(Ahead::default(), Duration::from_secs(1)), Duration::ZERO);
    let early = earlier(used_to(Duration::from_micros(60)), Duration::from_secs(1));
    // What the test takes between its readings adds to it.
    assert!((Duration::from_micros(55)..=Duration::from_micros(200)).contains(&early), "{early:?}");
}

#[test]
fn what_it_may_spend_awake_is_bounded() {
    let ahead = used_to(Duration::from_millis(50));
    assert_eq!(earlier(ahead, Duration::from_secs(1)).as_micros(), 199);
    let part = earlier(ahead, Duration::from_micros(800));
    assert!(part <= Duration::from_micros(100), "{part:?}");
}

#[test]
fn it_leaves_other_clocks_and_waits_without_an_end_alone() {
    let ahead = used_to(Duration::from_millis(50));
    let time = Manual::new();
    let clock = Clock::from(time);
    let end = Deadline::after(&clock, Duration::from_millis(1));
    assert_eq!(ahead.before(&clock, end), end);
    assert_eq!(ahead.before(&Clock::Monotonic, Deadline::NEVER), Deadline::NEVER);
}
