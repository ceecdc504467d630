//! The gated broadcast against the naive one: everything that was ever pushed, and where each receiver stands.

use bedplate::queue::PushError;
use bedplate::queue::broadcast::{self, RecvError};
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Op {
    Push,
    PushBulk(usize),
    Recv(usize),
    ReadBulk(usize, usize),
    Clone(usize),
    Subscribe,
    Leave(usize),
    Reclaim,
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => Just(Op::Push),
        3 => (0..6_usize).prop_map(Op::PushBulk),
        10 => any::<usize>().prop_map(Op::Recv),
        6 => (any::<usize>(), 0..6_usize).prop_map(|(who, max)| Op::ReadBulk(who, max)),
        1 => any::<usize>().prop_map(Op::Clone),
        1 => Just(Op::Subscribe),
        2 => any::<usize>().prop_map(Op::Leave),
        1 => Just(Op::Reclaim),
        1 => Just(Op::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn model(capacity in 1..6_usize, ops in prop::collection::vec(op(), 0..100)) {
        let (sender, first) = broadcast::gated(capacity);
        // Each item is its position, and is counted as long as it lives.
        let item = |n: usize| Arc::new(n);
        let mut log: Vec<Arc<usize>> = Vec::new();
        let mut receivers = vec![(first, 0)];
        let mut closed = false;
        let mut reclaimed = 0;
        for op in ops {
            let slowest = receivers.iter().map(|(_, at)| *at).min().unwrap_or(log.len());
            let room = capacity - (log.len() - slowest);
            match op {
                Op::Push => {
                    let new = item(log.len());
                    let pushed = sender.try_push(Arc::clone(&new));
                    match pushed {
                        Ok(()) => {
                            prop_assert!(!closed && room > 0);
                            log.push(new);
                        }
                        Err(PushError::Closed(_)) => prop_assert!(closed),
                        Err(PushError::Full(_)) => prop_assert!(!closed && room == 0),
                        Err(e) => prop_assert!(false, "{e:?} with no other thread"),
                    }
                }
                Op::PushBulk(n) => {
                    let new: Vec<_> = (log.len()..log.len() + n).map(item).collect();
                    let mut items = new.clone();
                    let n = if closed { 0 } else { n.min(room) };
                    prop_assert_eq!(sender.try_push_bulk(&mut items), n);
                    prop_assert_eq!(&items[..], &new[n..]);
                    log.extend_from_slice(&new[..n]);
                }
                Op::Recv(who) if !receivers.is_empty() => {
                    let who = who % receivers.len();
                    let (receiver, at) = &mut receivers[who];
                    let end = if closed { RecvError::Closed } else { RecvError::Empty };
                    prop_assert_eq!(receiver.try_recv(), log.get(*at).cloned().ok_or(end));
                    *at = log.len().min(*at + 1);
                }
                Op::ReadBulk(who, max) if !receivers.is_empty() => {
                    let who = who % receivers.len();
                    let (receiver, at) = &mut receivers[who];
                    let n = max.min(log.len() - *at);
                    let end = if closed { RecvError::Closed } else { RecvError::Empty };
                    let mut seen = Vec::new();
                    let read = receiver.try_read_bulk(max, |item| seen.push(**item));
                    prop_assert_eq!(read, if n > 0 || max == 0 { Ok(n) } else { Err(end) });
                    prop_assert_eq!(seen, (*at..*at + n).collect::<Vec<_>>());
                    *at += n;
                }
                Op::Clone(who) if !receivers.is_empty() => {
                    let (receiver, at) = &receivers[who % receivers.len()];
                    let clone = (receiver.clone(), *at);
                    receivers.push(clone);
                }
                Op::Subscribe => receivers.push((sender.subscribe(), log.len())),
                Op::Leave(who) if !receivers.is_empty() => drop(receivers.swap_remove(who % receivers.len())),
                Op::Reclaim => {
                    prop_assert_eq!(sender.reclaim(), slowest - reclaimed);
                }
                Op::Close => {
                    prop_assert_eq!(sender.close(), !closed);
                    closed = true;
                }
                Op::Recv(_) | Op::ReadBulk(..) | Op::Clone(_) | Op::Leave(_) => {}
            }
            let slowest = receivers.iter().map(|(_, at)| *at).min().unwrap_or(log.len());
            let stats = sender.stats();
            prop_assert_eq!((stats.pushed, stats.len, stats.closed), (log.len() as u64, log.len() - slowest, closed));
            prop_assert_eq!(sender.receivers(), receivers.len());
            for (receiver, at) in &receivers {
                prop_assert_eq!(receiver.len(), log.len() - at);
            }
            // An item is in the ring, beside the log, until it is out of the way or reclaimed: the oldest go first.
            let inside = log.iter().rev().take_while(|item| Arc::strong_count(item) == 2).count();
            prop_assert!(log[..log.len() - inside].iter().all(|item| Arc::strong_count(item) == 1));
            prop_assert!((log.len() - slowest..=capacity).contains(&inside));
            prop_assert!(log.len() - inside >= reclaimed, "an item came back");
            reclaimed = log.len() - inside;
        }
        drop((sender, receivers));
        prop_assert!(log.iter().all(|item| Arc::strong_count(item) == 1), "dropped once, with the last handle");
    }
}
