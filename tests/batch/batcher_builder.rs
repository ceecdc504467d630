use crate::support::until;
use bedplate::batch::{Batcher, PushError};
use std::time::Duration;

fn ignore(batch: &mut Vec<u64>) {
    batch.clear();
}

#[test]
#[should_panic = "the max_items of a batcher is zero"]
fn a_batch_of_no_items_is_refused() {
    let _ = Batcher::builder().max_items(0).inline(ignore);
}

#[test]
#[should_panic = "the max_bytes of a batcher is zero"]
fn a_batch_of_no_bytes_is_refused() {
    let _ = Batcher::builder().max_bytes(0, |_| 1).inline(ignore);
}

#[test]
#[should_panic = "the capacity of a batcher is zero"]
fn a_capacity_of_zero_is_refused() {
    let _ = Batcher::builder().capacity(0).inline(ignore);
}

#[test]
#[should_panic = "never holds the 11 items"]
fn a_capacity_below_a_batch_is_refused() {
    let _ = Batcher::builder().capacity(10).max_items(11).inline(ignore);
}

#[test]
fn the_capacity_follows_the_batch_unless_it_is_set() {
    let room = |builder: bedplate::batch::BatcherBuilder<u64>| {
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let batcher = builder
            .linger(Duration::MAX)
            .spawn("room", move |batch| {
                let _ = opened.recv();
                batch.clear();
            })
            .unwrap();
        // The thread is stuck before it is filled, so that nothing leaves.
        batcher.push_urgent(0).unwrap();
        until(&batcher, |s| s.in_flight == 1);
        let mut taken = 1;
        while batcher.try_push(0).is_ok() {
            taken += 1;
        }
        assert_eq!(batcher.try_push(7), Err(PushError::Full(7)));
        let stats = batcher.stats();
        assert_eq!(stats.pending + stats.in_flight, taken);
        let pending = stats.pending;
        drop(open);
        pending
    };
    assert_eq!(room(Batcher::builder().max_items(5)), 40);
    assert_eq!(room(Batcher::builder().max_items(5).capacity(12)), 12);
    assert_eq!(room(Batcher::builder().capacity(3)), 3);
    assert_eq!(room(Batcher::builder()), 8_192);
}

#[test]
#[should_panic = "the stage of a batcher is zero"]
fn a_stage_of_nothing_is_refused() {
    let _ = Batcher::builder().stage(0).inline(ignore);
}
