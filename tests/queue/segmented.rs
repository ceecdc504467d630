use crate::suite;
use bedplate::queue::Segmented;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn make<T>(capacity: usize) -> (Arc<Segmented<T>>, Arc<Segmented<T>>) {
    let queue = Arc::new(Segmented::new(capacity));
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
#[should_panic(expected = "Segmented::new: the limit must be at least 1")]
fn limit_zero() {
    let _ = Segmented::<u8>::new(0);
}

#[test]
fn a_great_limit_takes_no_memory_and_no_unsound_arithmetic() {
    let queue = Segmented::new(isize::MAX as usize / 2);
    assert_eq!(queue.try_push([0_u8; 4096]), Ok(()));
    assert_eq!(queue.len(), 1);
    assert!(!queue.is_full());
}

#[test]
fn what_is_left_inside_is_dropped_with_it() {
    let drops = AtomicUsize::new(0);
    let queue = Segmented::new(100);
    (0..100).for_each(|_| queue.try_push(suite::Probe { drops: &drops, panics: false }).unwrap());
    drop(queue);
    assert_eq!(drops.load(Ordering::Relaxed), 100);
}
