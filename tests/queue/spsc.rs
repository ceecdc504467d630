#![allow(unsafe_code)] // Writes slots in place and commits them.

use crate::suite;
use bedplate::queue::spsc::{self, Consumer, Producer};
use bedplate::queue::{PopError, PushError};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn make<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    spsc::ring(capacity)
}

#[test]
fn smoke() {
    suite::smoke(make);
}

#[test]
fn len_empty_full() {
    suite::len_empty_full(make);
}

#[test]
fn capacity_one() {
    suite::capacity_one(make);
}

#[test]
fn zst() {
    suite::zst(make);
}

#[test]
fn bulk() {
    suite::bulk(make);
}

#[test]
fn one_to_one() {
    suite::spsc(make);
}

#[test]
fn drops() {
    suite::drops(make, &AtomicUsize::new(0));
}

#[test]
fn close() {
    suite::close(make);
}

#[test]
fn close_racing_with_push() {
    suite::close_racing_with_push(make);
}

#[test]
fn panic_in_drop() {
    suite::panic_in_drop(make, &AtomicUsize::new(0));
}

#[test]
#[should_panic(expected = "spsc::ring: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = spsc::ring::<u8>(0);
}

#[test]
fn a_dropped_producer_leaves_its_items() {
    let (producer, consumer) = spsc::ring(2);
    producer.try_push(1).unwrap();
    assert!(!consumer.is_abandoned());
    drop(producer);
    assert!(consumer.is_abandoned() && consumer.is_closed());
    assert_eq!(consumer.try_pop(), Ok(1));
    assert_eq!(consumer.try_pop(), Err(PopError::Closed));
}

#[test]
fn a_dropped_consumer_drops_what_is_inside_and_refuses_more() {
    let drops = AtomicUsize::new(0);
    let probe = || suite::Probe { drops: &drops, panics: false };
    let (producer, consumer) = spsc::ring(3);
    // The ring has gone round before, so that what is inside lies across its end.
    producer.try_push(probe()).unwrap();
    producer.try_push(probe()).unwrap();
    consumer.try_pop_bulk(&mut Vec::new(), 2);
    (0..3).for_each(|_| producer.try_push(probe()).unwrap());
    assert!(!producer.is_abandoned());
    drop(consumer);
    assert_eq!(drops.load(Ordering::Relaxed), 5, "at once, with the producer alive");
    assert!(producer.is_abandoned() && producer.is_closed());
    assert!(matches!(producer.try_push(probe()), Err(PushError::Closed(_))));
}

/// What a test of chunks does; each number is the most items or slots of a chunk.
#[derive(Clone, Copy, Debug)]
enum Op {
    Fill { max: usize, items: usize },
    Commit { max: usize, written: usize },
    DropWrite(usize),
    Iterate { max: usize, taken: usize },
    ForgetIter { max: usize, taken: usize },
    CommitRead { max: usize, read: usize },
    DropRead(usize),
    Push,
    Pop,
}

