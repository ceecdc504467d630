#![allow(unsafe_code)] // Objects that loom watches.

use crate::model;
use bedplate::pool::{AcquireError, ObjectPool, Recycle};
use bedplate::time::{Clock, Deadline, Instant, Manual};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Two threads wait for one object in turn: neither sleeps past the release that serves it, and one object is enough.
#[test]
fn a_release_is_never_slept_through() {
    model(2, || {
        let pool = ObjectPool::builder(|| 0).max(1).build();
        let other = {
            let pool = pool.clone();
            thread::spawn(move || *pool.acquire().unwrap() += 1)
        };
        *pool.acquire().unwrap() += 1;
        other.join().unwrap();
        assert_eq!(*pool.try_acquire().unwrap(), 2);
        assert_eq!(pool.stats().created, 1);
    });
}

/// Each object is discarded, so what the waiter is woken by is a free place.
#[test]
fn a_free_place_is_never_slept_through_and_the_bound_holds() {
    model(2, || {
        let living = loom::sync::Arc::new(AtomicUsize::new(0));
        let count = loom::sync::Arc::clone(&living);
        struct Living(loom::sync::Arc<AtomicUsize>);
        impl Drop for Living {
            fn drop(&mut self) {
                // Relaxed here and below: the pool's lock orders them.
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let create = move || {
            assert_eq!(count.fetch_add(1, Ordering::Relaxed), 0, "two live at a time");
            Living(loom::sync::Arc::clone(&count))
        };
        let pool = ObjectPool::builder(create).max(1).recycle(|_| Recycle::Discard).build();
        let other = {
            let pool = pool.clone();
            thread::spawn(move || drop(pool.acquire().unwrap()))
        };
        drop(pool.acquire().unwrap());
        other.join().unwrap();
        assert_eq!(pool.stats().discarded, 2);
    });
}

/// Whoever waits when the pool is closed is told so.
#[test]
fn closing_is_never_slept_through() {
    model(2, || {
        let pool = ObjectPool::builder(|| 0).max(1).build();
        let held = pool.acquire_owned().unwrap();
        let waiter = {
            let pool = pool.clone();
            thread::spawn(move || matches!(pool.acquire(), Err(AcquireError::Closed)))
        };
        pool.close();
        assert!(waiter.join().unwrap());
        drop(held);
        assert_eq!(pool.stats().live, 0);
    });
}

/// An object whose users loom watches: two at a time are a panic.
struct Watched(loom::cell::UnsafeCell<u32>);

impl Watched {
    fn new() -> Self {
        Self(loom::cell::UnsafeCell::new(0))
    }

    fn touch(&mut self) {
        // SAFETY: the pool lends it to one user at a time; loom panics where it does not.
        self.0.with_mut(|uses| unsafe { *uses += 1 });
    }
}

/// What was released before, in the order the program can tell, is found in another thread's magazine without waiting.
#[test]
fn an_object_in_the_magazine_of_another_thread_is_found() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(1).build();
        let other = {
            let pool = pool.clone();
            thread::spawn(move || {
                // Twice: the second time from the magazine.
                pool.acquire().unwrap().touch();
                pool.acquire().unwrap().touch();
            })
        };
        other.join().unwrap();
        pool.try_acquire().unwrap().touch();
        assert_eq!(pool.stats().created, 1);
    });
}

/// A thread goes on taking and giving back while another reaches for what it has: nobody gets an object that is in use.
#[test]
fn a_magazine_in_use_is_not_robbed() {
    model(3, || {
        let pool = ObjectPool::builder(Watched::new).max(1).build();
        let other = {
            let pool = pool.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    if let Ok(mut object) = pool.try_acquire() {
                        object.touch();
                    }
                }
            })
        };
        if let Ok(mut object) = pool.try_acquire() {
            object.touch();
        }
        other.join().unwrap();
        assert_eq!(pool.stats().live, 1);
        pool.try_acquire().unwrap().touch();
    });
}

/// Two threads want one object, which lies in a third thread's magazine: one fetches it, the other waits for that.
#[test]
fn both_waiters_come_through() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(1).build();
        pool.try_acquire().unwrap().touch();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || pool.acquire().unwrap().touch())
            })
            .collect();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(pool.stats().created, 1);
    });
}

