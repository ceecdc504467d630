//! How many threads are woken for how much.

use bedplate::channel::{self, Receiver, Wait};
use std::thread;

/// Receivers that park at once.
fn receivers_of(capacity: usize) -> (channel::Sender<u32>, Receiver<u32>) {
    channel::builder(capacity).wait(Wait::Park).build()
}

fn until_parked(rx: &Receiver<u32>, threads: usize) {
    while rx.stats().parked_receivers != threads {
        thread::yield_now();
    }
}

#[test]
fn nobody_is_woken_where_nobody_waits() {
    let (tx, rx) = receivers_of(8);
    tx.send_all(&mut vec![1, 2, 3]).unwrap();
    assert_eq!(rx.iter().take(3).sum::<u32>(), 6);
    let stats = rx.stats();
    assert_eq!((stats.receiver_wakes, stats.sender_wakes, stats.receiver_parks), (0, 0, 0));
}

#[test]
fn a_batch_that_one_receiver_takes_wakes_one() {
    let (tx, rx) = receivers_of(8);
    thread::scope(|s| {
        for _ in 0..4 {
            let rx = rx.clone();
            s.spawn(move || {
                let mut items = Vec::new();
                // Whoever is woken ends here, and whoever is not, by the close.
                let _ = rx.recv_many(&mut items, 8);
                assert!(items.is_empty() || items.len() == 8);
            });
        }
        until_parked(&rx, 4);
        tx.send_all(&mut vec![7; 8]).unwrap();
        // Who is woken is parked no longer before it receives.
        until_parked(&rx, 3);
        while !rx.is_empty() {
            thread::yield_now();
        }
        assert_eq!(rx.stats().parked_receivers, 3);
        tx.close();
    });
    assert_eq!(rx.stats().receiver_wakes, 1);
}

#[test]
fn a_woken_receiver_wakes_the_next_as_long_as_items_are_left() {
    let (tx, rx) = receivers_of(8);
    thread::scope(|s| {
        let threads: Vec<_> = (0..5)
            .map(|_| {
                let rx = rx.clone();
                s.spawn(move || rx.recv().is_ok())
            })
            .collect();
        until_parked(&rx, 5);
        tx.send_all(&mut vec![1, 2, 3]).unwrap();
        until_parked(&rx, 2);
        tx.close();
        assert_eq!(threads.into_iter().map(|t| t.join().unwrap()).filter(|got| *got).count(), 3);
        assert_eq!(rx.stats().receiver_wakes, 3);
    });
}

#[test]
fn room_for_several_senders_wakes_them_one_by_one() {
    let (tx, rx) = receivers_of(4);
    tx.send_all(&mut vec![0; 4]).unwrap();
    thread::scope(|s| {
        for n in 1..=3 {
            let tx = tx.clone();
            s.spawn(move || tx.send(n).unwrap());
        }
        while rx.stats().parked_senders != 3 {
            thread::yield_now();
        }
        assert_eq!(rx.recv_many(&mut Vec::new(), 4), Ok(4));
    });
    assert_eq!(rx.try_iter().sum::<u32>(), 6);
    assert_eq!(rx.stats().sender_wakes, 3);
}