fn op() -> impl Strategy<Value = Op> {
    let n = || 0..8_usize;
    prop_oneof![
        (n(), n()).prop_map(|(max, items)| Op::Fill { max, items }),
        (n(), n()).prop_map(|(max, written)| Op::Commit { max, written }),
        n().prop_map(Op::DropWrite),
        (n(), n()).prop_map(|(max, taken)| Op::Iterate { max, taken }),
        (n(), n()).prop_map(|(max, taken)| Op::ForgetIter { max, taken }),
        (n(), n()).prop_map(|(max, read)| Op::CommitRead { max, read }),
        n().prop_map(Op::DropRead),
        Just(Op::Push),
        Just(Op::Pop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Chunks against a `VecDeque`, mixed with single operations. Strings, so that an item lost or doubled is a leak or
    /// a double free as well.
    #[test]
    fn chunks(capacity in 1..10_usize, ops in prop::collection::vec(op(), 0..80)) {
        let (mut producer, mut consumer) = spsc::ring::<String>(capacity);
        let mut model = VecDeque::new();
        let (mut next, mut popped, mut vacated) = (0_u64, 0_u64, 0_u64);
        let mut fresh = || { next += 1; next.to_string() };
        for op in ops {
            // Slots of a forgotten iterator come back late, with the consumer's next release.
            let room = capacity - model.len() - (popped - vacated) as usize;
            match op {
                Op::Fill { max, items } => match producer.try_write_chunk(max) {
                    Ok(chunk) => {
                        prop_assert_eq!(chunk.len(), max.min(room));
                        let items: Vec<_> = (0..items).map(|_| fresh()).collect();
                        let mut source = items.iter().cloned();
                        let n = chunk.fill_from_iter(&mut source);
                        prop_assert_eq!(n, max.min(room).min(items.len()));
                        prop_assert_eq!(source.len(), items.len() - n, "no item more than is pushed is taken");
                        model.extend(items.into_iter().take(n));
                    }
                    Err(e) => prop_assert!(e == PushError::Full(()) && max > 0 && room == 0),
                },
                Op::Commit { max, written } => match producer.try_write_chunk(max) {
                    Ok(mut chunk) => {
                        let written = written.min(chunk.len());
                        let (first, second) = chunk.as_mut_slices();
                        prop_assert!(second.is_empty() || !first.is_empty());
                        for slot in first.iter_mut().chain(second).take(written) {
                            let item = fresh();
                            model.push_back(item.clone());
                            slot.write(item);
                        }
                        if written == chunk.len() {
                            // SAFETY: all slots were written.
                            unsafe { chunk.commit_all() };
                        } else {
                            // SAFETY: so many slots were written.
                            unsafe { chunk.commit(written) };
                        }
                    }
                    Err(e) => prop_assert!(e == PushError::Full(()) && max > 0 && room == 0),
                },
                Op::DropWrite(max) => drop(producer.try_write_chunk(max)),
                Op::Iterate { max, taken } => match consumer.try_read_chunk(max) {
                    Ok(chunk) => {
                        prop_assert_eq!(chunk.len(), max.min(model.len()));
                        let mut items = chunk.into_iter();
                        for item in items.by_ref().take(taken) {
                            popped += 1;
                            prop_assert_eq!(item, model.pop_front().unwrap());
                        }
                        drop(items);
                        vacated = popped;
                    }
                    Err(e) => {
                        prop_assert!(e == PopError::Empty && max > 0 && model.is_empty());
                        vacated = popped;
                    }
                },
                Op::ForgetIter { max, taken } => match consumer.try_read_chunk(max) {
                    Ok(chunk) => {
                        let mut items = chunk.into_iter();
                        for item in items.by_ref().take(taken) {
                            popped += 1;
                            prop_assert_eq!(item, model.pop_front().unwrap());
                        }
                        mem::forget(items);
                    }
                    Err(_) => vacated = popped,
                },
                Op::CommitRead { max, read } => match consumer.try_read_chunk(max) {
                    Ok(mut chunk) => {
                        prop_assert!(chunk.as_slices().0.iter().chain(chunk.as_slices().1).eq(model.iter().take(max)));
                        chunk.as_mut_slices().0.iter_mut().for_each(|item| item.push('.'));
                        chunk.as_mut_slices().0.iter_mut().for_each(|item| item.truncate(item.len() - 1));
                        let read = read.min(chunk.len());
                        chunk.commit(read);
                        model.drain(..read);
                        popped += read as u64;
                        vacated = popped;
                    }
                    Err(_) => vacated = popped,
                },
                Op::DropRead(max) => match consumer.try_read_chunk(max) {
                    Ok(chunk) => drop(chunk),
                    Err(_) => vacated = popped,
                },
                Op::Push => {
                    let item = fresh();
                    match producer.try_push(item.clone()) {
                        Ok(()) => model.push_back(item),
                        Err(e) => prop_assert!(room == 0 && e == PushError::Full(item)),
                    }
                }
                Op::Pop => {
                    prop_assert_eq!(consumer.peek().ok(), model.front());
                    prop_assert_eq!(consumer.try_pop().ok(), model.pop_front().inspect(|_| popped += 1));
                    vacated = popped;
                }
            }
            let stats = consumer.stats();
            prop_assert_eq!((stats.len, stats.popped), (model.len(), popped));
            prop_assert_eq!(producer.stats().pushed, popped + model.len() as u64);
        }
    }
}

#[test]
fn a_chunk_is_seen_at_once() {
    let (mut producer, consumer) = spsc::ring(4);
    let chunk = producer.try_write_chunk(3).unwrap();
    chunk.fill_from_iter((0..).inspect(|_| assert_eq!(consumer.len(), 0, "nothing before the whole")));
    assert_eq!(consumer.len(), 3);
}

#[test]
fn slots_of_a_read_chunk_come_back_at_its_end() {
    let (producer, mut consumer) = spsc::ring(2);
    producer.try_push_bulk(&mut vec![1, 2]);
    let mut items = consumer.try_read_chunk(2).unwrap().into_iter();
    assert_eq!(items.next(), Some(1));
    assert_eq!(producer.try_push(3), Err(PushError::Full(3)));
    drop(items);
    assert_eq!(producer.try_push(3), Ok(()));
    assert_eq!((consumer.try_pop(), consumer.try_pop()), (Ok(2), Ok(3)));
}

#[test]
fn chunks_of_items_without_a_size() {
    let (mut producer, mut consumer) = spsc::ring::<()>(3);
    assert_eq!(producer.try_write_chunk(9).unwrap().fill_from_iter([(); 2]), 2);
    assert_eq!(consumer.try_read_chunk(9).unwrap().as_slices().0.len(), 2);
    assert_eq!(consumer.try_read_chunk(9).unwrap().into_iter().count(), 2);
    assert_eq!(consumer.try_read_chunk(9).unwrap_err(), PopError::Empty);
}

#[test]
fn chunks_of_a_closed_ring() {
    let (mut producer, mut consumer) = spsc::ring(3);
    producer.try_push(1).unwrap();
    producer.close();
    assert_eq!(producer.try_write_chunk(1).unwrap_err(), PushError::Closed(()));
    assert_eq!(consumer.peek(), Ok(&1));
    consumer.try_read_chunk(1).unwrap().commit_all();
    assert_eq!(consumer.try_read_chunk(1).unwrap_err(), PopError::Closed);
    assert_eq!(consumer.peek(), Err(PopError::Closed));
    drop(consumer);
    assert_eq!(producer.try_write_chunk(1).unwrap_err(), PushError::Closed(()));
}

#[test]
fn a_panic_in_the_filling_iterator_pushes_what_came_before() {
    let (mut producer, consumer) = spsc::ring(8);
    let items = ["a", "b", "c"].map(String::from).into_iter().inspect(|item| assert_ne!(item, "c", "told to"));
    let chunk = AssertUnwindSafe(producer.try_write_chunk(5).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(move || { chunk }.0.fill_from_iter(items))).is_err());
    assert_eq!((consumer.try_pop().as_deref(), consumer.try_pop().as_deref()), (Ok("a"), Ok("b")));
    assert_eq!(consumer.try_pop(), Err(PopError::Empty));
    assert_eq!(producer.try_push("d".into()), Ok(()));
    assert_eq!(consumer.try_pop().as_deref(), Ok("d"));
}

#[test]
fn a_panic_in_a_committed_items_drop_leaves_the_items_after_it() {
    let drops = AtomicUsize::new(0);
    let (producer, mut consumer) = spsc::ring(6);
    for n in 0..6 {
        producer.try_push(suite::Probe { drops: &drops, panics: n == 2 }).unwrap();
    }
    let chunk = consumer.try_read_chunk(5).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| chunk.commit(4))).is_err());
    assert_eq!((drops.load(Ordering::Relaxed), consumer.len(), producer.len()), (3, 3, 3));
    consumer.try_read_chunk(9).unwrap().commit_all();
    assert_eq!((drops.load(Ordering::Relaxed), consumer.len()), (6, 0));
}