/// Trimming takes what lies in a magazine, and leaves what is in use.
#[test]
fn a_trim_and_a_user_do_not_meet() {
    model(3, || {
        let pool = ObjectPool::builder(Watched::new).max(1).build();
        pool.warm(1).unwrap();
        let user = {
            let pool = pool.clone();
            thread::spawn(move || (0..2).for_each(|_| pool.acquire().unwrap().touch()))
        };
        pool.trim(0);
        user.join().unwrap();
        let stats = pool.stats();
        assert_eq!(stats.created, stats.live as u64 + stats.discarded);
    });
}

/// The last handle goes while an owned guard gives its object back: it is dropped once, and the pool with it. That nothing
/// is leaked or touched after it was freed is for loom to say.
#[test]
fn the_last_handle_and_the_last_object_leave_together() {
    model(3, || {
        let pool = ObjectPool::builder(|| loom::sync::Arc::new(())).max(2).build();
        let (first, second) = (pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap());
        let other = thread::spawn(move || drop(first));
        drop(pool);
        drop(second);
        other.join().unwrap();
    });
}

/// Two owned guards and no handle: whichever comes second ends the pool.
#[test]
fn of_two_last_objects_one_ends_the_pool() {
    model(3, || {
        let pool = ObjectPool::builder(|| loom::sync::Arc::new(())).max(2).build();
        let (first, second) = (pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap());
        drop(pool);
        let other = thread::spawn(move || drop(first));
        drop(second);
        other.join().unwrap();
    });
}

/// Two threads look for two objects, both in the magazine of a third: each finds one, though the other may be moving them.
#[test]
fn two_who_fetch_at_once_both_find() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(2).build();
        drop((pool.try_acquire().unwrap(), pool.try_acquire().unwrap()));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || {
                    let mut object = pool.try_acquire_owned().unwrap();
                    object.touch();
                    object
                })
            })
            .collect();
        let found: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(pool.stats().created, 2);
    });
}

/// What the revokers did to a magazine is seen by its owner when it may be used again, which no lock tells it.
#[test]
fn a_magazine_is_used_again_after_it_was_emptied() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(2).build();
        let (first, second) = (pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap());
        // Into the magazine.
        drop(first);
        let other = {
            let pool = pool.clone();
            thread::spawn(move || {
                // Moves it to the depot. A trim asks for no rest: the next who comes resumes the magazines.
                pool.trim(1);
                if let Ok(mut object) = pool.try_acquire() {
                    object.touch();
                }
            })
        };
        drop(second);
        // All that it finds, at once: an object that is still taken to be in the magazine would be lent twice.
        let mut all: Vec<_> = std::iter::from_fn(|| pool.try_acquire().ok()).collect();
        all.iter_mut().for_each(|object| object.touch());
        drop(all);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.created, stats.in_use), (stats.live as u64 + stats.discarded, 0));
    });
}

/// An overflow of a magazine into the depot, and its refill, while another empties it.
#[test]
fn a_magazine_overflows_and_fills_again_while_it_is_revoked() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(3).build();
        // The third goes to the depot and takes the lower half along.
        drop((pool.try_acquire().unwrap(), pool.try_acquire().unwrap(), pool.try_acquire().unwrap()));
        let other = {
            let pool = pool.clone();
            thread::spawn(move || pool.trim(2))
        };
        let mut all = Vec::new();
        all.extend(std::iter::from_fn(|| pool.try_acquire().ok()));
        all.iter_mut().for_each(|object| object.touch());
        drop(all);
        let trimmed = other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.in_use, stats.discarded), (0, trimmed as u64));
        assert_eq!(stats.created, stats.live as u64 + stats.discarded);
        assert_eq!(stats.live, stats.idle);
    });
}

/// An object comes back while the pool is closed: it is dropped, by the one or the other, and once.
fn a_release_and_a_close_meet(magazine: usize) {
    model(3, move || {
        let pool = ObjectPool::builder(|| loom::sync::Arc::new(())).max(1).magazine(magazine).build();
        let mut held = pool.acquire_owned().unwrap();
        let object = loom::sync::Arc::new(());
        *held = object.clone();
        // This thread is known to the pool, and has a magazine.
        let closer = {
            let pool = pool.clone();
            thread::spawn(move || pool.close())
        };
        drop(held);
        closer.join().unwrap();
        assert_eq!((pool.stats().live, pool.stats().idle), (0, 0));
        assert_eq!(loom::sync::Arc::strong_count(&object), 1);
    });
}

#[test]
fn a_release_into_a_magazine_and_a_close_meet() {
    a_release_and_a_close_meet(1);
}

