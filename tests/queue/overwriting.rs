use crate::suite::Probe;
use bedplate::queue::{Overwriting, PopError, PushError};
use proptest::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Pushes; a peer that is at work on the oldest slot is waited for.
fn push<T>(ring: &Overwriting<T>, item: T) -> Option<T> {
    let mut item = item;
    loop {
        match ring.force_push(item) {
            Ok(lost) => return lost,
            Err(PushError::Busy(refused)) => item = refused,
            Err(e) => panic!("an open ring answered {e:?}"),
        }
        thread::yield_now();
    }
}

fn rest<T>(ring: &Overwriting<T>) -> Vec<T> {
    std::iter::from_fn(|| ring.try_pop().ok()).collect()
}

#[test]
fn smoke() {
    let ring = Overwriting::new(3);
    assert_eq!(ring.try_pop(), Err(PopError::Empty));
    for round in 0..10 {
        for n in 0..5 {
            assert_eq!(ring.push(10 * round + n), Ok(()));
        }
        assert_eq!(rest(&ring), [2, 3, 4].map(|n| 10 * round + n), "the newest, in order");
        assert_eq!(ring.lost(), 2 * (round + 1));
    }
    let stats = ring.stats();
    assert_eq!((stats.pushed, stats.popped, stats.lost, stats.busy), (50, 30, 20, 0));
    assert_eq!((stats.len, stats.capacity, stats.closed), (0, 3, false));
}

#[test]
fn len_empty_full() {
    for capacity in [1, 2, 3, 5, 8] {
        let ring = Overwriting::new(capacity);
        assert_eq!(ring.capacity(), capacity);
        for shift in 0..capacity {
            for n in 0..2 * capacity {
                let len = n.min(capacity);
                assert_eq!(
                    (ring.len(), ring.is_empty(), ring.is_full()),
                    (len, len == 0, len == capacity),
                    "capacity {capacity}, shift {shift}"
                );
                assert_eq!(ring.force_push(n), Ok((n >= capacity).then(|| n - capacity)));
            }
            assert!(rest(&ring).into_iter().eq(capacity..2 * capacity));
            // Begins the next round one slot further on.
            assert_eq!((ring.push(0), ring.try_pop()), (Ok(()), Ok(0)));
        }
    }
}

#[test]
fn capacity_one() {
    let ring = &Overwriting::new(1);
    thread::scope(|s| {
        let pushing = s.spawn(move || {
            let lost: Vec<u32> = (0..20_000).filter_map(|n| push(ring, n)).collect();
            ring.close();
            lost
        });
        let popped = until_closed(ring);
        let lost = pushing.join().unwrap();
        assert_eq!(popped.last(), Some(&19_999), "the newest is never lost");
        assert!(popped.is_sorted() && lost.is_sorted());
        assert_eq!(lost.len() as u64, ring.lost());
        let mut all = [popped, lost].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..20_000), "each is popped or lost, once");
    });
}

/// Pops until the ring is closed and drained.
fn until_closed<T>(ring: &Overwriting<T>) -> Vec<T> {
    let mut items = Vec::new();
    loop {
        match ring.try_pop() {
            Ok(item) => items.push(item),
            Err(e) if e.is_closed() => return items,
            Err(_) => thread::yield_now(),
        }
    }
}

#[test]
fn zst() {
    let ring = Overwriting::new(2);
    assert_eq!([(); 5].map(|()| ring.force_push(()).unwrap()), [None, None, Some(()), Some(()), Some(())]);
    assert_eq!((ring.len(), ring.lost()), (2, 3));
    assert_eq!(ring.try_pop_bulk(&mut Vec::new(), 9), 2);
    assert_eq!(ring.try_pop(), Err(PopError::Empty));
}

#[test]
fn bulk() {
    let ring = Overwriting::new(3);
    assert_eq!(ring.push_bulk(&mut vec![1, 2]), 2);
    let mut items = vec![3, 4, 5, 6, 7].into_iter();
    assert_eq!(ring.push_bulk(&mut items), 5);
    assert_eq!((items.len(), ring.lost()), (0, 4));
    let mut out = vec![0];
    assert_eq!(ring.try_pop_bulk(&mut out, 2), 2);
    assert_eq!(out, [0, 5, 6]);
    ring.close();
    let mut items = vec![8, 9];
    assert_eq!(ring.push_bulk(&mut items), 0);
    assert_eq!(items, [8, 9], "a closed ring takes none");
}

