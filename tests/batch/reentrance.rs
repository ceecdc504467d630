//! Calls from within the batcher's own code: refused or harmless, and never for ever.

use bedplate::batch::{Batcher, BatcherBuilder, FlushError, Overflow, Producer, PushError};
use bedplate::time::Deadline;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// A batcher as its own code reaches it, with a producer of it.
#[derive(Clone, Default)]
struct Own(Arc<OnceLock<Reached>>);

type Reached = (Weak<Batcher<u64>>, Mutex<Producer<u64>>);

impl Own {
    fn is(&self, batcher: &Arc<Batcher<u64>>) {
        assert!(self.0.set((Arc::downgrade(batcher), Mutex::new(batcher.producer()))).is_ok());
    }

    /// Calls everything there is, and asserts what comes of it.
    fn call_all(&self) {
        let (batcher, producer) = self.0.wait();
        // What is dropped last is the batcher of the test, after this.
        let Some(batcher) = batcher.upgrade() else { return };
        assert_eq!(batcher.push(7), Err(PushError::Reentrant(7)));
        assert_eq!(batcher.try_push(7), Err(PushError::Reentrant(7)));
        assert_eq!(batcher.push_timeout(7, Duration::MAX), Err(PushError::Reentrant(7)));
        assert_eq!(batcher.push_urgent(7), Err(PushError::Reentrant(7)));
        let mut items = vec![7, 8];
        assert_eq!(batcher.push_all(&mut items), Err(PushError::Reentrant(())));
        assert_eq!(items, [7, 8]);
        assert_eq!(batcher.flush(), Err(FlushError::Reentrant));
        assert_eq!(batcher.flush_timeout(Duration::MAX), Err(FlushError::Reentrant));
        assert_eq!(batcher.try_flush(), Err(FlushError::Reentrant));
        {
            let mut producer = producer.lock().unwrap();
            // Also where it would fit into the stage.
            assert_eq!(producer.push(7), Err(PushError::Reentrant(7)));
            assert_eq!(producer.hand_over(), Err(PushError::Reentrant(())));
            assert_eq!(producer.flush(), Err(FlushError::Reentrant));
        }
        assert_eq!(batcher.poll(), Deadline::NEVER);
        drop(batcher.producer());
        assert_eq!(batcher.stats().staged, 0);
        assert!(!format!("{batcher:?} {producer:?}").is_empty());
    }
}

/// Runs `calls` where `place` says, once for a batcher with a thread and once for one without.
fn in_each_mode(place: impl Fn(BatcherBuilder<u64>, mpsc::Sender<()>, Own, bool) -> Arc<Batcher<u64>>) {
    for inline in [false, true] {
        let (say, said) = mpsc::channel();
        let own = Own::default();
        let builder = Batcher::builder().max_items(2).capacity(2).linger(Duration::MAX);
        let batcher = place(builder, say, own, inline);
        batcher.push(1).unwrap();
        batcher.push(2).unwrap();
        said.recv_timeout(LIMIT).expect("the calls came back");
        let report = batcher.close();
        assert_eq!(report.handled + report.failed, 2);
        assert_eq!(batcher.stats().panics, 0, "a call did something else");
    }
}

fn make(
    builder: BatcherBuilder<u64>,
    inline: bool,
    own: &Own,
    handler: impl FnMut(&mut Vec<u64>) + Send + 'static,
) -> Arc<Batcher<u64>> {
    let batcher = if inline { builder.inline(handler) } else { builder.spawn("own", handler).unwrap() };
    let batcher = Arc::new(batcher);
    own.is(&batcher);
    batcher
}

#[test]
fn from_the_handler() {
    in_each_mode(|builder, say, own, inline| {
        let theirs = own.clone();
        make(builder, inline, &own, move |batch| {
            theirs.call_all();
            batch.clear();
            say.send(()).unwrap();
        })
    });
}

#[test]
fn from_the_handler_whatever_the_overflow() {
    for overflow in [Overflow::Block(Duration::MAX), Overflow::Reject, Overflow::DropNewest, Overflow::DropOldest] {
        in_each_mode(|builder, say, own, inline| {
            let theirs = own.clone();
            make(builder.overflow(overflow), inline, &own, move |batch| {
                theirs.call_all();
                batch.clear();
                say.send(()).unwrap();
            })
        });
    }
}

