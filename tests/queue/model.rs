//! Every queue against the naive one: a `VecDeque` with a limit.

use bedplate::queue::{Bounded, Pop, PopError, Push, PushError, Segmented, spsc};
use proptest::prelude::*;
use std::collections::VecDeque;
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

fn check<P: Push<u8>, C: Pop<u8>>((producer, consumer): (P, C), capacity: usize, ops: &[Op]) {
    let mut model = VecDeque::new();
    let mut closed = false;
    let (mut pushed, mut popped) = (0, 0);
    for op in ops {
        match op.clone() {
            Op::Push(item) => {
                let expected = if closed {
                    Err(PushError::Closed(item))
                } else if model.len() == capacity {
                    Err(PushError::Full(item))
                } else {
                    model.push_back(item);
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
            Op::PushBulk(mut items) => {
                let n = if closed { 0 } else { items.len().min(capacity - model.len()) };
                let rest = items[n..].to_vec();
                model.extend(&items[..n]);
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
    fn bounded(capacity in 1..10_usize, ops in prop::collection::vec(op(), 0..80)) {
        let queue = Arc::new(Bounded::new(capacity));
        check((Arc::clone(&queue), queue), capacity, &ops);
    }

    #[test]
    fn segmented(capacity in 1..40_usize, ops in prop::collection::vec(op(), 0..80)) {
        let queue = Arc::new(Segmented::new(capacity));
        check((Arc::clone(&queue), queue), capacity, &ops);
    }

    #[test]
    fn ring(capacity in 1..10_usize, ops in prop::collection::vec(op(), 0..80)) {
        check(spsc::ring(capacity), capacity, &ops);
    }
}
