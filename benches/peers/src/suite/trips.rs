//! One item to and fro between two pinned threads.

use crate::harness::{Job, together_jobs};
use std::time::Instant;

/// Runs `trip` on one thread and `echo` on the other, `trips` times each, and gives the nanoseconds of each trip.
///
/// `trip` sends a number and gives what came back; `echo` sends back what it got. A trip ends where the next begins, so
/// that the clock is read once a trip.
pub fn round_trips(trips: u64, mut trip: impl FnMut(u64) -> u64 + Send, mut echo: impl FnMut() + Send) -> Vec<u64> {
    let mut times = Vec::with_capacity(trips as usize);
    let there = || {
        let mut start = Instant::now();
        for number in 0..trips {
            assert_eq!(trip(number), number, "what was sent comes back");
            let end = Instant::now();
            times.push((end - start).as_nanos() as u64);
            start = end;
        }
        trips
    };
    let back = || {
        (0..trips).for_each(|_| echo());
        trips
    };
    together_jobs(vec![Box::new(there) as Job<'_>, Box::new(back)]);
    times
}