/// Each item comes out once, to a consumer or to the push that took its place, and each thread gets those of one
/// producer in order.
#[test]
fn mpmc() {
    const PRODUCERS: usize = 3;
    const ITEMS: u32 = 5_000;
    let ring = &Overwriting::new(3);
    let left = &AtomicUsize::new(PRODUCERS);
    let mut all: Vec<(usize, u32)> = thread::scope(|s| {
        let producers = (0..PRODUCERS).map(|id| {
            s.spawn(move || {
                let lost: Vec<_> = (0..ITEMS).filter_map(|n| push(ring, (id, n))).collect();
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    ring.close();
                }
                lost
            })
        });
        let producers: Vec<_> = producers.collect();
        let consumers: Vec<_> = (0..2).map(|_| s.spawn(|| until_closed(ring))).collect();
        let lost: Vec<_> = producers.into_iter().map(|t| t.join().unwrap()).collect();
        let popped: Vec<_> = consumers.into_iter().map(|t| t.join().unwrap()).collect();
        let stats = ring.stats();
        assert_eq!(stats.lost, lost.iter().map(Vec::len).sum::<usize>() as u64);
        assert_eq!(stats.popped, popped.iter().map(Vec::len).sum::<usize>() as u64);
        assert_eq!(stats.pushed, u64::from(ITEMS) * PRODUCERS as u64);
        for seen in popped.iter().chain(&lost) {
            let mut last = HashMap::new();
            for (id, n) in seen {
                assert!(last.insert(*id, *n).is_none_or(|before| before < *n), "producer {id} out of order");
            }
        }
        [lost, popped].concat().concat()
    });
    all.sort_unstable();
    let expected = (0..PRODUCERS).flat_map(|id| (0..ITEMS).map(move |n| (id, n)));
    assert!(all.into_iter().eq(expected), "each item once");
}

#[test]
fn drops() {
    const ITEMS: usize = 5_000;
    let drops = &AtomicUsize::new(0);
    let ring = Overwriting::new(20);
    thread::scope(|s| {
        s.spawn(|| (0..ITEMS).for_each(|_| drop(ring.push(Probe { drops, panics: false }))));
        s.spawn(|| (0..ITEMS / 4).for_each(|_| drop(ring.try_pop())));
    });
    let inside = ring.len();
    assert_eq!(drops.load(Ordering::Relaxed), ITEMS - inside, "lost items are dropped at once");
    drop(ring);
    assert_eq!(drops.load(Ordering::Relaxed), ITEMS);
}

#[test]
fn panic_in_drop() {
    let drops = &AtomicUsize::new(0);
    let probe = |panics| Probe { drops, panics };
    let ring = Overwriting::new(2);
    ring.push(probe(true)).unwrap();
    ring.push(probe(false)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| ring.push(probe(true)))).is_err());
    // The push was through before the item it took the place of was dropped.
    assert_eq!((ring.len(), ring.lost(), drops.load(Ordering::Relaxed)), (2, 1, 1));
    ring.push(probe(false)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(move || drop(ring))).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 4, "a panic leaves no other inside");
}

#[test]
fn panic_in_drop_during_bulk() {
    let drops = &AtomicUsize::new(0);
    let probe = |panics| Probe { drops, panics };
    let ring = Overwriting::new(1);
    ring.push(probe(true)).unwrap();
    let mut items = vec![probe(false), probe(false)];
    assert!(catch_unwind(AssertUnwindSafe(|| ring.push_bulk(&mut items))).is_err());
    assert_eq!((items.len(), ring.len(), drops.load(Ordering::Relaxed)), (1, 1, 1));
    drop((items, ring));
    assert_eq!(drops.load(Ordering::Relaxed), 3);
}

#[test]
fn close() {
    let ring = Overwriting::new(1);
    ring.push(1).unwrap();
    assert!(!ring.is_closed());
    assert!(ring.close(), "this call closed it");
    assert!(!ring.close(), "it was closed before");
    assert!(ring.is_closed() && ring.stats().closed);
    assert_eq!(ring.force_push(2), Err(PushError::Closed(2)), "closed, though also full");
    assert_eq!(ring.lost(), 0, "a refused push overwrites nothing");
    assert_eq!(ring.try_pop(), Ok(1));
    assert_eq!(ring.try_pop(), Err(PopError::Closed));
}

