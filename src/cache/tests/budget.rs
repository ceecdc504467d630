use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::cache::budget::Budget;

#[test]
fn threads_never_take_more_than_there_is_and_what_they_give_is_there_again() {
    const CAPACITY: u64 = 100;
    let (budget, held) = (Budget::new(CAPACITY), AtomicU64::new(0));
    let (start, taken) = (Barrier::new(4), AtomicU64::new(0));
    thread::scope(|s| {
        for thread in 0..4u64 {
            let (budget, held, start, taken) = (&budget, &held, &start, &taken);
            s.spawn(move || {
                start.wait();
                for n in 0..20_000 {
                    let weight = 1 + (n * (thread + 3)) % 60;
                    if budget.take(weight) {
                        assert!(held.fetch_add(weight, Ordering::SeqCst) + weight <= CAPACITY);
                        taken.fetch_add(1, Ordering::Relaxed);
                        held.fetch_sub(weight, Ordering::SeqCst);
                        budget.give(weight);
                    }
                }
            });
        }
    });
    assert!(taken.into_inner() > 0);
    assert_eq!(budget.free(), CAPACITY as i64);
    assert!(budget.take(CAPACITY) && !budget.take(1));
}

#[test]
fn a_smaller_capacity_is_a_debt_until_it_is_given() {
    let budget = Budget::new(10);
    assert!(budget.take(8));
    assert!(budget.resize(5), "three too many");
    assert_eq!((budget.capacity(), budget.free()), (5, -3));
    assert!(!budget.take(1));
    budget.give(3);
    assert!(!budget.take(1), "all that there is is held");
    budget.give(1);
    assert!(budget.take(1) && !budget.take(1));
    assert!(!budget.resize(7) && budget.take(2));
    assert!(!budget.resize(u64::from(u32::MAX) << 20));
}

#[test]
#[should_panic(expected = "a cache of capacity 0")]
fn nothing_is_no_capacity() {
    Budget::check(0);
}

#[test]
#[should_panic(expected = "has no room to count")]
fn too_much_to_count_is_no_capacity() {
    Budget::check(i64::MAX as usize + 1);
}
