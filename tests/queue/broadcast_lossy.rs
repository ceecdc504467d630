use bedplate::queue::PushError;
use bedplate::queue::broadcast::lossy::{Plain, Receiver};
use bedplate::queue::broadcast::{self, RecvError};
use proptest::prelude::*;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// All that the receiver gets until it is told that the broadcast is closed.
fn until_closed<T: Plain>(receiver: &mut Receiver<T>) -> Vec<T> {
    let mut items = Vec::new();
    loop {
        match receiver.try_recv() {
            Ok(item) => items.push(item),
            Err(RecvError::Lagged(n)) => assert!(n > 0),
            Err(RecvError::Empty) => thread::yield_now(),
            Err(_) => return items,
        }
    }
}

#[test]
fn smoke() {
    let (sender, mut receiver) = broadcast::lossy(3);
    assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
    for round in 0..10 {
        for n in 0..5 {
            assert_eq!(sender.push(10 * round + n), Ok(()));
        }
        assert_eq!(receiver.try_recv(), Err(RecvError::Lagged(2)));
        for n in 2..5 {
            assert_eq!(receiver.try_recv(), Ok(10 * round + n));
        }
        assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
    }
    let (stats, seen) = (sender.stats(), receiver.stats());
    assert_eq!((stats.capacity, stats.len, stats.pushed, stats.closed), (3, 3, 50, false));
    assert_eq!((seen.len, seen.received, seen.missed, seen.closed), (0, 30, 20, false));
}

#[test]
fn len_empty_full() {
    for capacity in [1, 2, 3, 5, 8] {
        let (sender, mut receiver) = broadcast::lossy(capacity);
        assert_eq!((sender.capacity(), receiver.capacity()), (capacity, capacity));
        for lap in 0..3 {
            for n in 0..=capacity {
                assert_eq!((receiver.len(), receiver.is_empty()), (n, n == 0), "capacity {capacity}, lap {lap}");
                sender.push(n).unwrap();
            }
            assert_eq!(receiver.len(), capacity, "what is left, where one was lost");
            assert_eq!(receiver.try_recv(), Err(RecvError::Lagged(1)));
            let mut items = Vec::new();
            assert_eq!(receiver.try_recv_bulk(&mut items, usize::MAX), Ok(capacity));
            assert!(items.into_iter().eq(1..=capacity));
        }
    }
}

#[test]
fn items_of_every_size_come_whole() {
    fn check<T: Plain + PartialEq + Debug>(items: [T; 3]) {
        let (sender, mut receiver) = broadcast::lossy(2);
        assert_eq!(sender.push_bulk(&items), 3);
        assert_eq!(receiver.try_recv(), Err(RecvError::Lagged(1)));
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(items[1]), Ok(items[2])));
        assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
    }
    check([(), (), ()]);
    check([true, false, true]);
    check(['a', 'é', '\u{10ffff}']);
    check([1_u16, 2, u16::MAX]);
    check([[1_u8, 2, 3], [4, 5, 6], [7, 8, 9]]);
    check([[1_u32; 3], [2; 3], [u32::MAX; 3]]);
    check([1.5_f64, f64::MIN_POSITIVE, -0.0]);
    check([1_u128, u128::MAX, u128::MAX - 1]);
    check([[0xA5_u8; 13], [0x5A; 13], [0xFF; 13]]);
    check([[[1_u64; 4]; 2], [[2; 4]; 2], [[3; 4]; 2]]);
}

#[test]
fn bulk() {
    let (sender, mut receiver) = broadcast::lossy(4);
    assert_eq!(sender.push_bulk(&[1, 2, 3]), 3);
    let mut items = vec![0];
    assert_eq!(receiver.try_recv_bulk(&mut items, 0), Ok(0));
    assert_eq!(receiver.try_recv_bulk(&mut items, 2), Ok(2));
    assert_eq!(items, [0, 1, 2], "appended, in order");
    sender.push_bulk(&[4, 5, 6, 7]);
    assert_eq!(receiver.try_recv_bulk(&mut items, 9), Err(RecvError::Lagged(1)));
    assert_eq!(receiver.try_recv_bulk(&mut items, 9), Ok(4));
    assert_eq!(receiver.try_recv_bulk(&mut items, 9), Err(RecvError::Empty));
    sender.close();
    assert_eq!(sender.push_bulk(&[8]), 0);
    assert_eq!(receiver.try_recv_bulk(&mut items, 9), Err(RecvError::Closed));
    assert_eq!(items, [0, 1, 2, 4, 5, 6, 7]);
}

