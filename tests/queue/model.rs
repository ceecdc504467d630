//! Every queue against the naive one: a `VecDeque` with a limit.

use bedplate::queue::{Bounded, Pop, PopError, Push, PushError, Segmented, mpsc, spmc, spsc};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Op {
    Push(u8),
    Pop,
    PushBulk(Vec<u8>),
    PopBulk(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => any::<u8>().prop_map(Op::Push),
        8 => Just(Op::Pop),
        4 => prop::collection::vec(any::<u8>(), 0..8).prop_map(Op::PushBulk),
        4 => (0..8_usize).prop_map(Op::PopBulk),
        1 => Just(Op::Close),
    ]
}

/// Items of each size class: many to a cache line, some, one, more than a line; with and without a `Drop`.
trait Item: Clone + Debug + PartialEq {
    fn of(n: u8) -> Self;
}

impl Item for u8 {
    fn of(n: u8) -> Self {
        n
    }
}

impl Item for Box<u64> {
    fn of(n: u8) -> Self {
        Self::new(n.into())
    }
}

impl Item for String {
    fn of(n: u8) -> Self {
        n.to_string()
    }
}

impl Item for [u64; 5] {
    fn of(n: u8) -> Self {
        [n.into(); 5]
    }
}

impl Item for (Box<u8>, [u16; 60]) {
    fn of(n: u8) -> Self {
        (Box::new(n), [n.into(); 60])
    }
}

fn check<T: Item, P: Push<T>, C: Pop<T>>((producer, consumer): (P, C), capacity: usize, ops: &[Op]) {
    let mut model = VecDeque::new();
    let mut closed = false;
    let (mut pushed, mut popped) = (0, 0);
    for op in ops {
        match op.clone() {
            Op::Push(n) => {
                let item = T::of(n);
                let expected = if closed {
                    Err(PushError::Closed(item.clone()))
                } else if model.len() == capacity {
                    Err(PushError::Full(item.clone()))
                } else {
                    model.push_back(item.clone());
                    pushed += 1;
                    Ok(())
                };
                assert_eq!(producer.try_push(item), expected);
            }
            Op::Pop => {
                let empty = if closed { PopError::Closed } else { PopError::Empty };
                popped += u64::from(!model.is_empty());
                assert_eq!(consumer.try_pop(), model.pop_front().ok_or(empty));
            }
            Op::PushBulk(numbers) => {
                let mut items: Vec<_> = numbers.into_iter().map(T::of).collect();
                let n = if closed { 0 } else { items.len().min(capacity - model.len()) };
                let rest = items[n..].to_vec();
                model.extend(items[..n].iter().cloned());
                pushed += n as u64;
                assert_eq!(producer.try_push_bulk(&mut items), n);
                assert_eq!(items, rest);
            }
            Op::PopBulk(max) => {
                let mut items = Vec::new();
                let n = max.min(model.len());
                popped += n as u64;
                assert_eq!(consumer.try_pop_bulk(&mut items, max), n);
                assert_eq!(items, model.drain(..n).collect::<Vec<_>>());
            }
            Op::Close => {
                assert_eq!(consumer.close(), !closed);
                closed = true;
            }
        }
        for stats in [producer.stats(), consumer.stats()] {
            assert_eq!((stats.len, stats.pushed, stats.popped), (model.len(), pushed, popped));
            assert_eq!((stats.closed, stats.capacity), (closed, capacity));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bounded(capacity in 1..40_usize, ops in prop::collection::vec(op(), 0..80)) {
        fn check_bounded<T: Item>(capacity: usize, ops: &[Op]) {
            let queue = Arc::new(Bounded::<T>::new(capacity));
            check((Arc::clone(&queue), queue), capacity, ops);
        }
        check_bounded::<u8>(capacity, &ops);
        check_bounded::<Box<u64>>(capacity, &ops);
        check_bounded::<String>(capacity, &ops);
        check_bounded::<[u64; 5]>(capacity, &ops);
        check_bounded::<(Box<u8>, [u16; 60])>(capacity, &ops);
    }

    #[test]
    fn single_consumer(capacity in 1..20_usize, ops in prop::collection::vec(op(), 0..80)) {
        check(mpsc::ring::<u8>(capacity), capacity, &ops);
        check(mpsc::ring::<Box<u64>>(capacity), capacity, &ops);
        check(mpsc::ring::<[u64; 5]>(capacity), capacity, &ops);
    }

    #[test]
    fn single_producer(capacity in 1..20_usize, ops in prop::collection::vec(op(), 0..80)) {
        check(spmc::ring::<u8>(capacity), capacity, &ops);
        check(spmc::ring::<Box<u64>>(capacity), capacity, &ops);
        check(spmc::ring::<[u64; 5]>(capacity), capacity, &ops);
    }

    #[test]
    fn segmented(capacity in 1..40_usize, ops in prop::collection::vec(op(), 0..80)) {
        let queue = Arc::new(Segmented::<Box<u64>>::new(capacity));
        check((Arc::clone(&queue), queue), capacity, &ops);
    }

    #[test]
    fn ring(capacity in 1..10_usize, ops in prop::collection::vec(op(), 0..80)) {
        check(spsc::ring::<Box<u64>>(capacity), capacity, &ops);
    }
}
