//! The promises every queue makes, as functions over a pair of ends.

use bedplate::queue::{Pop, PopError, Push, PushError};
use std::collections::HashMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Pops until the queue is closed and drained.
pub fn drain<T>(queue: &impl Pop<T>) -> Vec<T> {
    let mut items = Vec::new();
    loop {
        match queue.try_pop() {
            Ok(item) => items.push(item),
            Err(e) if e.is_closed() => return items,
            Err(_) => thread::yield_now(),
        }
    }
}

fn push<T: Debug>(queue: &impl Push<T>, item: T) {
    let mut item = item;
    while let Err(refused) = queue.try_push(item) {
        assert!(!refused.is_closed());
        item = refused.into_inner();
        thread::yield_now();
    }
}

pub fn smoke<P: Push<u32>, C: Pop<u32>>(make: impl Fn(usize) -> (P, C)) {
    let (producer, consumer) = make(3);
    assert_eq!(consumer.try_pop(), Err(PopError::Empty));
    for round in 0..10 {
        for n in 0..3 {
            assert_eq!(producer.try_push(round + n), Ok(()));
        }
        assert_eq!(producer.try_push(9), Err(PushError::Full(9)));
        for n in 0..3 {
            assert_eq!(consumer.try_pop(), Ok(round + n));
        }
        assert_eq!(consumer.try_pop(), Err(PopError::Empty));
    }
    let stats = consumer.stats();
    assert_eq!((stats.pushed, stats.popped, stats.len, stats.capacity, stats.closed), (30, 30, 0, 3, false));
}

pub fn len_empty_full<P: Push<u32>, C: Pop<u32>>(make: impl Fn(usize) -> (P, C)) {
    for capacity in [1, 2, 3, 5, 8] {
        let (producer, consumer) = make(capacity);
        assert_eq!((producer.capacity(), consumer.capacity()), (capacity, capacity));
        for shift in 0..capacity {
            for n in 0..=capacity {
                for (len, empty, full) in [
                    (producer.len(), producer.is_empty(), producer.is_full()),
                    (consumer.len(), consumer.is_empty(), consumer.is_full()),
                ] {
                    assert_eq!((len, empty, full), (n, n == 0, n == capacity), "capacity {capacity}, shift {shift}");
                }
                assert_eq!(producer.try_push(0).is_ok(), n < capacity);
            }
            (0..capacity).for_each(|_| assert_eq!(consumer.try_pop(), Ok(0)));
            // Begins the next round one slot further on.
            assert_eq!((producer.try_push(0), consumer.try_pop()), (Ok(()), Ok(0)));
        }
    }
}

pub fn capacity_one<P: Push<u32> + Send, C: Pop<u32>>(make: impl Fn(usize) -> (P, C)) {
    let (producer, consumer) = make(1);
    thread::scope(|s| {
        s.spawn(move || {
            (0..2_000).for_each(|n| push(&producer, n));
            producer.close();
        });
        assert!(drain(&consumer).into_iter().eq(0..2_000));
    });
}

pub fn zst<P: Push<()>, C: Pop<()>>(make: impl Fn(usize) -> (P, C)) {
    let (producer, consumer) = make(2);
    assert_eq!((producer.try_push(()), producer.try_push(())), (Ok(()), Ok(())));
    assert_eq!(producer.try_push(()), Err(PushError::Full(())));
    assert_eq!(consumer.len(), 2);
    assert_eq!(consumer.try_pop_bulk(&mut Vec::new(), 9), 2);
    assert_eq!(consumer.try_pop(), Err(PopError::Empty));
}

pub fn bulk<P: Push<u32>, C: Pop<u32>>(make: impl Fn(usize) -> (P, C)) {
    let (producer, consumer) = make(5);
    let mut items: Vec<_> = (0..12).collect();
    let mut out = vec![100];
    assert_eq!(producer.try_push_bulk(&mut items), 5);
    assert!(items.iter().copied().eq(5..12), "the rest stays, in order");
    assert_eq!(producer.try_push_bulk(&mut items), 0);
    assert_eq!(consumer.try_pop_bulk(&mut out, 3), 3);
    assert_eq!(producer.try_push_bulk(&mut items), 3);
    assert_eq!(consumer.try_pop_bulk(&mut out, 0), 0);
    assert_eq!(consumer.try_pop_bulk(&mut out, usize::MAX), 5);
    assert_eq!(out, [100, 0, 1, 2, 3, 4, 5, 6, 7], "appended, in order");
    producer.close();
    assert_eq!(producer.try_push_bulk(&mut items), 0);
    assert!(items.iter().copied().eq(8..12), "a closed queue takes none");
}

pub fn spsc<P: Push<u32> + Send, C: Pop<u32>>(make: impl Fn(usize) -> (P, C)) {
    let (producer, consumer) = make(7);
    thread::scope(|s| {
        s.spawn(move || {
            let mut items: Vec<_> = (0..20_000).collect();
            while !items.is_empty() {
                // Small pieces, since the rest is moved down each time.
                let mut piece: Vec<_> = items.drain(..items.len().min(11)).collect();
                while !piece.is_empty() {
                    if producer.try_push_bulk(&mut piece) == 0 {
                        thread::yield_now();
                    }
                }
            }
            producer.close();
        });
        let mut out = Vec::new();
        while out.len() < 20_000 {
            if consumer.try_pop_bulk(&mut out, 5) == 0 {
                thread::yield_now();
            }
        }
        assert!(out.into_iter().eq(0..20_000));
        assert_eq!(consumer.try_pop(), Err(PopError::Closed));
    });
}

