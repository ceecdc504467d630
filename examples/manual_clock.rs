//! Code that takes a `Clock` is tested without sleeping: a lease, and an hour that passes in no time.

use bedplate::time::{Clock, Deadline, Manual};
use std::time::Duration;

/// The right to do something until a deadline, renewed by each use.
struct Lease {
    clock: Clock,
    term: Duration,
    end: Deadline,
}

impl Lease {
    fn new(clock: impl Into<Clock>, term: Duration) -> Self {
        let clock = clock.into();
        let end = Deadline::after(&clock, term);
        Self { clock, term, end }
    }

    fn renew(&mut self) -> bool {
        let valid = !self.end.is_past(&self.clock);
        if valid {
            self.end = Deadline::after(&self.clock, self.term);
        }
        valid
    }
}

fn main() {
    const HOUR: Duration = Duration::from_secs(3_600);
    const NS: Duration = Duration::from_nanos(1);

    // In production the clock is the machine's.
    assert!(Lease::new(Clock::Monotonic, HOUR).renew());

    // In a test it moves by hand, to the nanosecond before a boundary and over it.
    let time = Manual::new();
    let mut lease = Lease::new(time.clone(), HOUR);
    time.advance(HOUR - NS);
    assert!(lease.renew());
    time.advance(HOUR - NS);
    assert!(lease.renew(), "the renewal began a new term");
    assert_eq!(lease.end.remaining(&lease.clock), Some(HOUR));
    time.advance(HOUR);
    assert!(!lease.renew());
    println!("{:?} passed on the clock, and none outside", Duration::from_nanos(time.now().as_nanos()));
}