#[test]
fn a_release_onto_the_shelf_and_a_close_meet() {
    a_release_and_a_close_meet(0);
}

/// A thread gives up waiting at the moment when what it waits for comes: if it was woken for it, it passes that on.
#[test]
fn a_wait_that_ends_by_the_clock_loses_no_wake() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(1).clock(Clock::from(Manual::new())).build();
        let held = pool.acquire_owned().unwrap();
        let waiters: Vec<_> = (0..2)
            .map(|i| {
                let pool = pool.clone();
                thread::spawn(move || {
                    let deadline = if i == 0 { Deadline::NEVER } else { Deadline::at(Instant::from_nanos(0)) };
                    match pool.acquire_deadline(deadline) {
                        Ok(mut object) => object.touch(),
                        Err(error) => assert!(i == 1 && matches!(error, AcquireError::Timeout)),
                    }
                })
            })
            .collect();
        drop(held);
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        assert_eq!(pool.stats().idle, 1);
    });
}

/// As [`a_release_is_never_slept_through`], with objects that go by the shelf.
#[test]
fn a_release_onto_the_shelf_is_never_slept_through() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(1).magazine(0).build();
        let held = pool.acquire_owned().unwrap();
        let waiter = {
            let pool = pool.clone();
            thread::spawn(move || pool.acquire().unwrap().touch())
        };
        drop(held);
        waiter.join().unwrap();
        pool.try_acquire().unwrap().touch();
    });
}

/// Two threads take from the shelf and put back what a third trims: nobody gets an object that is in use.
#[test]
fn an_object_on_the_shelf_has_one_user() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(2).magazine(0).build();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || {
                    for _ in 0..2 {
                        if let Ok(mut object) = pool.try_acquire() {
                            object.touch();
                        }
                    }
                })
            })
            .collect();
        others.into_iter().for_each(|other| other.join().unwrap());
        let stats = pool.stats();
        assert_eq!((stats.live, stats.idle), (stats.created as usize, stats.created as usize));
    });
}

/// An object that is moved from the shelf to the depot, and stays idle there, is found by a thread that looks meanwhile.
#[test]
fn an_object_that_is_moved_is_found() {
    model(2, || {
        let pool = ObjectPool::builder(Watched::new).max(1).magazine(0).build();
        drop(pool.try_acquire().unwrap());
        let held = pool.try_acquire().unwrap();
        // This thread asks the shelf first by now. It finds that bare, which the object does not change that goes there.
        assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
        drop(held);
        let other = {
            let pool = pool.clone();
            thread::spawn(move || assert_eq!(pool.trim(1), 0))
        };
        pool.try_acquire().expect("it is idle all the time").touch();
        other.join().unwrap();
    });
}

/// A trim leaves the magazines revoked, and the next who comes would resume them: not while somebody waits.
#[test]
fn a_release_after_a_trim_is_never_slept_through() {
    model(3, || {
        let pool = ObjectPool::builder(Watched::new).max(1).build();
        let held = pool.acquire_owned().unwrap();
        // This thread has a magazine, into which the object would go.
        let trimmer = {
            let pool = pool.clone();
            thread::spawn(move || assert_eq!(pool.trim(1), 0))
        };
        let waiter = {
            let pool = pool.clone();
            thread::spawn(move || pool.acquire().unwrap().touch())
        };
        drop(held);
        waiter.join().unwrap();
        trimmer.join().unwrap();
        pool.try_acquire().unwrap().touch();
    });
}

/// The last handle goes while an owned guard gives its object back to the shelf.
#[test]
fn the_last_handle_and_an_object_for_the_shelf_leave_together() {
    model(3, || {
        let pool = ObjectPool::builder(|| loom::sync::Arc::new(())).max(2).magazine(0).build();
        let (first, second) = (pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap());
        let other = thread::spawn(move || drop(first));
        drop(pool);
        drop(second);
        other.join().unwrap();
    });
}

/// The guard's thread has a magazine, into which the object goes by a visit, while the last handle goes.
#[test]
fn a_visit_by_an_owned_guard_outlives_the_pool_by_nothing() {
    model(3, || {
        let pool = ObjectPool::builder(|| loom::sync::Arc::new(())).max(2).build();
        let held = pool.acquire_owned().unwrap();
        let other = thread::spawn(move || drop(pool));
        drop(held);
        other.join().unwrap();
    });
}
