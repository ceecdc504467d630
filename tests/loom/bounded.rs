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

/// A bulk push and a single one, while a popper takes what comes: two claims of different lengths meet, and one of them
/// goes around the end of the ring, which is two claims.
fn bulk_pushes_around_the_ring(capacity: usize) {
    model(2, move || {
        let queue = Arc::new(Bounded::new(capacity));
        queue.try_push(0).unwrap();
        queue.try_pop().unwrap();
        let pusher = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let mut items = vec![1, 2];
                queue.try_push_bulk(&mut items)
            })
        };
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.try_push(10).is_ok())
        };
        let mut seen: Vec<_> = queue.try_pop().ok().into_iter().collect();
        let (pushed, single) = (pusher.join().unwrap(), other.join().unwrap());
        seen.extend(rest(&queue));
        let bulk: Vec<_> = seen.iter().copied().filter(|n| *n < 10).collect();
        assert_eq!(bulk, [1, 2][..pushed], "in order, and as many as were said");
        assert_eq!(seen.iter().filter(|n| **n == 10).count(), usize::from(single));
    });
}

#[test]
fn capacity_2_bulk_pushes() {
    bulk_pushes_around_the_ring(2);
}

#[test]
fn capacity_3_bulk_pushes() {
    bulk_pushes_around_the_ring(3);
}

/// Two bulk pops share what is there, and a push reuses the slots they leave.
#[test]
fn bulk_pops_share_the_items() {
    model(2, || {
        let queue = Arc::new(Bounded::new(3));
        assert_eq!(queue.try_push_bulk(&mut vec![1, 2, 3]), 3);
        let poppers = [2, 3].map(|max| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let mut items = Vec::new();
                queue.try_pop_bulk(&mut items, max);
                items
            })
        });
        let pushed = queue.try_push(4).is_ok();
        let taken = poppers.map(|popper| popper.join().unwrap());
        let mut all: Vec<_> = taken.iter().flatten().copied().collect();
        assert!(taken.iter().all(|items| items.is_sorted()));
        all.extend(rest(&queue));
        all.sort_unstable();
        assert!(all.into_iter().eq(1..=3 + i32::from(pushed)));
    });
}

#[test]
fn bulk_push_racing_with_close() {
    model(3, || {
        let queue = Arc::new(Bounded::new(2));
        let pusher = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.try_push_bulk(&mut vec![1, 2]))
        };
        queue.close();
        let mut seen = Vec::new();
        loop {
            match queue.try_pop() {
                Ok(item) => seen.push(item),
                Err(PopError::Closed) => break,
                Err(_) => thread::yield_now(),
            }
        }
        assert_eq!(seen, [1, 2][..pusher.join().unwrap()]);
    });
}

/// Forced pushes at a full queue, racing with each other, with a pop and with a close: each item is popped, given back
/// or refused, once; and once a pop has said that the queue is drained, it is.
fn forced_pushes(capacity: usize) {
    model(2, move || {
        let queue = Arc::new(Bounded::new(capacity));
        for n in 0..capacity {
            queue.try_push(n).unwrap();
        }
        let pushers = [10, 20].map(|n| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || match queue.force_push(n) {
                Ok(oldest) => oldest.into_iter().collect(),
                Err(refused) => vec![refused.into_inner()],
            })
        });
        queue.close();
        let mut all = Vec::new();
        loop {
            match queue.try_pop() {
                Ok(item) => all.push(item),
                Err(PopError::Closed) => break,
                Err(PopError::Busy) => thread::yield_now(),
                Err(e) => panic!("a closed queue is never {e:?}"),
            }
        }
        all.extend(pushers.into_iter().flat_map(|pusher| pusher.join().unwrap()));
        all.sort_unstable();
        assert!(all.into_iter().eq((0..capacity).chain([10, 20])), "each once");
        assert_eq!(queue.try_pop(), Err(PopError::Closed));
    });
}

#[test]
fn capacity_1_forced_pushes() {
    forced_pushes(1);
}

#[test]
fn capacity_2_forced_pushes() {
    forced_pushes(2);
}

/// A queue that is only ever pushed to by force once it was full is never seen empty.
#[test]
fn a_forced_push_leaves_no_gap() {
    model(3, || {
        let queue = Arc::new(Bounded::new(1));
        queue.try_push(1).unwrap();
        let pusher = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.force_push(2))
        };
        assert_ne!(queue.try_pop(), Err(PopError::Empty));
        assert_ne!(pusher.join().unwrap(), Err(PushError::Full(2)));
    });
}
