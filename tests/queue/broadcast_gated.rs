use crate::suite::Probe;
use bedplate::queue::PushError;
use bedplate::queue::broadcast::gated::{Receiver, Sender};
use bedplate::queue::broadcast::{self, RecvError};
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

/// All that the receiver gets until it is told that the broadcast is closed.
fn until_closed<T: Clone>(receiver: &mut Receiver<T>) -> Vec<T> {
    let mut items = Vec::new();
    loop {
        match receiver.try_recv() {
            Ok(item) => items.push(item),
            Err(RecvError::Closed) => return items,
            Err(RecvError::Empty) => thread::yield_now(),
            Err(e) => panic!("a gated receiver answered {e:?}"),
        }
    }
}

fn push<T>(sender: &Sender<T>, item: T) {
    let mut item = item;
    while let Err(refused) = sender.try_push(item) {
        assert!(!refused.is_closed());
        item = refused.into_inner();
        thread::yield_now();
    }
}

#[test]
fn smoke() {
    let (sender, mut receiver) = broadcast::gated(3);
    assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
    for round in 0..10 {
        for n in 0..3 {
            assert_eq!(sender.try_push(round + n), Ok(()));
        }
        assert_eq!(sender.try_push(9), Err(PushError::Full(9)));
        for n in 0..3 {
            assert_eq!(receiver.try_recv(), Ok(round + n));
        }
        assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
    }
    let (stats, seen) = (sender.stats(), receiver.stats());
    assert_eq!((stats.capacity, stats.len, stats.pushed, stats.closed), (3, 0, 30, false));
    assert_eq!((seen.len, seen.received, seen.missed, seen.closed), (0, 30, 0, false));
}

#[test]
fn len_empty_full() {
    for capacity in [1, 2, 3, 5, 8] {
        let (sender, mut receiver) = broadcast::gated(capacity);
        assert_eq!((sender.capacity(), receiver.capacity()), (capacity, capacity));
        for shift in 0..capacity {
            for n in 0..=capacity {
                let at = format!("capacity {capacity}, shift {shift}");
                assert_eq!((sender.len(), sender.is_empty(), sender.is_full()), (n, n == 0, n == capacity), "{at}");
                assert_eq!((receiver.len(), receiver.is_empty()), (n, n == 0), "{at}");
                assert_eq!(sender.try_push(0).is_ok(), n < capacity);
            }
            (0..capacity).for_each(|_| assert_eq!(receiver.try_recv(), Ok(0)));
            // Begins the next round one slot further on.
            assert_eq!((sender.try_push(0), receiver.try_recv()), (Ok(()), Ok(0)));
        }
    }
}

#[test]
fn the_slowest_receiver_gates() {
    let (sender, mut fast) = broadcast::gated(2);
    let mut slow = sender.subscribe();
    sender.try_push_bulk(&mut vec![1, 2]);
    fast.try_read_bulk(2, |_| ()).unwrap();
    assert_eq!((sender.len(), fast.len(), slow.len()), (2, 0, 2));
    assert_eq!(sender.try_push(3), Err(PushError::Full(3)));
    assert_eq!(slow.try_recv(), Ok(1));
    assert_eq!(sender.try_push(3), Ok(()));
    assert_eq!(sender.try_push(4), Err(PushError::Full(4)));
    drop(slow);
    assert_eq!(sender.try_push(4), Ok(()), "a dropped receiver holds nobody up");
    assert_eq!(sender.try_push(5), Err(PushError::Full(5)), "the other one does");
    assert_eq!(sender.receivers(), 1);
    drop(fast);
    assert_eq!(sender.receivers(), 0);
    (0..5).for_each(|n| sender.try_push(n).unwrap());
    let mut late = sender.subscribe();
    assert_eq!(late.try_recv(), Err(RecvError::Empty), "sees what is pushed from now on");
    sender.try_push(9).unwrap();
    assert_eq!(late.try_recv(), Ok(9));
}

