use crate::suite;
use bedplate::queue::spmc::{self, Consumer, Producer};
use bedplate::queue::{PopError, Push, PushError, Queue};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn make<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    spmc::ring(capacity)
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
#[should_panic(expected = "spmc::ring: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = spmc::ring::<u8>(0);
}

/// Each item arrives once, and each consumer sees them in order, by single calls and bulk calls mixed.
#[test]
fn one_to_many() {
    const ITEMS: u32 = 12_000;
    let (producer, consumer) = make(13);
    let mut all: Vec<u32> = thread::scope(|s| {
        s.spawn(move || {
            let mut items = (0..ITEMS).collect::<Vec<_>>().into_iter();
            while !items.as_slice().is_empty() {
                if producer.try_push_bulk(&mut items) == 0 {
                    thread::yield_now();
                }
            }
        });
        let workers: Vec<_> = (0..3)
            .map(|id| {
                let consumer = consumer.clone();
                s.spawn(move || {
                    let mut seen = Vec::new();
                    loop {
                        match consumer.try_pop() {
                            Ok(item) => seen.push(item),
                            Err(PopError::Closed) => return seen,
                            Err(_) => thread::yield_now(),
                        }
                        consumer.try_pop_bulk(&mut seen, id * 3);
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                let seen = worker.join().unwrap();
                assert!(seen.is_sorted());
                seen
            })
            .collect()
    });
    all.sort_unstable();
    assert!(all.into_iter().eq(0..ITEMS));
}

#[test]
fn a_dropped_producer_leaves_its_items() {
    let (producer, consumer) = make(4);
    producer.try_push(1).unwrap();
    drop(producer);
    assert!(consumer.is_closed() && consumer.stats().closed);
    assert_eq!(consumer.try_pop(), Ok(1));
    assert_eq!(consumer.try_pop(), Err(PopError::Closed));
}

#[test]
fn the_last_consumer_abandons_the_ring() {
    let drops = AtomicUsize::new(0);
    let (producer, consumer) = make(4);
    (0..3).for_each(|_| producer.try_push(suite::Probe { drops: &drops, panics: false }).unwrap());
    let other = consumer.clone();
    drop(consumer);
    assert!(!producer.is_abandoned() && !producer.is_closed());
    drop(other);
    assert!(producer.is_abandoned() && producer.is_closed());
    assert_eq!(drops.load(Ordering::Relaxed), 3);
    let refused = producer.try_push(suite::Probe { drops: &drops, panics: false });
    assert!(matches!(refused, Err(PushError::Closed(_))));
}

#[test]
fn closed_by_a_consumer_though_full() {
    let (producer, consumer) = make(1);
    producer.try_push(1).unwrap();
    assert!(Queue::close(&consumer));
    assert_eq!(producer.try_push(2), Err(PushError::Closed(2)));
    assert_eq!(Push::try_push(&producer, 3), Err(PushError::Closed(3)));
    assert!(!producer.close(), "it was closed before");
    assert_eq!(consumer.try_pop(), Ok(1));
    assert_eq!(producer.try_push(4), Err(PushError::Closed(4)));
    assert_eq!(consumer.try_pop(), Err(PopError::Closed));
}
