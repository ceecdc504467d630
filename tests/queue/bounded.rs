#![allow(unsafe_code)] // Reads what was popped into uninitialised places.

use crate::suite;
use bedplate::queue::{Bounded, PopError, PushError};
use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn make<T>(capacity: usize) -> (Arc<Bounded<T>>, Arc<Bounded<T>>) {
    let queue = Arc::new(Bounded::new(capacity));
    (Arc::clone(&queue), queue)
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
fn spsc() {
    suite::spsc(make);
}

#[test]
fn mpmc() {
    suite::mpmc(make);
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
#[should_panic(expected = "Bounded::new: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = Bounded::<u8>::new(0);
}

#[test]
fn drain_takes_what_it_is_not_asked_for_too() {
    let drops = AtomicUsize::new(0);
    let mut queue = Bounded::new(4);
    (0..4).for_each(|_| queue.try_push(suite::Probe { drops: &drops, panics: false }).unwrap());
    let mut drain = queue.drain();
    assert_eq!(drain.len(), 4);
    drop(drain.next());
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    drop(drain);
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    assert!(queue.is_empty() && !queue.is_closed());
}

#[test]
fn iter_mut_visits_from_the_oldest_across_the_end_of_the_ring() {
    let mut queue = Bounded::new(3);
    queue.try_push_bulk(&mut vec![0, 1, 2]);
    queue.try_pop_bulk(&mut Vec::new(), 2);
    queue.try_push_bulk(&mut vec![3, 4]);
    // All at once, to see that no two are the same place.
    let all: Vec<&mut i32> = queue.iter_mut().collect();
    assert!(all.iter().map(|n| **n).eq(2..5));
    all.into_iter().for_each(|n| *n += 10);
    assert!(queue.drain().eq(12..15));
}

/// The memory of the largest queue that the address space is named for is refused before anything is allocated.
#[test]
#[should_panic(expected = "the capacity is past the address space")]
fn capacity_past_the_address_space() {
    let _ = Bounded::<[u64; 64]>::new(usize::MAX / 64);
}

#[test]
fn force_push_replaces_the_oldest() {
    for capacity in 1..10 {
        let queue = Bounded::new(capacity);
        let mut model = VecDeque::new();
        for n in 0..5 * capacity {
            let oldest = if model.len() == capacity { model.pop_front() } else { None };
            model.push_back(Box::new(n));
            assert_eq!(queue.force_push(Box::new(n)), Ok(oldest));
            assert_eq!(queue.len(), model.len());
            if n % 4 == 3 {
                assert_eq!(queue.try_pop().ok(), model.pop_front());
            }
        }
        queue.close();
        assert_eq!(queue.force_push(Box::new(9)), Err(PushError::Closed(Box::new(9))), "closed, and full or not");
        assert!(std::iter::from_fn(|| queue.try_pop().ok()).eq(model));
    }
}

/// Of forced pushes and pops by several threads each item goes to exactly one of: a pop, the push that replaced it.
#[test]
fn force_push_racing_with_everything() {
    const ITEMS: usize = 5_000;
    for capacity in [1, 2, 7, 8] {
        let queue = &Bounded::new(capacity);
        let mut all = thread::scope(|s| {
            let pushers: Vec<_> = (0..2)
                .map(|id| {
                    s.spawn(move || {
                        let mut replaced = Vec::new();
                        for n in 0..ITEMS {
                            let mut item = id * ITEMS + n;
                            loop {
                                match queue.force_push(item) {
                                    Ok(oldest) => break replaced.extend(oldest),
                                    Err(refused) => item = refused.into_inner(),
                                }
                                thread::yield_now();
                            }
                        }
                        replaced
                    })
                })
                .collect();
            let popper = s.spawn(move || {
                let mut seen = Vec::new();
                loop {
                    queue.try_pop_bulk(&mut seen, 3);
                    match queue.try_pop() {
                        Ok(item) => seen.push(item),
                        Err(PopError::Closed) => return seen,
                        Err(_) => thread::yield_now(),
                    }
                }
            });
            let mut all: Vec<_> = pushers.into_iter().flat_map(|pusher| pusher.join().unwrap()).collect();
            queue.close();
            all.extend(popper.join().unwrap());
            all
        });
        all.sort_unstable();
        assert!(all.into_iter().eq(0..2 * ITEMS), "capacity {capacity}");
    }
}

/// A forced push that was under way when the queue was closed counts, or is refused.
#[test]
fn force_push_racing_with_close() {
    for round in 0..1_500 {
        let queue = &Arc::new(Bounded::new(1 + round % 3));
        let (accepted, seen) = thread::scope(|s| {
            let pusher = s.spawn(move || {
                let (mut accepted, mut replaced) = (0, Vec::new());
                loop {
                    match queue.force_push(accepted) {
                        Ok(oldest) => {
                            accepted += 1;
                            replaced.extend(oldest);
                        }
                        Err(PushError::Closed(_)) => return (accepted, replaced),
                        Err(_) => thread::yield_now(),
                    }
                }
            });
            let mut seen: Vec<_> = (0..round % 20).filter_map(|_| queue.try_pop().ok()).collect();
            queue.close();
            seen.extend(suite::drain(&Arc::clone(queue)));
            assert_eq!(queue.try_pop(), Err(PopError::Closed));
            let (accepted, replaced) = pusher.join().unwrap();
            seen.extend(replaced);
            (accepted, seen)
        });
        let mut seen = seen;
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..accepted), "accepted: {accepted}");
    }
}