#[test]
fn a_receiver_begins_where_it_was_made() {
    let (sender, mut first) = broadcast::gated(4);
    sender.try_push_bulk(&mut vec![1, 2, 3]);
    assert_eq!(first.try_recv(), Ok(1));
    let (mut same, mut newest) = (first.clone(), first.resubscribe());
    sender.try_push(4).unwrap();
    assert_eq!(same.try_recv(), Ok(2), "a clone stands where its original does");
    assert_eq!(newest.try_recv(), Ok(4));
    assert_eq!(first.try_recv(), Ok(2), "and moves alone");
    assert_eq!(sender.receivers(), 3);
}

fn streamed(capacity: usize, receivers: usize) {
    const ITEMS: u32 = 5_000;
    let (sender, first) = broadcast::gated(capacity);
    thread::scope(|s| {
        for n in 0..receivers {
            let mut receiver = if n == 0 { first.clone() } else { sender.subscribe() };
            s.spawn(move || assert!(until_closed(&mut receiver).into_iter().eq(0..ITEMS)));
        }
        drop(first);
        (0..ITEMS).for_each(|n| push(&sender, n));
        drop(sender);
    });
}

#[test]
fn one_to_one() {
    streamed(7, 1);
}

#[test]
fn one_to_three() {
    streamed(3, 3);
}

#[test]
fn capacity_one() {
    streamed(1, 1);
    streamed(1, 2);
}

#[test]
fn zst() {
    let (sender, mut receiver) = broadcast::gated(2);
    assert_eq!((sender.try_push(()), sender.try_push(())), (Ok(()), Ok(())));
    assert_eq!(sender.try_push(()), Err(PushError::Full(())));
    assert_eq!(receiver.try_recv_bulk(&mut Vec::new(), 9), Ok(2));
    assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
}

#[test]
fn bulk() {
    let (sender, mut receiver) = broadcast::gated(5);
    let mut items: Vec<_> = (0..12).collect();
    let mut out = vec![100];
    assert_eq!(sender.try_push_bulk(&mut items), 5);
    assert!(items.iter().copied().eq(5..12), "the rest stays, in order");
    assert_eq!(sender.try_push_bulk(&mut items), 0);
    assert_eq!(receiver.try_recv_bulk(&mut out, 3), Ok(3));
    assert_eq!(sender.try_push_bulk(&mut items), 3);
    assert_eq!(receiver.try_recv_bulk(&mut out, 0), Ok(0));
    assert_eq!(receiver.try_recv_bulk(&mut out, usize::MAX), Ok(5));
    assert_eq!(out, [100, 0, 1, 2, 3, 4, 5, 6, 7], "appended, in order");
    assert_eq!(receiver.try_recv_bulk(&mut out, 1), Err(RecvError::Empty));
    sender.close();
    assert_eq!(sender.try_push_bulk(&mut items), 0);
    assert!(items.iter().copied().eq(8..12), "a closed broadcast takes none");
    assert_eq!(receiver.try_recv_bulk(&mut out, 1), Err(RecvError::Closed));
}

#[test]
fn bulk_streams_in_order() {
    const ITEMS: u64 = 20_000;
    // Items that need a drop, so that each batch empties its slots first.
    let (sender, first) = broadcast::gated::<Arc<u64>>(13);
    let receivers = [first.clone(), first];
    thread::scope(|s| {
        for mut receiver in receivers {
            s.spawn(move || {
                let mut expected = 0;
                loop {
                    let check = |n: &Arc<u64>| {
                        assert_eq!(**n, expected);
                        expected += 1;
                    };
                    match receiver.try_read_bulk(5, check) {
                        Ok(n) => assert!((1..=5).contains(&n)),
                        Err(RecvError::Closed) => break,
                        Err(_) => thread::yield_now(),
                    }
                }
                assert_eq!(expected, ITEMS);
                assert_eq!(receiver.stats().received, ITEMS);
            });
        }
        let mut items = (0..ITEMS).map(Arc::new).collect::<Vec<_>>().into_iter();
        while items.len() > 0 {
            if sender.try_push_bulk(&mut items) == 0 {
                thread::yield_now();
            }
        }
        drop(sender);
    });
}