/// Each item arrives once, and each consumer sees those of one producer in order.
pub fn mpmc<P: Push<(usize, u32)> + Sync, C: Pop<(usize, u32)> + Sync>(make: impl Fn(usize) -> (P, C)) {
    const PRODUCERS: usize = 3;
    const ITEMS: u32 = 4_000;
    let (producer, consumer) = make(3);
    let left = AtomicUsize::new(PRODUCERS);
    let mut all: Vec<(usize, u32)> = thread::scope(|s| {
        for id in 0..PRODUCERS {
            let (producer, left) = (&producer, &left);
            s.spawn(move || {
                (0..ITEMS).for_each(|n| push(producer, (id, n)));
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    producer.close();
                }
            });
        }
        let consumers: Vec<_> = (0..2).map(|_| s.spawn(|| drain(&consumer))).collect();
        consumers
            .into_iter()
            .flat_map(|consumer| {
                let seen = consumer.join().unwrap();
                let mut last = HashMap::new();
                for (id, n) in &seen {
                    assert!(last.insert(*id, *n).is_none_or(|before| before < *n), "producer {id} out of order");
                }
                seen
            })
            .collect()
    });
    all.sort_unstable();
    let expected = (0..PRODUCERS).flat_map(|id| (0..ITEMS).map(move |n| (id, n)));
    assert!(all.into_iter().eq(expected), "each item once");
}

/// Counts how often it was dropped, and panics while being dropped if told to.
#[derive(Debug)]
pub struct Probe<'a> {
    pub drops: &'a AtomicUsize,
    pub panics: bool,
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        if self.panics {
            panic!("a probe was told to");
        }
    }
}

/// Items popped, refused and left inside are dropped, each once.
pub fn drops<'a, P: Push<Probe<'a>> + Send, C: Pop<Probe<'a>> + Send>(
    make: impl Fn(usize) -> (P, C),
    drops: &'a AtomicUsize,
) {
    const ITEMS: usize = 3_000;
    let (producer, consumer) = make(50);
    let barrier = &Barrier::new(2);
    thread::scope(|s| {
        s.spawn(move || {
            barrier.wait();
            for _ in 0..ITEMS {
                let _ = producer.try_push(Probe { drops, panics: false });
            }
        });
        s.spawn(move || {
            barrier.wait();
            for _ in 0..ITEMS / 3 {
                let _ = consumer.try_pop();
            }
        });
    });
    assert_eq!(drops.load(Ordering::Relaxed), ITEMS);
}

/// A panic in one item's `Drop` leaves no other inside.
pub fn panic_in_drop<'a, P: Push<Probe<'a>>, C: Pop<Probe<'a>>>(
    make: impl Fn(usize) -> (P, C),
    drops: &'a AtomicUsize,
) {
    let (producer, consumer) = make(8);
    for n in 0..8 {
        producer.try_push(Probe { drops, panics: n == 2 }).unwrap();
    }
    let ends = AssertUnwindSafe((producer, consumer));
    assert!(catch_unwind(move || drop(ends)).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 8);
}

pub fn close<P: Push<u32>, C: Pop<u32>>(make: impl Fn(usize) -> (P, C)) {
    let (producer, consumer) = make(2);
    producer.try_push(1).unwrap();
    assert!(!consumer.is_closed());
    assert!(producer.close(), "this call closed it");
    assert!(!producer.close(), "it was closed before");
    assert!(producer.is_closed() && consumer.is_closed() && consumer.stats().closed);
    assert_eq!(producer.try_push(2), Err(PushError::Closed(2)));
    assert_eq!(consumer.len(), 1, "what is inside stays");
    assert_eq!(consumer.try_pop(), Ok(1));
    assert_eq!(consumer.try_pop(), Err(PopError::Closed));
    assert_eq!(consumer.try_pop(), Err(PopError::Closed));

    let (producer, _consumer) = make(1);
    producer.try_push(1).unwrap();
    producer.close();
    assert_eq!(producer.try_push(2), Err(PushError::Closed(2)), "closed, though also full");
}

/// A push that races with a close from the other end is popped after it, or refused.
pub fn close_racing_with_push<P: Push<u32> + Send, C: Pop<u32>>(make: impl Fn(usize) -> (P, C)) {
    for round in 0..1_500 {
        let (producer, consumer) = make(64);
        let barrier = &Barrier::new(2);
        let (accepted, seen) = thread::scope(|s| {
            let pushing = s.spawn(move || {
                barrier.wait();
                let mut accepted = 0;
                loop {
                    match producer.try_push(accepted) {
                        Ok(()) => accepted += 1,
                        Err(e) if e.is_closed() => return accepted,
                        Err(_) => thread::yield_now(),
                    }
                }
            });
            barrier.wait();
            let mut seen: Vec<_> = (0..round % 20).filter_map(|_| consumer.try_pop().ok()).collect();
            consumer.close();
            seen.extend(drain(&consumer));
            assert_eq!(consumer.try_pop(), Err(PopError::Closed));
            (pushing.join().unwrap(), seen)
        });
        assert!(seen.into_iter().eq(0..accepted), "accepted: {accepted}");
    }
}
