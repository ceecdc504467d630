//! In each model the thread that reads comes last: loom sees that a load depends on a store before it, but not that a store
//! depends on a load before it where the storing thread has loaded in between, as these writers do.

use crate::model;
use bedplate::stats::{Counter, Histogram};
use loom::sync::Arc;
use loom::thread;

/// Two threads write cells of their own; the third and the fourth share one.
#[test]
fn what_was_added_is_in_the_sum() {
    model(2, || {
        let counter = Arc::new(Counter::new());
        let adders = [1, 2, 4].map(|n| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.add(n))
        });
        counter.add(8);
        let seen = counter.get();
        assert!((8..=15).contains(&seen), "{seen}");
        adders.into_iter().for_each(|adder| adder.join().unwrap());
        assert_eq!(counter.get(), 15);
    });
}

#[test]
fn a_sum_never_falls() {
    model(3, || {
        let counter = Arc::new(Counter::new());
        let adder = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || (0..3).for_each(|_| counter.add(1)))
        };
        let reader = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                let first = counter.get();
                let second = counter.get();
                assert!(first <= second && second <= 9, "{first}, then {second}");
            })
        };
        (0..3).for_each(|_| counter.add(2));
        adder.join().unwrap();
        reader.join().unwrap();
        assert_eq!(counter.get(), 9);
    });
}

/// Few buckets: those of 0 to 15, of 16 and 17, and the last.
fn histogram() -> Arc<Histogram> {
    Arc::new(Histogram::builder().significant_digits(1).max_value(16).build())
}

/// Who sees a count sees a minimum and a maximum that cover it.
#[test]
fn samples_that_are_counted_are_told_exactly() {
    // Both of a bucket of two, and two of the many in the last bucket.
    for (low, high) in [(16, 17), (30, 40)] {
        model(3, move || {
            let histogram = histogram();
            let reader = {
                let histogram = Arc::clone(&histogram);
                thread::spawn(move || histogram.snapshot())
            };
            histogram.record(low);
            histogram.record(high);
            let seen = reader.join().unwrap();
            match seen.count() {
                0 => assert_eq!((seen.min(), seen.max()), (0, 0)),
                // The other may have stored that it is the largest before it is counted, and is in the same bucket.
                1 => assert!(seen.min() == low && [low, high].contains(&seen.max())),
                _ => assert_eq!((seen.min(), seen.max()), (low, high)),
            }
            assert_eq!(histogram.snapshot().count(), 2);
        });
    }
}

/// Two threads record in tables of their own, or in one that they share, while a third reads. Each sample is in one
/// interval.
fn each_sample_is_in_one_interval(before: usize) {
    model(2, move || {
        let histogram = histogram();
        // Threads that take the tables of one writer, so that those after them share the last.
        for _ in 0..before {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.record(1)).join().unwrap();
        }
        let empty = histogram.snapshot();
        let recorder = {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.record_n(17, 2))
        };
        let reader = {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.snapshot())
        };
        histogram.record_n(16, 2);
        recorder.join().unwrap();
        let first = reader.join().unwrap();
        let second = histogram.snapshot();

        let (one, two) = (first.since(&empty), second.since(&first));
        assert_eq!((one.count() + two.count(), second.max()), (4, 17));
        let all = second.since(&empty);
        assert_eq!((all.count(), all.buckets().count()), (4, 1));
        if before == 0 {
            assert_eq!((all.min(), all.max()), (16, 17));
        }
        let mut sum = one;
        sum.merge(&two);
        assert!(sum.buckets().eq(all.buckets()));
    });
}

#[test]
fn each_sample_of_own_tables_is_in_one_interval() {
    each_sample_is_in_one_interval(0);
}

#[test]
fn each_sample_of_a_shared_table_is_in_one_interval() {
    each_sample_is_in_one_interval(2);
}