#[test]
fn close() {
    let (sender, mut receiver) = broadcast::lossy(1);
    sender.push(1).unwrap();
    assert!(!receiver.is_closed());
    assert!(sender.close(), "this call closed it");
    assert!(!sender.close(), "it was closed before");
    assert!(receiver.is_closed() && sender.stats().closed && receiver.stats().closed);
    assert_eq!(sender.push(2), Err(PushError::Closed(2)));
    assert_eq!(receiver.try_recv(), Ok(1), "what is inside stays");
    assert_eq!(receiver.try_recv(), Err(RecvError::Closed));

    let (sender, mut receiver) = broadcast::lossy(1);
    sender.push_bulk(&[1, 2]);
    drop(sender);
    assert_eq!(receiver.try_recv(), Err(RecvError::Lagged(1)), "a loss is told before the end");
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Err(RecvError::Closed)));
}

#[test]
#[should_panic(expected = "broadcast::lossy: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = broadcast::lossy::<u8>(0);
}

#[test]
#[should_panic(expected = "do not fit the address space")]
fn capacity_past_the_address_space() {
    let _ = broadcast::lossy::<[u64; 7]>(usize::MAX / 4);
}

/// Every item is received or counted as missed, none is torn, and all come in order, while the sender laps the
/// receivers as it likes.
fn exact(capacity: usize) {
    const ITEMS: u64 = 30_000;
    let (sender, first) = broadcast::lossy::<[u64; 5]>(capacity);
    let receivers = [first.clone(), first];
    let barrier = &Barrier::new(3);
    thread::scope(|s| {
        let receiving = receivers.map(|mut receiver| {
            s.spawn(move || {
                barrier.wait();
                let items = until_closed(&mut receiver);
                (items, receiver.stats())
            })
        });
        barrier.wait();
        for n in 0..ITEMS {
            sender.push([n; 5]).unwrap();
            if n % 64 == 0 {
                thread::yield_now();
            }
        }
        drop(sender);
        for receiver in receiving {
            let (items, stats) = receiver.join().unwrap();
            assert!(items.iter().all(|item| item.iter().all(|n| *n == item[0])), "a torn item");
            assert!(items.is_sorted_by(|a, b| a[0] < b[0]));
            assert_eq!(items.last().map(|item| item[0]), Some(ITEMS - 1), "the newest is never lost");
            assert_eq!(stats.received, items.len() as u64);
            assert_eq!(stats.received + stats.missed, ITEMS);
        }
    });
}

#[test]
fn exact_under_contention() {
    exact(7);
}

#[test]
fn capacity_one() {
    exact(1);
}

/// What a receiver is told to have missed is just what lies between the items it got.
#[test]
fn a_lag_counts_the_items_of_its_gap() {
    const ITEMS: u64 = 30_000;
    let (sender, mut receiver) = broadcast::lossy(3);
    thread::scope(|s| {
        s.spawn(move || (0..ITEMS).for_each(|n| sender.push(n).unwrap()));
        let mut expected = 0;
        loop {
            match receiver.try_recv() {
                Ok(n) => {
                    assert_eq!(n, expected);
                    expected += 1;
                }
                Err(RecvError::Lagged(n)) => expected += n,
                Err(RecvError::Empty) => thread::yield_now(),
                Err(_) => break,
            }
        }
        assert_eq!(expected, ITEMS);
    });
}

#[test]
fn several_senders() {
    const SENDERS: usize = 3;
    const ITEMS: u32 = 3_000;
    let (sender, first) = broadcast::lossy::<[u32; 2]>(64);
    let sender = sender.into_shared();
    let receivers = [first.clone(), first];
    let left = &AtomicUsize::new(SENDERS);
    thread::scope(|s| {
        for id in 0..SENDERS {
            let sender = sender.clone();
            s.spawn(move || {
                for n in 0..ITEMS {
                    while let Err(e) = sender.push([id as u32, n]) {
                        assert!(matches!(e, PushError::Busy(_)));
                        thread::yield_now();
                    }
                }
                left.fetch_sub(1, Ordering::Relaxed);
            });
        }
        drop(sender);
        for mut receiver in receivers {
            s.spawn(move || {
                let items = until_closed(&mut receiver);
                assert_eq!(left.load(Ordering::Relaxed), 0, "closed when the last sender was dropped, not before");
                let mut last = HashMap::new();
                for [id, n] in items {
                    assert!(last.insert(id, n).is_none_or(|before| before < n), "sender {id} out of order");
                }
                let stats = receiver.stats();
                assert_eq!(stats.received + stats.missed, u64::from(ITEMS) * SENDERS as u64);
            });
        }
    });
}

#[test]
fn close_racing_with_push() {
    for _ in 0..1_000 {
        let (sender, mut receiver) = broadcast::lossy(4);
        let sender = sender.into_shared();
        let barrier = &Barrier::new(2);
        thread::scope(|s| {
            let pushing = {
                let sender = sender.clone();
                s.spawn(move || {
                    barrier.wait();
                    let mut accepted = 0;
                    loop {
                        match sender.push(accepted) {
                            Ok(()) => accepted += 1,
                            Err(e) if e.is_closed() => return accepted,
                            Err(_) => thread::yield_now(),
                        }
                    }
                })
            };
            barrier.wait();
            assert!(sender.close());
            until_closed(&mut receiver);
            assert_eq!(receiver.try_recv(), Err(RecvError::Closed));
            let stats = receiver.stats();
            assert_eq!(stats.received + stats.missed, pushing.join().unwrap());
        });
    }
}

