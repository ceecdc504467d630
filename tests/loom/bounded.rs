use crate::model;
use bedplate::queue::{Bounded, PopError, PushError};
use loom::sync::Arc;
use loom::thread;

/// Pops until nothing is left, with no one else at work.
fn rest<T>(queue: &Bounded<T>) -> Vec<T> {
    std::iter::from_fn(|| queue.try_pop().ok()).collect()
}

#[test]
fn capacity_1_two_pushers_and_a_popper() {
    model(3, || {
        let queue = Arc::new(Bounded::new(1));
        let pushers = [1, 2].map(|n| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.try_push(n).is_ok())
        });
        let popped = queue.try_pop().ok();
        let accepted: Vec<_> =
            pushers.into_iter().zip([1, 2]).filter_map(|(t, n)| t.join().unwrap().then_some(n)).collect();
        let mut seen: Vec<_> = popped.into_iter().chain(rest(&queue)).collect();
        seen.sort_unstable();
        assert_eq!(seen, accepted, "what was accepted is popped once");
        assert!(!accepted.is_empty(), "the first push found an empty queue");
    });
}

#[test]
fn capacity_1_around_the_ring() {
    around_the_ring(1);
}

#[test]
fn capacity_2_around_the_ring() {
    around_the_ring(2);
}

fn around_the_ring(capacity: usize) {
    model(3, move || {
        let queue = Arc::new(Bounded::new(capacity));
        let pusher = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || (0..3).filter(|n| queue.try_push(*n).is_ok()).collect::<Vec<_>>())
        };
        let mut seen: Vec<_> = (0..3).filter_map(|_| queue.try_pop().ok()).collect();
        let accepted = pusher.join().unwrap();
        seen.extend(rest(&queue));
        assert_eq!(seen, accepted, "in order, none lost, none twice");
    });
}

#[test]
fn two_poppers_share_the_items() {
    model(3, || {
        let queue = Arc::new(Bounded::new(2));
        queue.try_push(1).unwrap();
        queue.try_push(2).unwrap();
        let popper = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.try_pop())
        };
        let mut seen = [queue.try_pop(), popper.join().unwrap()].map(|r| r.expect("there was one for each"));
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
        assert_eq!(queue.try_push(3), Ok(()));
    });
}

#[test]
fn a_push_before_the_close_is_popped() {
    model(3, || {
        let queue = Arc::new(Bounded::new(2));
        let pushers = [1, 2].map(|n| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || match queue.try_push(n) {
                Ok(()) => true,
                Err(PushError::Closed(_)) => false,
                Err(e) => panic!("there is room for both: {e:?}"),
            })
        });
        assert!(queue.close());
        let mut seen = 0;
        loop {
            match queue.try_pop() {
                Ok(_) => seen += 1,
                Err(PopError::Closed) => break,
                Err(PopError::Busy) => thread::yield_now(),
                Err(e) => panic!("a closed queue is never {e:?}"),
            }
        }
        let accepted = pushers.into_iter().map(|t| t.join().unwrap()).filter(|ok| *ok).count();
        assert_eq!(seen, accepted);
    });
}

/// The outcome that a queue without the fences shows on weak memory: each thread pushes to one queue, and then finds
/// the other empty.
#[test]
fn answers_of_two_queues_have_one_order() {
    model(3, || {
        let queues = Arc::new((Bounded::new(1), Bounded::new(1)));
        let other = {
            let queues = Arc::clone(&queues);
            thread::spawn(move || {
                queues.1.try_push(()).unwrap();
                queues.0.try_pop()
            })
        };
        queues.0.try_push(()).unwrap();
        let here = queues.1.try_pop();
        let there = other.join().unwrap();
        assert!(here != Err(PopError::Empty) || there != Err(PopError::Empty));
    });
}

/// Of two pops one has ended and the other has at least begun, or has not and left its item: never are there two items.
#[test]
fn full_is_exact() {
    model(3, || {
        let queue = Arc::new(Bounded::new(2));
        queue.try_push(1).unwrap();
        queue.try_push(2).unwrap();
        let popper = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.try_pop().unwrap())
        };
        queue.try_pop().unwrap();
        assert_ne!(queue.try_push(3), Err(PushError::Full(3)));
        popper.join().unwrap();
    });
}
