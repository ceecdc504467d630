use crate::model;
use bedplate::queue::{Overwriting, PopError, PushError};
use loom::sync::Arc;
use loom::thread;

/// What became of a push.
#[derive(Debug, PartialEq)]
enum Pushed {
    Accepted(Option<u32>),
    Refused,
}

fn push(ring: &Overwriting<u32>, item: u32) -> Pushed {
    match ring.force_push(item) {
        Ok(lost) => Pushed::Accepted(lost),
        Err(PushError::Busy(refused)) => {
            assert_eq!(refused, item);
            Pushed::Refused
        }
        Err(e) => panic!("an open ring answered {e:?}"),
    }
}

/// Everything accepted came out once: to a pop, to the push that took its place, or in the end.
fn account(ring: &Overwriting<u32>, pushed: Vec<(u32, Pushed)>, popped: Vec<u32>) {
    let mut accepted = Vec::new();
    let (mut lost, mut refused) = (Vec::new(), 0);
    for (item, outcome) in pushed {
        match outcome {
            Pushed::Accepted(old) => {
                accepted.push(item);
                lost.extend(old);
            }
            Pushed::Refused => refused += 1,
        }
    }
    let stats = ring.stats();
    assert_eq!((stats.lost, stats.busy), (lost.len() as u64, refused));
    assert_eq!((stats.pushed, stats.popped), (accepted.len() as u64, popped.len() as u64));
    let left = std::iter::from_fn(|| ring.try_pop().ok());
    let mut out: Vec<_> = [lost, popped].concat().into_iter().chain(left).collect();
    out.sort_unstable();
    accepted.sort_unstable();
    assert_eq!(out, accepted, "each is popped, inside, or counted lost: once");
}

/// A push may only be refused where a peer is at work.
fn two_pushers_and_a_popper(capacity: usize) {
    model(2, move || {
        let ring = Arc::new(Overwriting::new(capacity));
        // Two of one thread at capacity 2 only: at capacity 1 that is too many paths.
        let pushers = [1..1 + capacity as u32, 3..4].map(|items| {
            let ring = Arc::clone(&ring);
            thread::spawn(move || items.map(|n| (n, push(&ring, n))).collect::<Vec<_>>())
        });
        let popped = ring.try_pop().into_iter().collect();
        let pushed = pushers.into_iter().flat_map(|t| t.join().unwrap()).collect();
        account(&ring, pushed, popped);
        assert_eq!(push(&ring, 9), Pushed::Accepted(None), "the others have finished, and what was inside is out");
    });
}

#[test]
fn capacity_1_two_pushers_and_a_popper() {
    two_pushers_and_a_popper(1);
}

#[test]
fn capacity_2_two_pushers_and_a_popper() {
    two_pushers_and_a_popper(2);
}

/// One thread pushes and one pops: the pops come in order, and the newest item is never lost.
#[test]
fn the_newest_stays() {
    for capacity in [1, 2] {
        model(2, move || {
            let ring = Arc::new(Overwriting::new(capacity));
            let pusher = {
                let ring = Arc::clone(&ring);
                thread::spawn(move || (0..4).map(|n| (n, push(&ring, n))).collect::<Vec<_>>())
            };
            let mut seen: Vec<_> = (0..2).filter_map(|_| ring.try_pop().ok()).collect();
            let pushed = pusher.join().unwrap();
            let lost: Vec<_> = pushed
                .iter()
                .filter_map(|(_, o)| if let Pushed::Accepted(Some(old)) = o { Some(*old) } else { None })
                .collect();
            let newest = pushed.iter().rev().find(|(_, o)| *o != Pushed::Refused).map(|(n, _)| *n);
            seen.extend(std::iter::from_fn(|| ring.try_pop().ok()));
            assert!(seen.is_sorted_by(|a, b| a < b) && lost.is_sorted_by(|a, b| a < b));
            assert_eq!(seen.last().copied(), newest);
        });
    }
}

/// A push that meets a pop half way through the oldest slot of a full ring is refused at once: it would otherwise wait
/// for that thread, or lose an item that is newer than another that stays.
#[test]
fn a_peer_at_work_on_the_oldest_is_told_and_not_waited_for() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let refused = std::sync::Arc::new(AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&refused);
    model(3, move || {
        let ring = Arc::new(Overwriting::new(1));
        ring.push(1).unwrap();
        let popper = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.try_pop())
        };
        let outcome = push(&ring, 2);
        seen.fetch_or(outcome == Pushed::Refused, Ordering::Relaxed);
        let popped = popper.join().unwrap();
        match outcome {
            Pushed::Refused => assert_eq!((popped, ring.len()), (Ok(1), 0)),
            Pushed::Accepted(None) => assert_eq!((popped, ring.try_pop()), (Ok(1), Ok(2))),
            Pushed::Accepted(Some(old)) => {
                assert_eq!(old, 1);
                assert!(popped == Ok(2) || matches!(popped, Err(PopError::Busy | PopError::Empty)), "{popped:?}");
            }
        }
    });
    assert!(refused.load(Ordering::Relaxed), "no interleaving showed it");
}

#[test]
fn a_push_before_the_close_is_popped_or_lost() {
    model(3, || {
        let ring = Arc::new(Overwriting::new(1));
        let pusher = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                let accepted = |n: u32| match ring.push(n) {
                    Ok(()) => 1,
                    // Refused, or met the pop below half way.
                    Err(PushError::Closed(_) | PushError::Busy(_)) => 0,
                    Err(e) => panic!("never {e:?}"),
                };
                accepted(1) + accepted(2)
            })
        };
        assert!(ring.close());
        let mut seen = 0;
        loop {
            match ring.try_pop() {
                Ok(_) => seen += 1,
                Err(PopError::Closed) => break,
                Err(PopError::Busy) => thread::yield_now(),
                Err(e) => panic!("a closed ring is never {e:?}"),
            }
        }
        assert_eq!(pusher.join().unwrap(), seen + ring.lost());
    });
}
