//! Items that do not wait for the linger.

use crate::support::{Gate, reporting, until};
use bedplate::batch::{Batcher, BatcherBuilder, PushError};
use bedplate::time::Manual;
use std::time::Duration;

/// Of a clock that nobody moves: what lingers lingers for ever.
fn still() -> BatcherBuilder<u64> {
    Batcher::builder().max_items(9).linger(Duration::from_secs(1)).clock(Manual::new())
}

#[test]
fn an_urgent_item_takes_along_what_was_before_it() {
    let (batches, handler) = reporting();
    let batcher = still().spawn("urgent", handler).unwrap();
    batcher.push(1).unwrap();
    batcher.push(2).unwrap();
    batcher.push_urgent(3).unwrap();
    assert_eq!(batches.recv(), Ok(vec![1, 2, 3]));
    // The next one lingers again.
    batcher.push(4).unwrap();
    assert_eq!(batcher.try_close().left_over.len() + batches.try_iter().count(), 1);
    let stats = batcher.stats();
    assert_eq!((stats.by_urgent, stats.by_linger), (1, 0));
}

#[test]
fn inline_the_caller_of_an_urgent_push_runs_the_handler() {
    let (batches, handler) = reporting();
    let batcher = still().inline(handler);
    batcher.push(1).unwrap();
    batcher.push_urgent(2).unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![1, 2]));
    batcher.push(3).unwrap();
    assert!(batches.try_recv().is_err());
    assert_eq!(batcher.stats().by_urgent, 1);
}

#[test]
fn an_urgent_item_that_fills_its_batch_makes_no_other_urgent() {
    let (batches, handler) = reporting();
    let batcher = still().max_items(2).inline(handler);
    batcher.push(1).unwrap();
    batcher.push_urgent(2).unwrap();
    batcher.push(3).unwrap();
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [[1, 2]]);
    let stats = batcher.stats();
    assert_eq!((stats.by_items, stats.by_urgent, stats.pending), (1, 0, 1));
}

#[test]
fn an_urgent_item_too_large_for_the_batch_is_the_urgent_one() {
    let (batches, handler) = reporting();
    let batcher = still().max_bytes(10, |n| *n as usize).inline(handler);
    batcher.push(4).unwrap();
    batcher.push_urgent(7).unwrap();
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [[4], [7]]);
    let stats = batcher.stats();
    assert_eq!((stats.by_bytes, stats.by_urgent), (1, 1));
}

#[test]
fn an_urgent_push_does_not_wait_for_the_handler() {
    let (gate, handler) = Gate::new();
    let batcher = still().spawn("busy", handler).unwrap();
    batcher.push_urgent(1).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    // The handler is stuck before its gate.
    batcher.push_urgent(2).unwrap();
    batcher.push(3).unwrap();
    assert_eq!(gate.pass(), [1]);
    // What came before the handler was free goes along.
    assert_eq!(gate.pass(), [2, 3]);
}

#[test]
fn an_urgent_item_comes_back_from_a_closed_batcher() {
    let batcher = still().inline(|batch| batch.clear());
    let _ = batcher.close();
    assert_eq!(batcher.push_urgent(1), Err(PushError::Closed(1)));
}