#[test]
fn sources_keep_what_does_not_go_in() {
    let queue = Bounded::new(5);
    let mut vec: Vec<_> = (0..4).map(Box::new).collect();
    {
        let mut drain = vec.drain(1..3);
        assert_eq!(queue.try_push_bulk(&mut drain), 2);
        assert_eq!(queue.try_push_bulk(&mut drain), 0, "nothing is left");
    }
    assert_eq!(vec, [Box::new(0), Box::new(3)]);
    let mut owned = (4..9).map(Box::new).collect::<Vec<_>>().into_iter();
    assert_eq!(queue.try_push_bulk(&mut owned), 3);
    assert_eq!(owned.as_slice(), [Box::new(7), Box::new(8)]);
    assert_eq!(owned.next_back(), Some(Box::new(8)));
    assert_eq!(queue.try_push_bulk(&mut vec), 0);
    assert_eq!(vec.len(), 2);
    let items: Vec<_> = std::iter::from_fn(|| queue.try_pop().ok()).map(|item| *item).collect();
    assert_eq!(items, [1, 2, 4, 5, 6]);
}

#[test]
fn a_slice_is_copied_from_its_front() {
    let queue = Bounded::new(10);
    let mut slice: &[u16] = &[1, 2, 3, 4, 5, 6, 7];
    assert_eq!(queue.try_push_bulk(&mut &slice[..4]), 4);
    assert_eq!(queue.try_push_bulk(&mut slice), 6);
    assert_eq!(slice, [7]);
    let mut out = Vec::new();
    assert_eq!(queue.try_pop_bulk(&mut out, usize::MAX), 10);
    assert_eq!(out, [1, 2, 3, 4, 1, 2, 3, 4, 5, 6]);
}

/// Bulk operations at every offset of the ring, so that each begins and ends in every place of a line, and at the wrap.
#[test]
fn bulk_at_every_offset() {
    for capacity in [1, 6, 7, 8, 14, 15, 30] {
        let queue = Bounded::new(capacity);
        let (mut next, mut expected) = (0_u64, 0_u64);
        for round in 0..4 * capacity {
            let n = 1 + round % capacity;
            let mut items: Vec<_> = (next..next + n as u64).collect();
            assert_eq!(queue.try_push_bulk(&mut items), n);
            next += n as u64;
            let mut room = [MaybeUninit::uninit(); 40];
            let popped = queue.try_pop_into(&mut room);
            assert_eq!(popped, n);
            for place in &room[..popped] {
                // SAFETY: so many places were said to be initialised.
                assert_eq!(unsafe { place.assume_init() }, expected);
                expected += 1;
            }
        }
    }
}

#[test]
fn pop_into_no_room_takes_nothing() {
    let queue = Bounded::new(2);
    queue.try_push(Box::new(1)).unwrap();
    assert_eq!(queue.try_pop_into(&mut []), 0);
    assert_eq!(queue.try_pop(), Ok(Box::new(1)));
}
