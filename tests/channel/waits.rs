//! The promises of the suite under each way to wait.

use crate::suite;
use bedplate::channel::{self, Builder, Receiver, RecvTimeoutError, SendTimeoutError, Sender, Wait};
use bedplate::time::{Clock, Manual};
use std::thread;
use std::time::Duration;

/// Those that are not the default, under which the other files run the suite.
const WAITS: [Wait; 2] = [Wait::Spin, Wait::Park];
const MINUTE: Duration = Duration::from_secs(60);

fn build<T>(wait: Wait) -> impl Fn(Builder) -> (Sender<T>, Receiver<T>) {
    move |builder| builder.wait(wait).build()
}

#[test]
fn spinning_then_parking_is_the_default() {
    assert_eq!(Wait::default(), Wait::SpinThenPark);
}

#[test]
fn batches() {
    WAITS.into_iter().for_each(|wait| suite::batches(build(wait)));
}

#[test]
fn many_to_many() {
    WAITS.into_iter().for_each(|wait| suite::many_to_many(build(wait)));
    suite::many_to_many(|builder| builder.wait(Wait::Park).build_segmented());
}

#[test]
fn close_racing_with_send() {
    WAITS.into_iter().for_each(|wait| suite::close_racing_with_send(build(wait)));
    suite::close_racing_with_send(|builder| builder.wait(Wait::Park).build_spsc());
}

#[test]
fn timeouts_of_threads_that_park_at_once() {
    suite::receive_timeouts(build(Wait::Park));
    suite::send_timeouts(build(Wait::Park));
}

/// Nobody is parked, so nobody wakes them: they see the clock move by themselves.
#[test]
fn timeouts_of_threads_that_only_spin() {
    let time = Manual::new();
    let clock = Clock::from(time.clone());
    let (tx, rx) = build(Wait::Spin)(channel::builder(1).clock(time.clone()));
    // Moves the clock until the thread is through, and says that it was not before its time.
    let timed = |wait: &(dyn Fn() + Sync)| {
        thread::scope(|s| {
            let waiting = s.spawn(|| {
                let began = clock.now();
                wait();
                clock.now() - began
            });
            while !waiting.is_finished() {
                time.advance(Duration::from_secs(10));
                thread::yield_now();
            }
            assert!(waiting.join().unwrap() >= MINUTE);
        });
    };
    timed(&|| assert_eq!(rx.recv_timeout(MINUTE), Err(RecvTimeoutError::Timeout)));
    tx.send(1).unwrap();
    timed(&|| assert_eq!(tx.send_timeout(2, MINUTE), Err(SendTimeoutError::Timeout(2))));
    let stats = rx.stats();
    assert_eq!((stats.receiver_parks, stats.sender_parks), (0, 0));
}

#[test]
fn threads_that_only_spin_never_park() {
    let (tx, rx) = build(Wait::Spin)(channel::builder(1));
    thread::scope(|s| {
        s.spawn(move || (0..2_000).for_each(|n| tx.send(n).unwrap()));
        assert!(rx.iter().eq(0..2_000));
    });
    let stats = rx.stats();
    assert_eq!((stats.receiver_parks, stats.sender_parks), (0, 0));
    assert_eq!((stats.receiver_wakes, stats.sender_wakes), (0, 0));
}
