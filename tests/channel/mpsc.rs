use crate::suite;
use bedplate::channel::{self, Builder};
use std::thread;

#[test]
fn smoke() {
    suite::smoke(Builder::build_mpsc);
}

#[test]
fn receive_timeouts() {
    suite::receive_timeouts(Builder::build_mpsc);
}

#[test]
fn send_timeouts() {
    suite::send_timeouts(Builder::build_mpsc);
}

#[test]
fn close_then_drain() {
    suite::close_then_drain(Builder::build_mpsc);
}

#[test]
fn close_wakes_a_receiver() {
    suite::close_wakes_a_receiver(Builder::build_mpsc);
}

#[test]
fn close_wakes_a_sender() {
    suite::close_wakes_a_sender(Builder::build_mpsc);
}

#[test]
fn the_last_sender_closes() {
    suite::the_last_sender_closes(Builder::build_mpsc);
}

#[test]
fn the_last_receiver_closes() {
    suite::the_last_receiver_closes(Builder::build_mpsc);
}

#[test]
fn batches() {
    suite::batches(Builder::build_mpsc);
}

#[test]
fn close_racing_with_send() {
    suite::close_racing_with_send(Builder::build_mpsc);
}

#[test]
#[should_panic(expected = "mpsc::ring: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = channel::mpsc::<u8>(0);
}

/// Senders that have to wait for room share one receiver, which takes some one by one and some together.
#[test]
fn many_to_one() {
    const ITEMS: u32 = 3_000;
    let (tx, rx) = channel::mpsc(4);
    let mut seen = thread::scope(|s| {
        for id in 0..3 {
            let tx = tx.clone();
            s.spawn(move || (0..ITEMS).for_each(|n| tx.send(id * ITEMS + n).unwrap()));
        }
        drop(tx);
        let mut seen = Vec::new();
        while let Ok(item) = rx.recv() {
            seen.push(item);
            let _ = rx.try_recv_many(&mut seen, 3);
        }
        seen
    });
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..3 * ITEMS));
}