#[test]
fn a_receiver_begins_where_it_was_made() {
    let (sender, mut first) = broadcast::lossy(8);
    sender.push_bulk(&[1, 2, 3]);
    assert_eq!(first.try_recv(), Ok(1));
    let (mut same, mut newest, mut later) = (first.clone(), first.resubscribe(), sender.subscribe());
    sender.push(4).unwrap();
    assert_eq!(same.try_recv(), Ok(2), "a clone stands where its original does");
    assert_eq!((newest.try_recv(), later.try_recv()), (Ok(4), Ok(4)));
    assert_eq!(first.try_recv(), Ok(2), "and moves alone");
    assert_eq!((same.stats().received, first.stats().received), (1, 2));
}

#[derive(Clone, Debug)]
enum Op {
    Push(u8),
    PushBulk(Vec<u8>),
    Recv(usize),
    RecvBulk(usize, usize),
    Clone(usize),
    Subscribe,
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => any::<u8>().prop_map(Op::Push),
        2 => prop::collection::vec(any::<u8>(), 0..6).prop_map(Op::PushBulk),
        8 => any::<usize>().prop_map(Op::Recv),
        4 => (any::<usize>(), 0..6_usize).prop_map(|(who, max)| Op::RecvBulk(who, max)),
        1 => any::<usize>().prop_map(Op::Clone),
        1 => Just(Op::Subscribe),
        1 => Just(Op::Close),
    ]
}

/// The naive one: everything that was ever pushed, and where each receiver stands.
struct Model {
    capacity: usize,
    log: Vec<u8>,
    closed: bool,
}

impl Model {
    fn recv(&self, at: &mut usize) -> Result<u8, RecvError> {
        let oldest = self.log.len().saturating_sub(self.capacity);
        if *at < oldest {
            let n = oldest - *at;
            *at = oldest;
            return Err(RecvError::Lagged(n as u64));
        }
        let end = if self.closed { RecvError::Closed } else { RecvError::Empty };
        let item = self.log.get(*at).copied().ok_or(end)?;
        *at += 1;
        Ok(item)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn model(capacity in 1..6_usize, ops in prop::collection::vec(op(), 0..80)) {
        let (sender, first) = broadcast::lossy(capacity);
        let mut model = Model { capacity, log: Vec::new(), closed: false };
        let mut receivers = vec![(first, 0)];
        for op in ops {
            match op {
                Op::Push(item) if model.closed => prop_assert_eq!(sender.push(item), Err(PushError::Closed(item))),
                Op::Push(item) => {
                    model.log.push(item);
                    prop_assert_eq!(sender.push(item), Ok(()));
                }
                Op::PushBulk(items) => {
                    let n = if model.closed { 0 } else { items.len() };
                    model.log.extend(&items[..n]);
                    prop_assert_eq!(sender.push_bulk(&items), n);
                }
                Op::Recv(who) => {
                    let who = who % receivers.len();
                    let (receiver, at) = &mut receivers[who];
                    prop_assert_eq!(receiver.try_recv(), model.recv(at));
                }
                Op::RecvBulk(who, max) => {
                    let who = who % receivers.len();
                    let (receiver, at) = &mut receivers[who];
                    let (mut items, mut expected) = (Vec::new(), Vec::new());
                    let mut end = Ok(());
                    while expected.len() < max && end.is_ok() {
                        let before = *at;
                        end = model.recv(at).map(|item| expected.push(item));
                        if end.is_err() && !expected.is_empty() {
                            *at = before;
                        }
                    }
                    let n = if expected.is_empty() { end.map(|()| 0) } else { Ok(expected.len()) };
                    prop_assert_eq!(receiver.try_recv_bulk(&mut items, max), n);
                    prop_assert_eq!(items, expected);
                }
                Op::Clone(who) => {
                    let (receiver, at) = &receivers[who % receivers.len()];
                    let clone = (receiver.clone(), *at);
                    receivers.push(clone);
                }
                Op::Subscribe => receivers.push((sender.subscribe(), model.log.len())),
                Op::Close => {
                    prop_assert_eq!(sender.close(), !model.closed);
                    model.closed = true;
                }
            }
            let stats = sender.stats();
            prop_assert_eq!((stats.pushed, stats.closed), (model.log.len() as u64, model.closed));
            for (receiver, at) in &receivers {
                prop_assert_eq!(receiver.len(), (model.log.len() - at).min(capacity));
            }
        }
    }
}
