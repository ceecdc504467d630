//! loom checks each slot of a gated broadcast as a cell of its own: an item overwritten while it is read, or read while
//! it is written, is an error of the model, beside what is asserted.

use crate::model;
use bedplate::queue::PushError;
use bedplate::queue::broadcast::{self, RecvError, gated, lossy};
use loom::sync::Arc;
use loom::thread;

/// Up to `n` items of what is there, looking `n` times.
fn some(receiver: &mut gated::Receiver<u32>, n: usize) -> Vec<u32> {
    (0..n).filter_map(|_| receiver.try_recv().ok()).collect()
}

/// All up to the end; the sender is closed, or will be.
fn rest(receiver: &mut gated::Receiver<u32>) -> Vec<u32> {
    let mut items = Vec::new();
    loop {
        match receiver.try_recv() {
            Ok(item) => items.push(item),
            Err(RecvError::Closed) => return items,
            Err(_) => thread::yield_now(),
        }
    }
}

/// The items 0, 1, 2, as far as there was room.
fn push_three(sender: &gated::Sender<u32>) -> Vec<u32> {
    let accepted = |n: &u32| match sender.try_push(*n) {
        Ok(()) => true,
        Err(PushError::Full(_)) => false,
        Err(e) => panic!("nobody subscribes: {e:?}"),
    };
    (0..3).filter(accepted).collect()
}

#[test]
fn gated_items_come_in_order_around_the_ring() {
    for capacity in [1, 2] {
        model(3, move || {
            let (sender, mut receiver) = broadcast::gated(capacity);
            let pusher = thread::spawn(move || push_three(&sender));
            let mut seen = some(&mut receiver, 2);
            seen.extend(rest(&mut receiver));
            assert_eq!(seen, pusher.join().unwrap());
        });
    }
}

#[test]
fn gated_each_receiver_sees_each_item() {
    for capacity in [1, 2] {
        model(2, move || {
            let (sender, mut first) = broadcast::gated(capacity);
            let mut second = first.clone();
            let other = thread::spawn(move || (some(&mut second, 2), second));
            let pusher = thread::spawn(move || push_three(&sender));
            let mut seen = some(&mut first, 2);
            let accepted = pusher.join().unwrap();
            let (mut theirs, mut second) = other.join().unwrap();
            seen.extend(rest(&mut first));
            theirs.extend(rest(&mut second));
            assert_eq!((&seen, &theirs), (&accepted, &accepted));
        });
    }
}

#[test]
fn gated_bulk_comes_in_order_around_the_ring() {
    model(3, || {
        let (sender, mut receiver) = broadcast::gated(2);
        let pusher = thread::spawn(move || {
            let mut items = vec![0, 1, 2, 3];
            sender.try_push_bulk(&mut items);
            sender.try_push_bulk(&mut items);
            items.len() as u32
        });
        let mut seen = Vec::new();
        for max in [1, 2] {
            let _ = receiver.try_read_bulk(max, |item| seen.push(*item));
        }
        seen.extend(rest(&mut receiver));
        let left = pusher.join().unwrap();
        assert!(seen.into_iter().eq(0..4 - left));
    });
}

/// A receiver that goes away while it gates: what it was reading is not overwritten, and it gates no more.
#[test]
fn gated_a_receiver_that_leaves_frees_the_sender() {
    model(3, || {
        let (sender, mut receiver) = broadcast::gated(1);
        sender.try_push(0).unwrap();
        let leaver = thread::spawn(move || assert_eq!(*receiver.try_read().unwrap(), 0));
        let early = sender.try_push(1).is_ok();
        leaver.join().unwrap();
        assert_eq!(sender.try_push(2), Ok(()));
        assert_eq!(sender.receivers(), 0);
        assert_eq!(sender.stats().pushed, 2 + u64::from(early));
    });
}