/// A push that races with a close is accepted, and its item comes out or is counted; or it is refused.
#[test]
fn close_racing_with_push() {
    for round in 0..1_000 {
        let ring = &Overwriting::new(2);
        let barrier = &Barrier::new(2);
        thread::scope(|s| {
            let pushing = s.spawn(move || {
                barrier.wait();
                let mut accepted = 0;
                loop {
                    match ring.push(accepted) {
                        Ok(()) => accepted += 1,
                        Err(e) if e.is_closed() => return accepted,
                        Err(_) => thread::yield_now(),
                    }
                }
            });
            barrier.wait();
            let mut seen: Vec<u64> = (0..round % 20).filter_map(|_| ring.try_pop().ok()).collect();
            ring.close();
            seen.extend(until_closed(ring));
            let accepted = pushing.join().unwrap();
            assert_eq!(ring.try_pop(), Err(PopError::Closed));
            assert_eq!(seen.len() as u64 + ring.lost(), accepted);
            assert!(seen.is_sorted_by(|a, b| a < b));
            assert!(accepted == 0 || seen.last() == Some(&(accepted - 1)), "the newest is never lost");
        });
    }
}

#[test]
#[should_panic(expected = "Overwriting::new: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = Overwriting::<u8>::new(0);
}

#[test]
fn what_is_inside_can_be_visited_and_drained() {
    let mut ring = Overwriting::new(3);
    ring.push_bulk(&mut vec![1, 2, 3, 4]);
    ring.iter_mut().for_each(|n| *n *= 10);
    assert!(ring.drain().eq([20, 30, 40]));
    let stats = ring.stats();
    assert_eq!((stats.popped, stats.lost, stats.len), (3, 1, 0));
}

#[derive(Clone, Debug)]
enum Op {
    Push(u8),
    Pop,
    PushBulk(Vec<u8>),
    PopBulk(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => any::<u8>().prop_map(Op::Push),
        4 => Just(Op::Pop),
        4 => prop::collection::vec(any::<u8>(), 0..8).prop_map(Op::PushBulk),
        2 => (0..8_usize).prop_map(Op::PopBulk),
        1 => Just(Op::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn model(capacity in 1..6_usize, ops in prop::collection::vec(op(), 0..60)) {
        let ring = Overwriting::new(capacity);
        let mut model = VecDeque::new();
        let (mut closed, mut pushed, mut popped, mut lost) = (false, 0, 0, 0);
        let mut push = |model: &mut VecDeque<u8>, item| {
            model.push_back(item);
            (pushed, lost) = (pushed + 1, lost + u64::from(model.len() > capacity));
            let old = if model.len() > capacity { model.pop_front() } else { None };
            (old, pushed, lost)
        };
        let mut counts = (0, 0);
        for op in ops {
            match op {
                Op::Push(item) if closed => prop_assert_eq!(ring.push(item), Err(PushError::Closed(item))),
                Op::Push(item) => {
                    let (old, pushed, lost) = push(&mut model, item);
                    counts = (pushed, lost);
                    prop_assert_eq!(ring.force_push(item), Ok(old));
                }
                Op::PushBulk(mut items) => {
                    let n = if closed { 0 } else { items.len() };
                    for item in &items[..n] {
                        let (_, pushed, lost) = push(&mut model, *item);
                        counts = (pushed, lost);
                    }
                    prop_assert_eq!(ring.push_bulk(&mut items), n);
                    prop_assert!(n == 0 || items.is_empty());
                }
                Op::Pop => {
                    let empty = if closed { PopError::Closed } else { PopError::Empty };
                    popped += u64::from(!model.is_empty());
                    prop_assert_eq!(ring.try_pop(), model.pop_front().ok_or(empty));
                }
                Op::PopBulk(max) => {
                    let n = max.min(model.len());
                    let mut items = Vec::new();
                    popped += n as u64;
                    prop_assert_eq!(ring.try_pop_bulk(&mut items, max), n);
                    prop_assert_eq!(items, model.drain(..n).collect::<Vec<_>>());
                }
                Op::Close => {
                    prop_assert_eq!(ring.close(), !closed);
                    closed = true;
                }
            }
            let stats = ring.stats();
            prop_assert_eq!((stats.len, stats.pushed, stats.popped), (model.len(), counts.0, popped));
            prop_assert_eq!((stats.lost, stats.busy, stats.closed), (counts.1, 0, closed));
        }
    }
}