/// All receivers see the items of all senders in one order, which is each sender's own.
#[test]
fn mpmc() {
    const SENDERS: usize = 3;
    const ITEMS: usize = 3_000;
    let (sender, first) = broadcast::gated(5);
    let sender = sender.into_shared();
    let receivers = [first.clone(), first];
    let seen = thread::scope(|s| {
        for id in 0..SENDERS {
            let sender = sender.clone();
            s.spawn(move || {
                // Pairs, half of them in bulk: nobody's item comes between those of a batch.
                let mut items = (0..ITEMS).map(|n| Box::new((id, n))).collect::<Vec<_>>().into_iter();
                while items.len() > 0 {
                    if items.len() % 3 == 0 {
                        let mut batch: Vec<_> = items.by_ref().take(2).collect();
                        while !batch.is_empty() {
                            sender.try_push_bulk(&mut batch);
                            thread::yield_now();
                        }
                        continue;
                    }
                    let mut item = items.next().unwrap();
                    while let Err(refused) = sender.try_push(item) {
                        assert!(!refused.is_closed());
                        item = refused.into_inner();
                        thread::yield_now();
                    }
                }
            });
        }
        drop(sender);
        receivers.map(|mut receiver| s.spawn(move || until_closed(&mut receiver))).map(|t| t.join().unwrap())
    });
    assert_eq!(seen[0], seen[1]);
    let mut next = HashMap::new();
    for item in &seen[0] {
        let (id, n) = **item;
        assert_eq!(std::mem::replace(next.entry(id).or_insert(0), n + 1), n, "sender {id} out of order");
    }
    assert_eq!(seen[0].len(), SENDERS * ITEMS);
}

/// Items seen by all, by some and by none are dropped, each once, and not before a slow receiver has seen them.
#[test]
fn drops() {
    const ITEMS: usize = 3_000;
    let drops = &AtomicUsize::new(0);
    let (sender, mut fast) = broadcast::gated(50);
    let mut slow = sender.subscribe();
    let sender = thread::scope(|s| {
        let pushing = s.spawn(move || {
            (0..ITEMS).for_each(|_| push(&sender, Probe { drops, panics: false }));
            sender
        });
        s.spawn(move || {
            // Leaves early, with items before it.
            while fast.stats().received < 100 {
                drop(fast.try_read());
                thread::yield_now();
            }
        });
        let seen = &AtomicUsize::new(0);
        while seen.load(Ordering::Relaxed) < ITEMS - 20 {
            let before = drops.load(Ordering::Relaxed);
            assert!(before <= seen.load(Ordering::Relaxed), "dropped before it was seen");
            let count = |_: &Probe| {
                seen.fetch_add(1, Ordering::Relaxed);
            };
            if slow.try_read_bulk(7, count).is_err() {
                thread::yield_now();
            }
        }
        pushing.join().unwrap()
    });
    drop(slow);
    assert!(drops.load(Ordering::Relaxed) >= ITEMS - 50);
    drop(sender);
    assert_eq!(drops.load(Ordering::Relaxed), ITEMS);
}

#[test]
fn reclaim_drops_what_all_have_seen() {
    let drops = &AtomicUsize::new(0);
    let (sender, mut fast) = broadcast::gated(4);
    let mut slow = fast.clone();
    let probes = |n| (0..n).map(|_| Probe { drops, panics: false }).collect::<Vec<_>>();
    sender.try_push_bulk(&mut probes(3));
    fast.try_read_bulk(3, |_| ()).unwrap();
    assert_eq!((sender.reclaim(), drops.load(Ordering::Relaxed)), (0, 0));
    slow.try_read_bulk(2, |_| ()).unwrap();
    assert_eq!((sender.reclaim(), drops.load(Ordering::Relaxed)), (2, 2));
    assert_eq!(sender.reclaim(), 0, "once");
    // Across the end of the ring, with some slots emptied before and some not.
    assert_eq!(sender.try_push_bulk(&mut probes(5)), 3);
    assert_eq!(drops.load(Ordering::Relaxed), 2 + 2, "the two that were refused");
    slow.try_read_bulk(9, |_| ()).unwrap();
    fast.try_read_bulk(9, |_| ()).unwrap();
    assert_eq!(sender.into_shared().reclaim(), 4);
    assert_eq!(drops.load(Ordering::Relaxed), 8);
}