/// A receiver that comes while the sender pushes sees an unbroken stretch up to the end.
#[test]
fn gated_a_receiver_that_subscribes_misses_nothing_after_its_first() {
    for capacity in [1, 2] {
        model(3, move || {
            let (sender, first) = broadcast::gated(capacity);
            let subscriber = thread::spawn(move || {
                let mut receiver = first.resubscribe();
                drop(first);
                let mut seen = some(&mut receiver, 2);
                seen.extend(rest(&mut receiver));
                seen
            });
            let accepted: Vec<_> = (0..3).filter(|n| sender.try_push(*n).is_ok()).collect();
            drop(sender);
            let seen = subscriber.join().unwrap();
            assert!(accepted.ends_with(&seen), "{seen:?} of {accepted:?}");
        });
    }
}

/// The same where nobody else gates, so that the sender may go as far as it likes before the first look at it.
#[test]
fn gated_the_only_receiver_subscribes_while_the_sender_pushes() {
    model(3, || {
        let (sender, _) = broadcast::gated(1);
        let sender = sender.into_shared();
        let subscriber = {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut receiver = sender.subscribe();
                drop(sender);
                (some(&mut receiver, 1), receiver)
            })
        };
        let accepted: Vec<_> = (0..3).filter(|n| sender.try_push(*n).is_ok()).collect();
        let (mut seen, mut receiver) = subscriber.join().unwrap();
        drop(sender);
        seen.extend(rest(&mut receiver));
        assert!(accepted.ends_with(&seen), "{seen:?} of {accepted:?}");
    });
}

/// A clone gates like its original, from the position of the original on.
#[test]
fn gated_a_clone_misses_nothing() {
    model(3, || {
        let (sender, mut first) = broadcast::gated(2);
        sender.try_push(0).unwrap();
        let cloner = thread::spawn(move || {
            let mut clone = first.clone();
            assert_eq!(first.try_recv(), Ok(0));
            drop(first);
            let mut seen = some(&mut clone, 1);
            seen.extend(rest(&mut clone));
            seen
        });
        let accepted = (1..4).filter(|n| sender.try_push(*n).is_ok());
        let accepted: Vec<_> = std::iter::once(0).chain(accepted).collect();
        drop(sender);
        assert_eq!(cloner.join().unwrap(), accepted);
    });
}

/// Items that need a drop: overwritten, reclaimed, or left to the end, by whichever handle goes last.
#[test]
fn gated_items_are_dropped_once() {
    model(3, || {
        let token = Arc::new(());
        let (sender, mut receiver) = broadcast::gated(1);
        let pusher = {
            let token = Arc::clone(&token);
            thread::spawn(move || {
                let _ = sender.try_push(Arc::clone(&token));
                let _ = sender.try_push(Arc::clone(&token));
                sender.reclaim();
                let _ = sender.try_push(token);
            })
        };
        drop(receiver.try_read());
        drop(receiver.try_recv());
        drop(receiver);
        pusher.join().unwrap();
        assert_eq!(Arc::strong_count(&token), 1);
    });
}

#[test]
fn gated_two_senders_are_seen_in_one_order_and_the_last_one_closes() {
    model(2, || {
        let (sender, mut receiver) = broadcast::gated(2);
        let sender = sender.into_shared();
        let pushers = [1, 2].map(|n| {
            let sender = sender.clone();
            thread::spawn(move || match sender.try_push(n) {
                Ok(()) => Some(n),
                Err(PushError::Busy(_)) => None,
                Err(e) => panic!("there is room for both: {e:?}"),
            })
        });
        drop(sender);
        let mut seen = rest(&mut receiver);
        seen.sort_unstable();
        let accepted: Vec<_> = pushers.into_iter().filter_map(|t| t.join().unwrap()).collect();
        assert_eq!(seen, accepted);
        assert!(!accepted.is_empty(), "only a peer at work makes a push busy");
    });
}

#[test]
fn gated_a_push_before_the_close_is_received() {
    model(3, || {
        let (sender, mut receiver) = broadcast::gated(2);
        let sender = sender.into_shared();
        let pusher = {
            let sender = sender.clone();
            thread::spawn(move || usize::from(sender.try_push(1).is_ok()))
        };
        assert!(sender.close());
        let seen = rest(&mut receiver);
        assert_eq!(receiver.try_recv(), Err(RecvError::Closed));
        assert_eq!(pusher.join().unwrap(), seen.len());
    });
}

