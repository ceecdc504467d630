//! Handlers that panic, leave items, or call back.

use crate::support::{assert_whole, until};
use bedplate::batch::{Batcher, FlushError, PushError};
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What drops badly, to be carried by a panic.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new("from a destructor"));
    }
}

#[test]
fn a_panic_fails_what_was_not_taken_and_the_batcher_goes_on() {
    let (fail, failed) = mpsc::channel();
    let (report, handled) = mpsc::channel();
    let handler = move |batch: &mut Vec<u64>| {
        for id in batch.drain(..2) {
            report.send(id).unwrap();
        }
        if batch.contains(&2) {
            resume_unwind(Box::new("quiet"));
        }
        batch.drain(..).for_each(|id| report.send(id).unwrap());
    };
    let batcher = Batcher::builder()
        .max_items(4)
        .linger(Duration::MAX)
        .on_failed(move |items| fail.send(items).unwrap())
        .spawn("panics", handler)
        .unwrap();
    (0..8).for_each(|n| batcher.push(n).unwrap());
    let report = batcher.close();
    assert_eq!((report.handled, report.failed), (6, 2));
    assert_eq!(batcher.stats().panics, 1);
    drop(batcher);
    assert_eq!(handled.iter().collect::<Vec<_>>(), [0, 1, 4, 5, 6, 7]);
    assert_eq!(failed.iter().collect::<Vec<_>>(), [[2, 3]]);
}

#[test]
fn what_a_handler_leaves_has_failed() {
    let (fail, failed) = mpsc::channel();
    let batcher = Batcher::builder()
        .max_items(3)
        .on_failed(move |items| fail.send(items).unwrap())
        .spawn("leaves", |batch: &mut Vec<u64>| batch.retain(|n| n % 2 == 1))
        .unwrap();
    (0..6).for_each(|n| batcher.push(n).unwrap());
    let report = batcher.close();
    assert_eq!((report.handled, report.failed), (3, 3));
    drop(batcher);
    assert_eq!(failed.iter().flatten().collect::<Vec<_>>(), [1, 3, 5]);
}

#[test]
fn items_that_a_handler_adds_do_not_enter_the_figures() {
    let (fail, failed) = mpsc::channel();
    let batcher = Batcher::builder()
        .max_items(2)
        .linger(Duration::MAX)
        .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
        .spawn("adds", |batch| batch.extend([10, 11, 12]))
        .unwrap();
    (0..2).for_each(|n| batcher.push(n).unwrap());
    let report = batcher.close();
    assert_eq!((report.handled, report.failed), (0, 2));
    assert_whole(batcher.stats());
    assert_eq!(failed.try_recv(), Ok(vec![0, 1, 10, 11, 12]));
}

#[test]
fn panics_of_everything_else_are_survived_too() {
    let batcher = Batcher::builder()
        .max_items(1)
        .on_thread_start(|| resume_unwind(Box::new(Bomb)))
        .on_failed(|_| resume_unwind(Box::new(Bomb)))
        .spawn("worst", |batch: &mut Vec<u64>| {
            if batch[0] < 2 {
                resume_unwind(Box::new(Bomb));
            }
            batch.clear();
        })
        .unwrap();
    (0..4).for_each(|n| batcher.push(n).unwrap());
    batcher.flush().unwrap();
    let stats = batcher.stats();
    assert_eq!((stats.handled, stats.failed, stats.panics), (2, 2, 5));
    assert_eq!(batcher.close().handled, 2);
}

#[test]
fn an_item_whose_destructor_panics_ends_nothing() {
    let batcher = Batcher::builder().max_items(1).spawn("bombs", |_: &mut Vec<Bomb>| {}).unwrap();
    batcher.push(Bomb).unwrap();
    batcher.flush().unwrap();
    batcher.push(Bomb).unwrap();
    let report = batcher.close();
    assert_eq!((report.failed, report.left_over.len()), (2, 0));
}

#[test]
fn a_handler_that_calls_back_is_refused_and_does_not_hang() {
    let own: Arc<OnceLock<Arc<Batcher<u64>>>> = Arc::default();
    let (say, said) = mpsc::channel();
    let theirs = Arc::clone(&own);
    let handler = move |batch: &mut Vec<u64>| {
        batch.clear();
        let own = theirs.wait();
        say.send((own.push(7), own.try_push(8), own.push_timeout(9, Duration::MAX), own.flush())).unwrap();
    };
    let batcher = Arc::new(Batcher::builder().max_items(1).capacity(1).spawn("calls", handler).unwrap());
    own.set(Arc::clone(&batcher)).unwrap();
    batcher.push(1).unwrap();
    let refused = (
        Err(PushError::Reentrant(7)),
        Err(PushError::Reentrant(8)),
        Err(PushError::Reentrant(9)),
        Err(FlushError::Reentrant),
    );
    assert_eq!(said.recv(), Ok(refused));
    assert_eq!(batcher.close().handled, 1);
}

#[test]
fn a_handler_may_close_its_batcher_and_gets_what_is_behind_its_batch() {
    let own: Arc<OnceLock<Arc<Batcher<u64>>>> = Arc::default();
    let (say, said) = mpsc::channel();
    let (open, opened) = mpsc::channel::<()>();
    let theirs = Arc::clone(&own);
    let handler = move |batch: &mut Vec<u64>| {
        opened.recv().unwrap();
        let report = theirs.get().unwrap().close();
        batch.clear();
        say.send((report.in_flight, report.left_over)).unwrap();
    };
    let batcher = Arc::new(Batcher::builder().max_items(2).spawn("closes", handler).unwrap());
    assert!(own.set(Arc::clone(&batcher)).is_ok());
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=3).for_each(|n| batcher.push(n).unwrap());
    open.send(()).unwrap();
    assert_eq!(said.recv(), Ok((1, vec![1, 2, 3])));
    let report = batcher.close();
    assert_eq!((report.handled, report.in_flight), (1, 0));
}

#[test]
fn a_handler_may_push_into_another_batcher() {
    let second = Arc::new(Batcher::builder().max_items(2).spawn("second", |b: &mut Vec<u64>| b.clear()).unwrap());
    let next = Arc::clone(&second);
    let first = Batcher::builder()
        .max_items(3)
        .spawn("first", move |batch: &mut Vec<u64>| batch.drain(..).for_each(|n| next.push(n).unwrap()))
        .unwrap();
    (0..9).for_each(|n| first.push(n).unwrap());
    assert_eq!(first.close().handled, 9);
    assert_eq!(second.close().handled, 9);
}
