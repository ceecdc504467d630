use crate::suite;
use bedplate::queue::mpsc::{self, Consumer, Producer};
use bedplate::queue::{PopError, PushError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn make<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    mpsc::ring(capacity)
}

#[test]
fn smoke() {
    suite::smoke(make);
}

#[test]
fn len_empty_full() {
    suite::len_empty_full(make);
}

#[test]
fn capacity_one() {
    suite::capacity_one(make);
}

#[test]
fn zst() {
    suite::zst(make);
}

#[test]
fn bulk() {
    suite::bulk(make);
}

#[test]
fn close() {
    suite::close(make);
}

#[test]
fn close_racing_with_push() {
    suite::close_racing_with_push(make);
}

#[test]
fn one_to_one() {
    suite::spsc(make);
}

#[test]
fn drops() {
    suite::drops(make, &AtomicUsize::new(0));
}

#[test]
fn panic_in_drop() {
    suite::panic_in_drop(make, &AtomicUsize::new(0));
}

#[test]
#[should_panic(expected = "mpsc::ring: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = mpsc::ring::<u8>(0);
}

/// Each item arrives once, those of one producer in order, by single calls and bulk calls mixed.
#[test]
fn many_to_one() {
    const ITEMS: u32 = 6_000;
    let (producer, consumer) = make(13);
    let seen = thread::scope(|s| {
        for id in 0..3 {
            let producer = producer.clone();
            s.spawn(move || {
                let mut items = (0..ITEMS).map(|n| (id, n)).collect::<Vec<_>>().into_iter();
                while !items.as_slice().is_empty() {
                    let mut piece: Vec<_> = items.by_ref().take(1 + id * 4).collect();
                    while !piece.is_empty() {
                        if producer.try_push_bulk(&mut piece) == 0 {
                            thread::yield_now();
                        }
                    }
                }
            });
        }
        drop(producer);
        let mut seen = Vec::new();
        loop {
            match consumer.try_pop() {
                Ok(item) => seen.push(item),
                Err(PopError::Closed) => return seen,
                Err(_) => thread::yield_now(),
            }
            consumer.try_pop_bulk(&mut seen, 5);
        }
    });
    let mut next = HashMap::new();
    for (id, n) in seen {
        let expected = next.entry(id).or_insert(0);
        assert_eq!(n, *expected, "producer {id}");
        *expected += 1;
    }
    assert!((0..3).all(|id| next[&id] == ITEMS));
}

#[test]
fn the_last_producer_closes() {
    let (producer, consumer) = make(4);
    let other = producer.clone();
    drop(producer);
    assert!(!consumer.is_closed());
    other.try_push(1).unwrap();
    drop(other);
    assert!(consumer.is_closed());
    assert_eq!(consumer.try_pop(), Ok(1));
    assert_eq!(consumer.try_pop(), Err(PopError::Closed));
}

#[test]
fn a_dropped_consumer_closes_and_drops_what_is_inside() {
    let drops = AtomicUsize::new(0);
    let (producer, consumer) = make(4);
    (0..3).for_each(|_| producer.try_push(suite::Probe { drops: &drops, panics: false }).unwrap());
    drop(consumer);
    assert_eq!(drops.load(Ordering::Relaxed), 3);
    let refused = producer.try_push(suite::Probe { drops: &drops, panics: false });
    assert!(matches!(refused, Err(PushError::Closed(_))));
}
