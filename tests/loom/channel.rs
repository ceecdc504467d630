use crate::model;
use bedplate::channel::{self, Ready, RecvError};
use bedplate::time::{Deadline, Instant, Manual};
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
/// who is through must make up for it.
#[test]
fn every_receiver_gets_its_item() {
    model(2, || {
        // Shared, not cloned: the count of handles would only add to what is explored.
        let channel = Arc::new(channel::bounded(2));
        let receiver = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.1.recv().unwrap())
        };
        let sender = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.0.send(1).unwrap())
        };
        channel.0.send(2).unwrap();
        let sum = channel.1.recv().unwrap() + receiver.join().unwrap();
        assert_eq!(sum, 3);
        sender.join().unwrap();
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
        let receiver = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || assert_eq!(channel.1.recv(), Ok(0)))
        };
        assert_eq!(channel.1.recv(), Ok(0));
        channel.0.send(2).unwrap();
        sender.join().unwrap();
        receiver.join().unwrap();
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

/// One notification for two items: who is woken by it wakes the other.
#[test]
fn a_batch_wakes_one_receiver_and_that_one_the_next() {
    model(2, || {
        let channel = Arc::new(channel::bounded(2));
        let receiver = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.1.recv().unwrap())
        };
        let sender = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.0.send_all(&mut vec![1, 2]).unwrap())
        };
        let sum = channel.1.recv().unwrap() + receiver.join().unwrap();
        assert_eq!(sum, 3);
        sender.join().unwrap();
    });
}

/// The second send may find the first wake-up still on its way, and leave the other receiver to whom it woke.
#[test]
fn a_send_on_the_way_of_a_wake_up_is_not_missed() {
    model(2, || {
        let channel = Arc::new(channel::bounded(2));
        let receiver = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.1.recv().unwrap())
        };
        let sender = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || [1, 2].map(|n| channel.0.send(n).unwrap()))
        };
        let sum = channel.1.recv().unwrap() + receiver.join().unwrap();
        assert_eq!(sum, 3);
        sender.join().unwrap();
    });
}

/// The receiver that was woken finds its item gone, while another one is sent on the strength of its being awake.
#[test]
fn a_woken_receiver_whose_item_was_taken_misses_no_other() {
    model(2, || {
        let channel = Arc::new(channel::bounded(1));
        let receiver = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.1.recv().unwrap())
        };
        let sender = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || {
                channel.0.send(1).unwrap();
                channel.0.try_send(2).is_ok()
            })
        };
        let taken = channel.1.try_recv().is_ok();
        let sent = 1 + usize::from(sender.join().unwrap());
        if usize::from(taken) == sent {
            channel.0.send(3).unwrap();
        }
        receiver.join().unwrap();
    });
}

/// A receiver gives up while it is being woken: what it was woken for goes to the other one.
#[test]
fn a_timeout_that_races_with_a_wake_up_passes_it_on() {
    model(2, || {
        let past = Deadline::at(Instant::from_nanos(0));
        let channel = Arc::new(channel::builder(2).clock(Manual::new()).build());
        let patient = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.1.recv().unwrap())
        };
        let sender = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.0.send(1).unwrap())
        };
        let got = channel.1.recv_deadline(past);
        sender.join().unwrap();
        if got.is_ok() {
            channel.0.send(2).unwrap();
        }
        patient.join().unwrap();
    });
}

#[test]
fn a_close_that_races_with_a_wake_up_ends_every_receiver() {
    model(2, || {
        let channel = Arc::new(channel::bounded(1));
        let receivers = [(); 2].map(|()| {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.1.recv().is_ok())
        });
        channel.0.send(1).unwrap();
        channel.0.close();
        assert_eq!(receivers.map(|r| r.join().unwrap()).into_iter().filter(|got| *got).count(), 1);
    });
}

/// An armed end is told, and the event loop behind the closure sees the item.
#[test]
fn an_armed_receiver_is_told_of_the_item() {
    model(3, || {
        let event_loop = thread::current();
        let (tx, rx) = channel::builder(1).on_readable(move || event_loop.unpark()).build();
        let sender = thread::spawn(move || tx.send(7).unwrap());
        let got = loop {
            match rx.try_recv() {
                Ok(item) => break item,
                Err(_) if rx.arm() == Ready::Later => thread::park(),
                Err(_) => thread::yield_now(),
            }
        };
        assert_eq!(got, 7);
        sender.join().unwrap();
    });
}

#[test]
fn an_armed_sender_is_told_of_the_room() {
    model(3, || {
        let event_loop = thread::current();
        let (tx, rx) = channel::builder(1).on_writable(move || event_loop.unpark()).build();
        tx.send(1).unwrap();
        let receiver = thread::spawn(move || {
            assert_eq!(rx.recv(), Ok(1));
            rx // Not dropped: that would be a close.
        });
        while tx.try_send(2).is_err() {
            match tx.arm() {
                Ready::Later => thread::park(),
                Ready::Now => thread::yield_now(),
            }
        }
        drop(receiver.join().unwrap());
    });
}
