use crate::suite;
use bedplate::channel::{self, Builder};
use std::thread;

#[test]
fn smoke() {
    suite::smoke(Builder::build_spmc);
}

#[test]
fn receive_timeouts() {
    suite::receive_timeouts(Builder::build_spmc);
}

#[test]
fn send_timeouts() {
    suite::send_timeouts(Builder::build_spmc);
}

#[test]
fn close_then_drain() {
    suite::close_then_drain(Builder::build_spmc);
}

#[test]
fn close_wakes_a_receiver() {
    suite::close_wakes_a_receiver(Builder::build_spmc);
}

#[test]
fn close_wakes_a_sender() {
    suite::close_wakes_a_sender(Builder::build_spmc);
}

#[test]
fn the_last_sender_closes() {
    suite::the_last_sender_closes(Builder::build_spmc);
}

#[test]
fn the_last_receiver_closes() {
    suite::the_last_receiver_closes(Builder::build_spmc);
}

#[test]
fn batches() {
    suite::batches(Builder::build_spmc);
}

#[test]
fn close_racing_with_send() {
    suite::close_racing_with_send(Builder::build_spmc);
}

#[test]
#[should_panic(expected = "spmc::ring: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = channel::spmc::<u8>(0);
}

/// Receivers that have to wait for items share one sender, which sends some one by one and some together.
#[test]
fn one_to_many() {
    const ITEMS: u32 = 9_000;
    let (tx, rx) = channel::spmc(4);
    let mut seen: Vec<u32> = thread::scope(|s| {
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let rx = rx.clone();
                s.spawn(move || rx.iter().collect::<Vec<_>>())
            })
            .collect();
        s.spawn(move || {
            for first in (0..ITEMS).step_by(10) {
                tx.send(first).unwrap();
                tx.send_all(&mut (first + 1..first + 10).collect::<Vec<_>>()).unwrap();
            }
        });
        workers
            .into_iter()
            .flat_map(|worker| {
                let seen = worker.join().unwrap();
                assert!(seen.is_sorted());
                seen
            })
            .collect()
    });
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..ITEMS));
}

/// A close by the receiver reaches a sender that waits for room.
#[test]
fn the_receiver_closes_while_full() {
    let (tx, rx) = channel::spmc(1);
    tx.send(1).unwrap();
    thread::scope(|s| {
        let sender = s.spawn(move || tx.send(2));
        while rx.stats().parked_senders == 0 {
            thread::yield_now();
        }
        rx.close();
        assert!(sender.join().unwrap().is_err());
    });
    assert!(rx.iter().eq([1]));
}
