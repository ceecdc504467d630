use crate::suite;
use bedplate::queue::Bounded;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn make<T>(capacity: usize) -> (Arc<Bounded<T>>, Arc<Bounded<T>>) {
    let queue = Arc::new(Bounded::new(capacity));
    (Arc::clone(&queue), queue)
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
fn spsc() {
    suite::spsc(make);
}

#[test]
fn mpmc() {
    suite::mpmc(make);
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
#[should_panic(expected = "Bounded::new: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = Bounded::<u8>::new(0);
}

#[test]
fn drain_takes_what_it_is_not_asked_for_too() {
    let drops = AtomicUsize::new(0);
    let mut queue = Bounded::new(4);
    (0..4).for_each(|_| queue.try_push(suite::Probe { drops: &drops, panics: false }).unwrap());
    let mut drain = queue.drain();
    assert_eq!(drain.len(), 4);
    drop(drain.next());
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    drop(drain);
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    assert!(queue.is_empty() && !queue.is_closed());
}

#[test]
fn iter_mut_visits_from_the_oldest_across_the_end_of_the_ring() {
    let mut queue = Bounded::new(3);
    queue.try_push_bulk(&mut vec![0, 1, 2]);
    queue.try_pop_bulk(&mut Vec::new(), 2);
    queue.try_push_bulk(&mut vec![3, 4]);
    // All at once, to see that no two are the same place.
    let all: Vec<&mut i32> = queue.iter_mut().collect();
    assert!(all.iter().map(|n| **n).eq(2..5));
    all.into_iter().for_each(|n| *n += 10);
    assert!(queue.drain().eq(12..15));
}
