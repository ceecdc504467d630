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

/// A sum that can be waited for.
#[derive(Clone)]
struct Waited(Arc<(loom::sync::Mutex<u64>, loom::sync::Condvar)>);

impl Waited {
    fn new() -> Self {
        Self(Arc::new((loom::sync::Mutex::new(0), loom::sync::Condvar::new())))
    }

    fn add(&self, n: u64) {
        *self.0.0.lock().unwrap() += n;
        self.0.1.notify_all();
    }

    fn until(&self, sum: u64) {
        let mut now = self.0.0.lock().unwrap();
        while *now != sum {
            now = self.0.1.wait(now).unwrap();
        }
    }
}

#[test]
fn what_is_staged_is_taken_although_its_producer_does_nothing_more() {
    model(2, || {
        let sum = Waited::new();
        let theirs = sum.clone();
        let batcher = Batcher::builder()
            .capacity(4)
            .stage(4)
            .spawn("loom", move |b: &mut Vec<u64>| theirs.add(b.drain(..).sum()));
        let batcher = batcher.unwrap();
        let mut producer = batcher.producer();
        producer.push(1).unwrap();
        // The first one may be on its way, or not: one side knows of this one.
        producer.push(2).unwrap();
        sum.until(3);
        drop(producer);
        assert_eq!(batcher.close().handled, 2);
    });
}

#[test]
fn a_flush_takes_what_another_thread_staged_before_and_forgets_nothing_behind_it() {
    model(2, || {
        let sum = Sum::default();
        let linger = std::time::Duration::MAX;
        let batcher = Arc::new(Batcher::builder().capacity(4).stage(3).linger(linger).inline(adding(&sum)));
        let mut producer = batcher.producer();
        producer.push(1).unwrap();
        let theirs = Arc::clone(&batcher);
        let flusher = thread::spawn(move || theirs.flush().unwrap());
        producer.push(2).unwrap();
        producer.push(4).unwrap();
        flusher.join().unwrap();
        assert_eq!(sum.load(Ordering::Relaxed) & 1, 1);
        batcher.flush().unwrap();
        assert_eq!(sum.load(Ordering::Relaxed), 7);
    });
}

#[test]
fn a_staged_push_that_races_with_a_close_is_handled_or_given_back() {
    model(3, || {
        let sum = Sum::default();
        let linger = std::time::Duration::MAX;
        let batcher = Arc::new(Batcher::builder().capacity(4).stage(2).linger(linger).inline(adding(&sum)));
        let mut producer = batcher.producer();
        let pusher = thread::spawn(move || {
            (1..=3_u64)
                .map(|item| match producer.push(item) {
                    Ok(()) => 0,
                    Err(PushError::Closed(item)) => item,
                    Err(other) => panic!("{other}"),
                })
                .sum::<u64>()
        });
        let report = batcher.close();
        let refused = pusher.join().unwrap();
        assert_eq!(report.left_over.len(), 0);
        assert_eq!(sum.load(Ordering::Relaxed) + refused, 6);
        assert_eq!(report.failed, 0);
    });
}
