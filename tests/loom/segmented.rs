//! loom does not see into `SegQueue`: a push or a pop there happens together with the step before it. What is modelled
//! is the counting around it; that a push may be counted and not yet inside is left to `close_racing_with_push` in
//! `tests/queue`, on real threads.

use crate::model;
use bedplate::queue::{PopError, PushError, Segmented};
use loom::sync::Arc;
use loom::thread;

#[test]
fn the_limit_holds() {
    model(3, || {
        let queue = Arc::new(Segmented::new(1));
        let pushers = [1, 2].map(|n| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.try_push(n).is_ok())
        });
        let popped = queue.try_pop().is_ok();
        let accepted = pushers.into_iter().map(|t| t.join().unwrap()).filter(|ok| *ok).count();
        assert!(accepted <= 1 + usize::from(popped), "two items under a limit of one");
        assert!(accepted >= 1);
        assert_eq!(queue.len(), accepted - usize::from(popped));
    });
}

#[test]
fn a_push_before_the_close_is_popped() {
    model(3, || {
        let queue = Arc::new(Segmented::new(2));
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

#[test]
fn full_is_exact() {
    model(3, || {
        let queue = Arc::new(Segmented::new(2));
        queue.try_push(1).unwrap();
        queue.try_push(2).unwrap();
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let popped = queue.try_pop().unwrap();
                queue.try_push(3).unwrap();
                let refused = queue.try_push(4);
                // Item 2 came out here, so item 1 was out, or on its way, and at most item 3 was inside.
                assert!(popped == 1 || refused != Err(PushError::Full(4)));
            })
        };
        queue.try_pop().unwrap();
        other.join().unwrap();
    });
}