#[test]
fn panic_in_drop() {
    let drops = &AtomicUsize::new(0);
    let probe = |panics| Probe { drops, panics };
    let (sender, receiver) = broadcast::gated(8);
    (0..8).for_each(|n| sender.try_push(probe(n == 2)).unwrap());
    let ends = AssertUnwindSafe((sender, receiver));
    assert!(catch_unwind(move || drop(ends)).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 8);
}

/// The item in whose place another is put panics: what was pushed is whole, and nothing is dropped twice.
#[test]
fn panic_in_drop_of_what_was_seen() {
    let drops = &AtomicUsize::new(0);
    let probe = |panics| Probe { drops, panics };
    let (sender, mut receiver) = broadcast::gated(2);
    sender.try_push_bulk(&mut vec![probe(true), probe(true)]);
    receiver.try_read_bulk(2, |_| ()).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| sender.try_push(probe(false)))).is_err());
    assert_eq!((receiver.len(), drops.load(Ordering::Relaxed)), (1, 1), "the push was through");
    let mut items = vec![probe(false), probe(false)];
    assert!(catch_unwind(AssertUnwindSafe(|| sender.try_push_bulk(&mut items))).is_err());
    assert_eq!((items.len(), receiver.len(), drops.load(Ordering::Relaxed)), (2, 1, 2), "none was taken");
    assert_eq!(sender.try_push_bulk(&mut items), 1);
    assert_eq!(receiver.len(), 2);
    drop((sender, receiver, items));
    assert_eq!(drops.load(Ordering::Relaxed), 5);
}

#[test]
fn panic_in_a_reader() {
    let (sender, mut receiver) = broadcast::gated(4);
    sender.try_push_bulk(&mut vec![1, 2, 3, 4]);
    let read = catch_unwind(AssertUnwindSafe(|| receiver.try_read_bulk(4, |n| assert_ne!(*n, 2))));
    assert!(read.is_err());
    assert_eq!(receiver.try_recv(), Ok(3), "the item of the panic counts as seen, those after it do not");
    assert_eq!(sender.try_push_bulk(&mut vec![5, 6, 7, 8]), 3);
}

#[test]
fn close() {
    let (sender, mut receiver) = broadcast::gated(1);
    sender.try_push(1).unwrap();
    assert!(!receiver.is_closed());
    assert!(sender.close(), "this call closed it");
    assert!(!sender.close(), "it was closed before");
    assert!(sender.is_closed() && receiver.is_closed() && sender.stats().closed && receiver.stats().closed);
    assert_eq!(sender.try_push(2), Err(PushError::Closed(2)), "closed, though also full");
    let mut late = sender.subscribe();
    assert_eq!(late.try_recv(), Err(RecvError::Closed));
    assert_eq!(receiver.try_recv(), Ok(1), "what was pushed is received");
    assert_eq!(receiver.try_recv(), Err(RecvError::Closed));
    drop(sender);
    assert_eq!(receiver.try_read().unwrap_err(), RecvError::Closed);
}

/// A push that races with a close of another thread is received by all, or refused.
#[test]
fn close_racing_with_push() {
    for _ in 0..1_000 {
        let (sender, mut receiver) = broadcast::gated(64);
        let sender = sender.into_shared();
        let barrier = &Barrier::new(2);
        thread::scope(|s| {
            let pushing = {
                let sender = sender.clone();
                s.spawn(move || {
                    barrier.wait();
                    let mut accepted = 0;
                    loop {
                        match sender.try_push(accepted) {
                            Ok(()) => accepted += 1,
                            Err(e) if e.is_closed() => return accepted,
                            Err(_) => thread::yield_now(),
                        }
                    }
                })
            };
            barrier.wait();
            let mut seen: Vec<_> = (0..3).filter_map(|_| receiver.try_recv().ok()).collect();
            assert!(sender.close());
            seen.extend(until_closed(&mut receiver));
            let accepted = pushing.join().unwrap();
            assert_eq!(receiver.try_recv(), Err(RecvError::Closed));
            assert!(seen.into_iter().eq(0..accepted));
        });
    }
}

