use crate::support::{Gate, reporting, until};
use bedplate::batch::{Batcher, FlushError};
use bedplate::time::Manual;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

#[test]
fn a_flush_ignores_the_linger_and_waits_for_the_handler() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().linger(Duration::MAX).clock(Manual::new()).spawn("flush", handler).unwrap();
    (0..5).for_each(|n| batcher.push(n).unwrap());
    batcher.flush().unwrap();
    // Handled by the time it returns, not merely on the way.
    assert_eq!(batches.try_recv(), Ok(vec![0, 1, 2, 3, 4]));
    assert_eq!(batcher.stats().by_flush, 1);
    assert_eq!(batcher.flush(), Ok(()));
    assert_eq!(batcher.stats().batches, 1);
}

#[test]
fn a_flush_waits_for_the_batch_in_hand() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().spawn("hand", handler).unwrap();
    batcher.push(1).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    assert_eq!(batcher.try_flush(), Err(FlushError::TimedOut));
    thread::scope(|s| {
        let flush = s.spawn(|| batcher.flush());
        assert_eq!(gate.pass(), [1]);
        assert_eq!(flush.join().unwrap(), Ok(()));
    });
    assert_eq!(batcher.try_flush(), Ok(()));
}

#[test]
fn a_flush_gives_up_at_its_deadline_and_the_items_are_still_handled() {
    let time = Manual::new();
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().linger(Duration::MAX).clock(time.clone()).spawn("late", handler).unwrap();
    batcher.push(1).unwrap();
    thread::scope(|s| {
        let flush = s.spawn(|| batcher.flush_timeout(Duration::from_secs(1)));
        while time.sleepers() == 0 {
            thread::yield_now();
        }
        time.advance(Duration::from_secs(1));
        assert_eq!(flush.join().unwrap(), Err(FlushError::TimedOut));
    });
    assert_eq!(gate.pass(), [1]);
}

#[test]
fn a_flush_does_not_wait_for_later_items() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(2).linger(Duration::MAX).spawn("later", handler).unwrap();
    batcher.push(1).unwrap();
    thread::scope(|s| {
        let flush = s.spawn(|| batcher.flush());
        until(&batcher, |s| s.in_flight == 1);
        (2..=5).for_each(|n| batcher.push(n).unwrap());
        assert_eq!(gate.pass(), [1]);
        assert_eq!(flush.join().unwrap(), Ok(()));
    });
    assert_eq!(batcher.stats().handled, 1);
    drop(gate);
}

#[test]
fn a_close_that_gives_items_back_ends_the_flush_that_waits_for_them() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(1).spawn("given", handler).unwrap();
    batcher.push(1).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    thread::scope(|s| {
        let first = s.spawn(|| batcher.flush());
        batcher.push(2).unwrap();
        let report = batcher.try_close();
        assert_eq!((report.in_flight, report.left_over), (1, vec![2]));
        assert_eq!(batcher.flush(), Err(FlushError::Closed));
        assert_eq!(gate.pass(), [1]);
        // It may have begun before the second push or after it.
        assert!(matches!(first.join().unwrap(), Ok(()) | Err(FlushError::Closed)));
    });
}

#[test]
fn when_a_flush_returns_the_callers_own_items_are_handled() {
    let batcher = {
        let handler = |batch: &mut Vec<Arc<AtomicU64>>| {
            batch.drain(..).for_each(|n| {
                n.fetch_add(1, Ordering::Relaxed);
            });
        };
        Batcher::builder().max_items(64).spawn("own", handler).unwrap()
    };
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                let handled = Arc::new(AtomicU64::new(0));
                for n in 1..=200 {
                    batcher.push(Arc::clone(&handled)).unwrap();
                    batcher.flush().unwrap();
                    assert_eq!(handled.load(Ordering::Relaxed), n);
                }
            });
        }
    });
}
