//! What a coalescer adds to the hand-over of a batcher: the table beside it, and who merges into what.

use crate::model;
use bedplate::batch::{Coalescer, PushError};
use loom::sync::Arc;
use loom::thread;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A sum of what the handler took. Of std: it is a witness, no part of what is modelled.
type Sum = std::sync::Arc<AtomicU64>;

fn adding(sum: &Sum) -> impl FnMut(&mut Vec<(u8, u64)>) + Send + 'static {
    let sum = Sum::clone(sum);
    move |batch| {
        sum.fetch_add(batch.drain(..).map(|(_, n)| n).sum(), Ordering::Relaxed);
    }
}

fn add(sum: &mut u64, n: u64) {
    *sum += n;
}

#[test]
fn a_value_is_merged_into_a_pair_or_begins_one_and_a_flush_waits_for_either() {
    model(2, || {
        let sum = Sum::default();
        let sums = Arc::new(Coalescer::builder(add).capacity(4).linger(Duration::MAX).inline(adding(&sum)));
        let (theirs, seen) = (Arc::clone(&sums), Sum::clone(&sum));
        let other = thread::spawn(move || {
            theirs.push(1, 1).unwrap();
            theirs.flush().unwrap();
            assert_eq!(seen.load(Ordering::Relaxed) & 1, 1);
        });
        sums.push(1, 2).unwrap();
        sums.flush().unwrap();
        assert_eq!(sum.load(Ordering::Relaxed) & 2, 2);
        other.join().unwrap();
    });
}

#[test]
fn a_push_that_races_with_a_close_is_merged_handled_or_given_back() {
    model(2, || {
        let sum = Sum::default();
        let builder = Coalescer::builder(add).max_items(2).capacity(2).linger(Duration::MAX);
        let sums = Arc::new(builder.inline(adding(&sum)));
        let theirs = Arc::clone(&sums);
        let pusher = thread::spawn(move || match theirs.push(1, 1) {
            Ok(()) => 0,
            Err(PushError::Closed((1, n))) => n,
            Err(other) => panic!("{other}"),
        });
        sums.push(1, 2).unwrap();
        let left: u64 = sums.try_close().left_over.iter().map(|(_, n)| n).sum();
        let refused = pusher.join().unwrap();
        assert_eq!(sum.load(Ordering::Relaxed) + left + refused, 3);
    });
}