/// Receivers come and go while the sender pushes: each sees an unbroken stretch of the stream, those that stay see all
/// of it, and the sender ends up gated by nobody.
#[test]
fn subscribing_racing_with_push() {
    const ITEMS: u64 = 6_000;
    let (sender, mut steady) = broadcast::gated(4);
    let (template, done) = (steady.resubscribe(), &AtomicUsize::new(0));
    thread::scope(|s| {
        s.spawn(move || {
            (0..ITEMS).for_each(|n| push(&sender, n));
            done.store(1, Ordering::Relaxed);
            while sender.receivers() > 0 {
                thread::yield_now();
            }
            (0..10).for_each(|n| sender.try_push(n).unwrap());
        });
        s.spawn(move || {
            // It would gate the sender, so it keeps up with it, at a jump.
            let mut template = template;
            let mut round = 0;
            while done.load(Ordering::Relaxed) == 0 {
                let mut receiver = if round % 2 == 0 { template.resubscribe() } else { template.clone() };
                let mut before = None;
                for _ in 0..round % 7 {
                    if let Ok(n) = receiver.try_recv() {
                        assert!(before.is_none_or(|before| before + 1 == n), "{before:?}, then {n}");
                        before = Some(n);
                    }
                }
                template = receiver.resubscribe();
                round += 1;
            }
        });
        let mut expected = 0;
        while expected < ITEMS {
            match steady.try_recv() {
                Ok(n) => {
                    assert_eq!(n, expected);
                    expected += 1;
                }
                Err(e) => {
                    assert_eq!(e, RecvError::Empty);
                    thread::yield_now();
                }
            }
        }
        drop(steady);
    });
}

#[test]
fn a_guard_keeps_its_item_and_a_leaked_one_consumes_nothing() {
    let (sender, mut receiver) = broadcast::gated(1);
    sender.try_push(String::from("a")).unwrap();
    let guard = receiver.try_read().unwrap();
    assert!(matches!(sender.try_push(String::from("b")), Err(PushError::Full(_))));
    assert_eq!(*guard, "a");
    std::mem::forget(guard);
    assert_eq!(receiver.len(), 1);
    drop(receiver.try_read().unwrap());
    assert_eq!(receiver.len(), 0);
    assert_eq!(sender.try_push(String::from("b")), Ok(()));
}

thread_local! {
    static SENDER: RefCell<Option<Arc<Sender<Pusher>>>> = const { RefCell::new(None) };
    static DROPPED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Pushes another of its kind while it is dropped, with a name ten higher, as long as there is a sender.
#[derive(Debug)]
struct Pusher(u32);

impl Drop for Pusher {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
        if let Some(sender) = SENDER.with_borrow(Clone::clone)
            && let Err(refused) = sender.try_push(Pusher(self.0 + 10))
        {
            std::mem::forget(refused.into_inner());
        }
    }
}

/// Items whose `Drop` pushes into the slots that are just being emptied for a batch.
#[test]
#[allow(clippy::arc_with_non_send_sync)] // A handle that its own thread shares.
fn a_drop_may_push() {
    let (sender, mut receiver) = broadcast::gated(4);
    let sender = Arc::new(sender);
    sender.try_push_bulk(&mut vec![Pusher(0), Pusher(1), Pusher(2), Pusher(3)]);
    receiver.try_read_bulk(3, |_| ()).unwrap();
    SENDER.set(Some(Arc::clone(&sender)));
    let mut items = vec![Pusher(100), Pusher(101), Pusher(102)];
    let n = sender.try_push_bulk(&mut items);
    SENDER.set(None);
    assert_eq!(DROPPED.take(), [0, 1, 2], "all that was seen, and nothing else");
    let mut seen = Vec::new();
    receiver.try_read_bulk(9, |pusher| seen.push(pusher.0)).unwrap();
    assert_eq!((seen, n), (vec![3, 10, 11, 12], 0), "the drops were first, and left no room");
    assert_eq!(items.len(), 3);
    assert_eq!(sender.try_push_bulk(&mut items), 3);
}

#[test]
#[should_panic(expected = "broadcast::gated: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = broadcast::gated::<u8>(0);
}