/// Looks `n` times, or up to the end, where `expected` is the next item. None may be torn, out of order, or missed but
/// not told of.
fn look(receiver: &mut lossy::Receiver<[u64; 2]>, expected: &mut u64, n: usize) {
    for _ in 0..n {
        match receiver.try_recv() {
            Ok(item) => {
                assert_eq!(item, [*expected; 2], "torn, or out of order");
                *expected += 1;
            }
            Err(RecvError::Lagged(n)) => {
                assert!(n > 0);
                *expected += n;
            }
            Err(RecvError::Empty) => {}
            Err(_) => break,
        }
    }
    let stats = receiver.stats();
    assert_eq!(stats.received + stats.missed, *expected);
}

#[test]
fn lossy_lag_is_exact_and_nothing_is_torn() {
    for capacity in [1, 2] {
        model(2, move || {
            let (sender, mut receiver) = broadcast::lossy(capacity);
            let pusher = thread::spawn(move || (0..3).for_each(|n| sender.push([n; 2]).unwrap()));
            let mut expected = 0;
            look(&mut receiver, &mut expected, 2);
            pusher.join().unwrap();
            look(&mut receiver, &mut expected, 5);
            assert_eq!(expected, 3);
            assert!(receiver.stats().received >= 1, "the newest is never lost");
            assert_eq!(receiver.try_recv(), Err(RecvError::Closed));
        });
    }
}

#[test]
fn lossy_receivers_do_not_meet() {
    model(2, || {
        let (sender, mut first) = broadcast::lossy(1);
        let mut second = first.clone();
        let other = thread::spawn(move || {
            let mut expected = 0;
            look(&mut second, &mut expected, 1);
            (second, expected)
        });
        let pusher = thread::spawn(move || (0..2).for_each(|n| sender.push([n; 2]).unwrap()));
        let mut expected = 0;
        look(&mut first, &mut expected, 1);
        pusher.join().unwrap();
        let other = other.join().unwrap();
        for (mut receiver, mut expected) in [(first, expected), other] {
            look(&mut receiver, &mut expected, 3);
            assert_eq!((expected, receiver.try_recv()), (2, Err(RecvError::Closed)));
        }
    });
}

/// A receiver made from another thread, while the sender pushes, begins at some item and is told of the rest.
#[test]
fn lossy_a_receiver_that_subscribes_sees_the_rest() {
    model(3, || {
        let (sender, first) = broadcast::lossy(2);
        let pusher = thread::spawn(move || (0..3_u64).for_each(|n| sender.push([n; 2]).unwrap()));
        let mut receiver = first.resubscribe();
        let mut next = None;
        loop {
            match receiver.try_recv() {
                Ok([a, b]) => {
                    assert!(a == b && next.is_none_or(|next| next == a));
                    next = Some(a + 1);
                }
                Err(RecvError::Lagged(n)) => next = next.map(|next| next + n),
                Err(RecvError::Empty) => thread::yield_now(),
                Err(_) => break,
            }
        }
        assert!(next.is_none_or(|next| next == 3), "up to the last");
        pusher.join().unwrap();
    });
}

#[test]
fn lossy_two_senders_and_a_close() {
    model(2, || {
        let (sender, mut receiver) = broadcast::lossy(1);
        let sender = sender.into_shared();
        let pushers = [1_u64, 2].map(|n| {
            let sender = sender.clone();
            thread::spawn(move || u64::from(sender.push(n).is_ok()))
        });
        sender.close();
        while receiver.try_recv() != Err(RecvError::Closed) {
            thread::yield_now();
        }
        let stats = receiver.stats();
        let accepted: u64 = pushers.into_iter().map(|t| t.join().unwrap()).sum();
        assert_eq!(stats.received + stats.missed, accepted);
    });
}