#[test]
#[should_panic(expected = "WriteChunk::commit: 3 slots of a chunk of 2")]
fn commit_of_more_slots_than_there_are() {
    let (mut producer, _consumer) = spsc::ring::<u8>(2);
    // SAFETY: it panics, and pushes nothing.
    unsafe { producer.try_write_chunk(9).unwrap().commit(3) };
}

#[test]
#[should_panic(expected = "ReadChunk::commit: 2 items of a chunk of 1")]
fn commit_of_more_items_than_there_are() {
    let (producer, mut consumer) = spsc::ring(2);
    producer.try_push(1).unwrap();
    consumer.try_read_chunk(9).unwrap().commit(2);
}

#[test]
fn chunks_one_to_one() {
    const ITEMS: usize = 20_000;
    let (mut producer, mut consumer) = spsc::ring(7);
    thread::scope(|s| {
        s.spawn(move || {
            let mut next = 0;
            while next < ITEMS {
                match producer.try_write_chunk(1 + next % 9) {
                    Ok(chunk) => next += chunk.fill_from_iter(next..ITEMS),
                    Err(_) => thread::yield_now(),
                }
            }
        });
        let mut expected = 0;
        loop {
            match consumer.try_read_chunk(1 + expected % 5) {
                Ok(chunk) if expected % 2 == 0 => chunk.into_iter().for_each(|item| {
                    assert_eq!(item, expected);
                    expected += 1;
                }),
                Ok(chunk) => {
                    let (first, second) = chunk.as_slices();
                    assert!(first.iter().chain(second).copied().eq(expected..expected + chunk.len()));
                    expected += chunk.len();
                    chunk.commit_all();
                }
                Err(PopError::Closed) => break,
                Err(_) => thread::yield_now(),
            }
        }
        assert_eq!(expected, ITEMS);
    });
}
