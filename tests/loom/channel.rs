use crate::model;
use bedplate::channel::{self, RecvError};
use loom::sync::Arc;
use loom::thread;

#[test]
fn a_sender_and_a_receiver_wait_for_each_other() {
    model(2, || {
        let (tx, rx) = channel::bounded(1);
        let sender = thread::spawn(move || (0..2).for_each(|n| tx.send(n).unwrap()));
        assert_eq!(rx.recv(), Ok(0));
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(rx.recv(), Err(RecvError));
        sender.join().unwrap();
    });
}

#[test]
fn spsc_sender_and_receiver_wait_for_each_other() {
    model(2, || {
        let (tx, rx) = channel::spsc(1);
        let sender = thread::spawn(move || (0..2).for_each(|n| tx.send(n).unwrap()));
        assert!(rx.iter().eq(0..2));
        sender.join().unwrap();
    });
}

/// The second item may be in while the first is unfinished: its notification then wakes a receiver for nothing, and
/// the chain of `pass_on` must make up for it.
#[test]
fn every_receiver_gets_its_item() {
    model(2, || {
        // Shared, not cloned: the count of handles would only add to what is explored.
        let channel = Arc::new(channel::bounded(2));
        let receiver = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.1.recv().unwrap())
        };
        let senders = [1, 2].map(|n| {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.0.send(n).unwrap())
        });
        let sum = channel.1.recv().unwrap() + receiver.join().unwrap();
        assert_eq!(sum, 3);
        senders.into_iter().for_each(|t| t.join().unwrap());
    });
}

/// The same for senders, who wait for two receivers to make room.
#[test]
fn every_sender_gets_its_room() {
    model(2, || {
        let channel = Arc::new(channel::bounded(2));
        channel.0.send_all(&mut vec![0, 0]).unwrap();
        let sender = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.0.send(1).unwrap())
        };
        let receivers = [(); 2].map(|()| {
            let channel = Arc::clone(&channel);
            thread::spawn(move || assert_eq!(channel.1.recv(), Ok(0)))
        });
        channel.0.send(2).unwrap();
        sender.join().unwrap();
        receivers.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(channel.1.len(), 2);
    });
}

#[test]
fn closing_wakes_receivers_and_loses_nothing() {
    model(2, || {
        let (tx, rx) = channel::bounded(2);
        let sender = thread::spawn(move || usize::from(tx.send(()).is_ok()));
        let other = {
            let rx = rx.clone();
            thread::spawn(move || rx.iter().count())
        };
        rx.close();
        let seen = rx.iter().count() + other.join().unwrap();
        assert_eq!(seen, sender.join().unwrap());
    });
}

#[test]
fn closing_a_segmented_channel_wakes_receivers_and_loses_nothing() {
    model(2, || {
        let (tx, rx) = channel::segmented(2);
        let sender = thread::spawn(move || usize::from(tx.send(()).is_ok()));
        let other = {
            let rx = rx.clone();
            thread::spawn(move || rx.iter().count())
        };
        rx.close();
        let seen = rx.iter().count() + other.join().unwrap();
        assert_eq!(seen, sender.join().unwrap());
    });
}

/// The sender's last push may be refused for want of room, with the receiver parked until it has ended.
#[test]
fn closing_a_spsc_channel_from_the_receiver_wakes_it_and_loses_nothing() {
    model(3, || {
        let (tx, rx) = channel::spsc(1);
        tx.send(()).unwrap();
        let sender = thread::spawn(move || {
            let accepted = usize::from(tx.try_send(()).is_ok());
            (accepted, tx) // Idle, and not dropped.
        });
        rx.close();
        let seen = rx.iter().count();
        let (accepted, _tx) = sender.join().unwrap();
        assert_eq!(seen, 1 + accepted);
    });
}

#[test]
fn the_last_receiver_sends_waiting_senders_home() {
    model(2, || {
        let (tx, rx) = channel::bounded(1);
        tx.send(0).unwrap();
        let sender = thread::spawn(move || tx.send(1).is_err());
        drop(rx);
        assert!(sender.join().unwrap());
    });
}
