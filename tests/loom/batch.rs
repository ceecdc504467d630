//! The hand-over of a batcher: who wakes whom, and who runs the handler.

use crate::model;
use bedplate::batch::{Batcher, PushError};
use loom::sync::Arc;
use loom::thread;
use std::sync::atomic::{AtomicU64, Ordering};

/// A sum of what the handler took. Of std: it is a witness, no part of what is modelled.
type Sum = std::sync::Arc<AtomicU64>;

fn adding(sum: &Sum) -> impl FnMut(&mut Vec<u64>) + Send + 'static {
    let sum = Sum::clone(sum);
    move |batch| {
        sum.fetch_add(batch.drain(..).sum(), Ordering::Relaxed);
    }
}

#[test]
fn a_push_into_a_free_inline_batcher_is_handled_when_all_pushes_have_returned() {
    model(3, || {
        let sum = Sum::default();
        let batcher = Arc::new(Batcher::builder().capacity(4).inline(adding(&sum)));
        let theirs = Arc::clone(&batcher);
        let pusher = thread::spawn(move || theirs.push(1).unwrap());
        batcher.push(2).unwrap();
        pusher.join().unwrap();
        // Who stops running the handler has left nothing to the other.
        assert_eq!(sum.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn a_flush_of_an_inline_batcher_returns_once_its_item_is_handled() {
    model(2, || {
        let sum = Sum::default();
        let linger = std::time::Duration::MAX;
        let batcher = Arc::new(Batcher::builder().capacity(4).linger(linger).inline(adding(&sum)));
        let (theirs, seen) = (Arc::clone(&batcher), Sum::clone(&sum));
        let other = thread::spawn(move || {
            theirs.push(1).unwrap();
            theirs.flush().unwrap();
            assert_eq!(seen.load(Ordering::Relaxed) & 1, 1);
        });
        batcher.push(2).unwrap();
        batcher.flush().unwrap();
        assert_eq!(sum.load(Ordering::Relaxed) & 2, 2);
        other.join().unwrap();
    });
}

#[test]
fn a_batch_thread_misses_no_wake_up() {
    model(2, || {
        let sum = Sum::default();
        let batcher = Batcher::builder().capacity(1).spawn("loom", adding(&sum)).unwrap();
        // The second one finds the batcher full, or not, and waits for the thread that waits for it.
        batcher.push(1).unwrap();
        batcher.push(2).unwrap();
        let report = batcher.close();
        assert_eq!((report.handled, report.left_over.len()), (2, 0));
        assert_eq!(sum.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn a_push_that_races_with_a_close_is_handled_or_given_back() {
    model(2, || {
        let sum = Sum::default();
        let linger = std::time::Duration::MAX;
        let batcher = Arc::new(Batcher::builder().max_items(2).capacity(2).linger(linger).inline(adding(&sum)));
        let theirs = Arc::clone(&batcher);
        let pusher = thread::spawn(move || match theirs.push(1) {
            Ok(()) => 0,
            Err(PushError::Closed(item)) => item,
            Err(other) => panic!("{other}"),
        });
        batcher.push(2).unwrap();
        let left: u64 = batcher.try_close().left_over.iter().sum();
        let refused = pusher.join().unwrap();
        assert_eq!(sum.load(Ordering::Relaxed) + left + refused, 3);
    });
}
