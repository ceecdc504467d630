use crate::suite;
use bedplate::queue::spsc::{self, Consumer, Producer};
use bedplate::queue::{PopError, PushError};
use std::sync::atomic::{AtomicUsize, Ordering};

fn make<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    spsc::ring(capacity)
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
fn one_to_one() {
    suite::spsc(make);
}

#[test]
fn drops() {
    suite::drops(make, &AtomicUsize::new(0));
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
fn panic_in_drop() {
    suite::panic_in_drop(make, &AtomicUsize::new(0));
}

#[test]
#[should_panic(expected = "spsc::ring: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = spsc::ring::<u8>(0);
}

#[test]
fn a_dropped_producer_leaves_its_items() {
    let (producer, consumer) = spsc::ring(2);
    producer.try_push(1).unwrap();
    assert!(!consumer.is_abandoned());
    drop(producer);
    assert!(consumer.is_abandoned() && consumer.is_closed());
    assert_eq!(consumer.try_pop(), Ok(1));
    assert_eq!(consumer.try_pop(), Err(PopError::Closed));
}

#[test]
fn a_dropped_consumer_drops_what_is_inside_and_refuses_more() {
    let drops = AtomicUsize::new(0);
    let probe = || suite::Probe { drops: &drops, panics: false };
    let (producer, consumer) = spsc::ring(3);
    // The ring has gone round before, so that what is inside lies across its end.
    producer.try_push(probe()).unwrap();
    producer.try_push(probe()).unwrap();
    consumer.try_pop_bulk(&mut Vec::new(), 2);
    (0..3).for_each(|_| producer.try_push(probe()).unwrap());
    assert!(!producer.is_abandoned());
    drop(consumer);
    assert_eq!(drops.load(Ordering::Relaxed), 5, "at once, with the producer alive");
    assert!(producer.is_abandoned() && producer.is_closed());
    assert!(matches!(producer.try_push(probe()), Err(PushError::Closed(_))));
}
