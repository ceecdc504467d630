//! One item to and fro through two queues.

use super::ring::Ring;
use crate::harness::Wait;
use crate::suite::trips::round_trips;

/// The nanoseconds of each of so many trips through two queues of that capacity.
pub fn pingpong<R: Ring>(capacity: usize, trips: u64) -> Vec<u64> {
    let (mut there, mut received) = R::with_capacity(capacity);
    let (mut back, mut returned) = R::with_capacity(capacity);
    round_trips(
        trips,
        move |number| {
            put::<R>(&mut there, number);
            take::<R>(&mut returned)
        },
        move || put::<R>(&mut back, take::<R>(&mut received)),
    )
}

fn put<R: Ring>(producer: &mut R::Producer, number: u64) {
    let mut wait = Wait::new();
    while !R::push(producer, number) {
        wait.pause();
    }
}

fn take<R: Ring>(consumer: &mut R::Consumer) -> u64 {
    let mut wait = Wait::new();
    loop {
        match R::pop(consumer) {
            Some(number) => return number,
            None => wait.pause(),
        }
    }
}
