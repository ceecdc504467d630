//! The checker itself: what it accepts, and that each way to be wrong is refused.

use crate::history::{Event, Op};
use crate::history_check::is_linearizable;
use Op::{Closed, Forced, Len, PopClosed, PopEmpty, Popped, PushClosed, PushFull, Pushed};

/// One thread, each operation after the other.
fn sequence(ops: &[Op]) -> Vec<Event> {
    (0..).zip(ops).map(|(at, op)| Event { op: *op, called: 2 * at, returned: 2 * at + 1 }).collect()
}

/// Each operation with its call and return.
fn timed(events: &[(Op, u64, u64)]) -> Vec<Event> {
    events.iter().map(|&(op, called, returned)| Event { op, called, returned }).collect()
}

fn sequential(capacity: usize, ops: &[Op]) -> bool {
    is_linearizable(capacity, &[sequence(ops)])
}

#[test]
fn accepts_what_a_queue_does() {
    assert!(sequential(2, &[PopEmpty, Pushed(1), Pushed(2), PushFull, Len(2), Popped(1), Popped(2), PopEmpty]));
    assert!(sequential(1, &[Pushed(1), Closed(true), Closed(false), PushClosed, Popped(1), PopClosed]));
    assert!(sequential(2, &[Forced(1, None), Forced(2, None), Forced(3, Some(1)), Popped(2), Popped(3)]));
}

#[test]
fn accepts_either_order_of_what_overlaps() {
    for popped in [[Popped(1), Popped(2)], [Popped(2), Popped(1)]] {
        let pushes = [timed(&[(Pushed(1), 0, 3)]), timed(&[(Pushed(2), 1, 2)])];
        let pops = timed(&[(popped[0], 4, 5), (popped[1], 6, 7)]);
        assert!(is_linearizable(2, &[&pushes[..], &[pops]].concat()));
    }
    // Empty at its beginning, full at its end: both may be said while the push is at work.
    assert!(is_linearizable(1, &[timed(&[(Pushed(1), 0, 5)]), timed(&[(PopEmpty, 1, 2), (PushFull, 3, 4)])]));
    // A bulk of two, with the pushes of another thread between them.
    let bulk = timed(&[(Pushed(1), 0, 9), (Pushed(2), 0, 9)]);
    let pops = timed(&[(Popped(1), 10, 11), (Popped(7), 12, 13), (Popped(2), 14, 15)]);
    assert!(is_linearizable(3, &[bulk, timed(&[(Pushed(7), 3, 4)]), pops]));
}

#[test]
fn refuses_a_lost_item() {
    assert!(!sequential(2, &[Pushed(1), PopEmpty]));
    assert!(!sequential(2, &[Pushed(1), Pushed(2), Popped(2)]));
    assert!(!sequential(1, &[Pushed(1), Closed(true), PopClosed]));
    assert!(!sequential(2, &[Pushed(1), Forced(2, None), Popped(2)]));
}

#[test]
fn refuses_a_doubled_item() {
    assert!(!sequential(2, &[Pushed(1), Popped(1), Popped(1)]));
    // Two threads that popped the same one at the same time.
    assert!(!is_linearizable(1, &[sequence(&[Pushed(1)]), timed(&[(Popped(1), 2, 5)]), timed(&[(Popped(1), 3, 4)])]));
    assert!(!sequential(1, &[Forced(1, None), Forced(2, Some(1)), Popped(1)]));
}

#[test]
fn refuses_an_item_from_nowhere_or_before_its_push() {
    assert!(!sequential(1, &[Popped(1)]));
    assert!(!is_linearizable(1, &[timed(&[(Popped(1), 0, 1)]), timed(&[(Pushed(1), 2, 3)])]));
}

#[test]
fn refuses_another_order() {
    assert!(!sequential(2, &[Pushed(1), Pushed(2), Popped(2), Popped(1)]));
    // The second push was called after the first returned, in another thread.
    let pushes = [timed(&[(Pushed(1), 0, 1)]), timed(&[(Pushed(2), 2, 3)])];
    assert!(!is_linearizable(2, &[&pushes[..], &[timed(&[(Popped(2), 4, 5), (Popped(1), 6, 7)])]].concat()));
    // The items of a bulk are in order.
    let bulk = timed(&[(Pushed(1), 0, 9), (Pushed(2), 0, 9)]);
    assert!(!is_linearizable(2, &[bulk, timed(&[(Popped(2), 1, 2)])]));
    assert!(!sequential(2, &[Forced(1, None), Forced(2, None), Forced(3, Some(2))]));
}

#[test]
fn refuses_a_false_empty() {
    assert!(!sequential(2, &[Pushed(1), PopEmpty, Popped(1)]));
    // There was an item at each moment of the call: one was pushed before the other was popped.
    let other = timed(&[(Pushed(1), 0, 1), (Pushed(2), 3, 4), (Popped(1), 5, 6)]);
    assert!(!is_linearizable(2, &[other, timed(&[(PopEmpty, 2, 7)])]));
    assert!(!sequential(1, &[Closed(true), PopEmpty]));
}

#[test]
fn refuses_a_false_full() {
    assert!(!sequential(2, &[Pushed(1), PushFull]));
    // There was room at each moment of the call.
    let other =
        timed(&[(Pushed(1), 0, 1), (Pushed(2), 2, 3), (Popped(1), 4, 5), (Popped(2), 7, 8), (Pushed(3), 9, 10)]);
    assert!(!is_linearizable(2, &[other.clone(), timed(&[(PushFull, 6, 11)])]));
    assert!(is_linearizable(2, &[other, timed(&[(PushFull, 3, 11)])]), "but there was none at its beginning");
    assert!(!sequential(1, &[Pushed(1), Closed(true), PushFull]), "closed comes before full");
}

#[test]
fn refuses_more_than_the_capacity() {
    assert!(!sequential(1, &[Pushed(1), Pushed(2)]));
    assert!(!sequential(2, &[Pushed(1), Forced(2, Some(1))]), "pushed out, though there was room");
}

#[test]
fn refuses_a_push_after_close() {
    assert!(!sequential(2, &[Closed(true), Pushed(1)]));
    assert!(!sequential(2, &[Closed(true), Forced(1, None)]));
    assert!(!sequential(2, &[Closed(true), Closed(true)]), "only one call closes it");
    assert!(!sequential(2, &[PushClosed, Closed(true)]));
    assert!(!sequential(2, &[Closed(false)]));
}

#[test]
fn refuses_a_count_that_never_was() {
    assert!(!sequential(2, &[Pushed(1), Len(0)]));
    let other = timed(&[(Pushed(1), 0, 1), (Popped(1), 3, 4)]);
    assert!(!is_linearizable(2, &[other, timed(&[(Len(2), 2, 5)])]));
}