#[test]
fn from_on_failed() {
    in_each_mode(|builder, say, own, inline| {
        let theirs = own.clone();
        let builder = builder.on_failed(move |_| {
            theirs.call_all();
            say.send(()).unwrap();
        });
        make(builder, inline, &own, |_| {})
    });
}

#[test]
fn from_on_thread_start() {
    let (say, said) = mpsc::channel();
    let own = Own::default();
    let theirs = own.clone();
    let builder = Batcher::builder().on_thread_start(move || {
        theirs.call_all();
        say.send(()).unwrap();
    });
    let batcher = make(builder, false, &own, |batch| batch.clear());
    said.recv_timeout(LIMIT).expect("the calls came back");
    batcher.push(1).unwrap();
    assert_eq!(batcher.close().handled, 1);
    assert_eq!(batcher.stats().panics, 0);
}

#[test]
fn from_what_measures_items_all_is_allowed_that_is_elsewhere() {
    let own = Own::default();
    let theirs = own.clone();
    let size = move |n: &u64| {
        // Once: the push in here is measured, too.
        if *n == 1 {
            let batcher = theirs.0.wait().0.upgrade().unwrap();
            batcher.push(10).unwrap();
            batcher.flush().unwrap();
        }
        1
    };
    let (report, batches) = mpsc::channel();
    let batcher = make(Batcher::builder().max_bytes(100, size).linger(Duration::MAX), false, &own, move |batch| {
        report.send(std::mem::take(batch)).unwrap()
    });
    batcher.push(1).unwrap();
    batcher.flush().unwrap();
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [[10], [1]]);
}

#[test]
fn a_handler_may_close_whatever_is_staged() {
    let (say, said) = mpsc::channel();
    let own = Own::default();
    let theirs = own.clone();
    let batcher = make(Batcher::builder().max_items(9), false, &own, move |batch| {
        let (batcher, producer) = theirs.0.wait();
        let batcher = batcher.upgrade().unwrap();
        let report = batcher.close();
        let refused = producer.lock().unwrap().push(9);
        batch.clear();
        say.send((report.in_flight, report.left_over, refused)).unwrap();
    });
    // Into the stage of a producer that the handler does not touch, behind the item that calls the handler.
    let mut producer = batcher.producer();
    batcher.push(1).unwrap();
    let taken: Vec<u64> = (2..5).filter(|&n| producer.push(n).is_ok()).collect();
    let (in_flight, left_over, refused) = said.recv_timeout(LIMIT).expect("the close came back");
    assert_eq!(refused, Err(PushError::Reentrant(9)));
    let handled = batcher.close().handled;
    // Those that came in time are in the batch in hand or given back.
    assert_eq!(handled, in_flight as u64);
    assert_eq!(in_flight + left_over.len(), 1 + taken.len());
}

#[test]
fn a_batcher_may_be_dropped_by_its_own_handler_with_items_staged() {
    let (say, said) = mpsc::channel();
    let slot: Arc<Mutex<Option<Batcher<u64>>>> = Arc::default();
    let theirs = Arc::clone(&slot);
    let (fail, failed) = mpsc::channel();
    let batcher = Batcher::builder()
        .linger(Duration::MAX)
        .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
        .spawn("own", move |batch| {
            batch.clear();
            drop(theirs.lock().unwrap().take());
            say.send(()).unwrap();
        })
        .unwrap();
    let mut producer = batcher.producer();
    let mut slot = slot.lock().unwrap();
    batcher.push_urgent(1).unwrap();
    while batcher.stats().in_flight == 0 {
        std::thread::yield_now();
    }
    producer.push(2).unwrap();
    producer.push(3).unwrap();
    *slot = Some(batcher);
    drop(slot);
    said.recv_timeout(LIMIT).expect("the drop came back");
    assert_eq!(failed.recv_timeout(LIMIT), Ok(vec![2, 3]));
    assert_eq!(producer.push(4), Err(PushError::Closed(4)));
}
