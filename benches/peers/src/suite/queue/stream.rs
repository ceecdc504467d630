//! Items in order, from one producer to each of its consumers.

use super::ring::Ring;
use crate::harness::{Job, Wait, together_jobs};
use std::time::Duration;

/// `ops` items through a ring, up to `BULK` of them a call.
pub fn stream<R: Ring, const BULK: usize>(capacity: usize, ops: u64) -> Duration {
    let (mut producer, mut consumer) = R::with_capacity(capacity);
    let push = move |next| match BULK {
        1 => usize::from(R::push(&mut producer, next)),
        _ => R::push_range(&mut producer, next, (ops - next).min(BULK as u64) as usize),
    };
    let pop = move |next| match BULK {
        1 => R::pop(&mut consumer).map_or(0, |value| {
            assert_eq!(value, next, "items keep their order");
            1
        }),
        _ => R::pop_range(&mut consumer, next, BULK),
    };
    one_to_each(ops, push, vec![pop])
}

/// The numbers below `ops` from one producer to each of the consumers, which check that they count up.
///
/// Both are called with the number that is next, say how many they did from it on, and wait where they did none.
pub fn one_to_each<C>(ops: u64, produce: impl FnMut(u64) -> usize + Send, consumers: Vec<C>) -> Duration
where
    C: FnMut(u64) -> usize + Send,
{
    let threads = 1 + consumers.len() as u64;
    let mut jobs: Vec<Job<'_>> = vec![Box::new(move || step_by_step(ops, produce))];
    jobs.extend(consumers.into_iter().map(|consume| Box::new(move || step_by_step(ops, consume)) as Job<'_>));
    let (elapsed, done) = together_jobs(jobs);
    assert_eq!(done, threads * ops, "each consumer gets each item");
    elapsed
}

fn step_by_step(ops: u64, mut step: impl FnMut(u64) -> usize) -> u64 {
    let (mut wait, mut next) = (Wait::new(), 0);
    while next < ops {
        match step(next) {
            0 => wait.pause(),
            done => {
                next += done as u64;
                wait.progress();
            }
        }
    }
    next
}
