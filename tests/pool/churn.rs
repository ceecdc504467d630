//! Threads that come and go, and threads that do all at once: the bound holds at every moment, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bedplate::pool::{AcquireError, ObjectPool, ObjectPoolBuilder, Recycle};

/// Knows how many of its kind live, and whether anybody uses it.
struct Watched {
    living: Arc<AtomicUsize>,
    in_use: AtomicBool,
}

impl Watched {
    fn builder(max: usize, living: &Arc<AtomicUsize>) -> ObjectPoolBuilder<Self> {
        let living = Arc::clone(living);
        let create = move || {
            let before = living.fetch_add(1, Ordering::SeqCst);
            assert!(before < max, "{before} of {max} lived when another was made");
            Self { living: Arc::clone(&living), in_use: AtomicBool::new(false) }
        };
        ObjectPool::builder(create).max(max)
    }

    /// By the one who has it: shows if there are two.
    fn touch(&self) {
        assert!(!self.in_use.swap(true, Ordering::Relaxed), "lent to two");
        if Arc::strong_count(&self.living).is_multiple_of(4) {
            thread::yield_now();
        }
        assert!(self.in_use.swap(false, Ordering::Relaxed), "lent to two");
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        assert!(!self.in_use.load(Ordering::Relaxed), "dropped in use");
        self.living.fetch_sub(1, Ordering::SeqCst);
    }
}

/// With nobody at it: every object that lives can be had, no more than the bound allows can, and all counts agree.
fn is_whole(pool: &ObjectPool<Watched>, max: usize, living: &AtomicUsize) {
    let stats = pool.stats();
    assert_eq!((stats.in_use, stats.live), (0, living.load(Ordering::SeqCst)), "{stats:?}");
    assert_eq!(stats.created, stats.live as u64 + stats.discarded, "{stats:?}");
    assert!(stats.high_water <= max, "{stats:?}");
    let all: Vec<_> = (0..max).map(|_| pool.try_acquire().unwrap()).collect();
    all.iter().for_each(|object| object.touch());
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
    // The hook may discard some.
    drop(all);
    assert!(pool.trim(0) <= max);
    assert_eq!(living.load(Ordering::SeqCst), 0);
}

#[test]
fn a_thousand_threads_come_and_go() {
    const AT_ONCE: usize = 20;
    const MAX: usize = 8;
    let living = Arc::new(AtomicUsize::new(0));
    let pool = Watched::builder(MAX, &living).build();
    for round in 0..1_000 / AT_ONCE {
        thread::scope(|s| {
            for i in 0..AT_ONCE {
                let pool = &pool;
                s.spawn(move || {
                    for _ in 0..5 {
                        let first = pool.acquire().unwrap();
                        first.touch();
                        if let Ok(second) = pool.try_acquire() {
                            second.touch();
                        }
                    }
                    // Some end with an object that another thread has to find, some leave fewer of them.
                    if (round + i) % 10 == 0 {
                        pool.trim(MAX / 2);
                    }
                });
            }
        });
    }
    is_whole(&pool, MAX, &living);
}

/// What one thread acquires, another one gives back, and ends.
#[test]
fn objects_outlive_the_threads_that_took_them() {
    const MAX: usize = 3;
    let living = Arc::new(AtomicUsize::new(0));
    let pool = Watched::builder(MAX, &living).build();
    for _ in 0..200 {
        let taken = thread::scope(|s| {
            let takers: Vec<_> = (0..MAX).map(|_| s.spawn(|| pool.acquire_owned().unwrap())).collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).collect::<Vec<_>>()
        });
        taken.iter().for_each(|object| object.touch());
        thread::spawn(move || drop(taken)).join().unwrap();
    }
    assert_eq!(pool.stats().created, MAX as u64);
    is_whole(&pool, MAX, &living);
}

#[test]
fn the_bound_holds_while_all_operations_meet() {
    const THREADS: u32 = 4;
    for max in 1..=8 {
        let living = Arc::new(AtomicUsize::new(0));
        let discards = AtomicUsize::new(0);
        let pool = Watched::builder(max, &living)
            .magazine([0, 1, 2, 62][max % 4])
            .idle_timeout(Duration::from_micros(200))
            .validate(|object| {
                object.touch();
                true
            })
            .recycle(move |_| match discards.fetch_add(1, Ordering::Relaxed) % 11 {
                0 => Recycle::Discard,
                _ => Recycle::Keep,
            })
            .build();
        thread::scope(|s| {
            for thread in 0..THREADS {
                let pool = &pool;
                s.spawn(move || {
                    let mut random = thread + 1;
                    let mut held = Vec::new();
                    for _ in 0..400 {
                        // Xorshift: Marsaglia, "Xorshift RNGs" (2003).
                        random ^= random << 13;
                        random ^= random >> 17;
                        random ^= random << 5;
                        let got = match random % 16 {
                            0..6 => pool.try_acquire_owned(),
                            6..8 => pool.acquire_owned_timeout(Duration::from_micros(u64::from(random % 200))),
                            // Who holds nothing may wait for ever: who holds something waits for nobody.
                            8..10 if held.is_empty() => pool.acquire_owned(),
                            10 => {
                                pool.trim(random as usize / 16 % max);
                                continue;
                            }
                            11 => {
                                pool.warm(random as usize / 16 % max).unwrap();
                                pool.evict_idle();
                                continue;
                            }
                            12 => {
                                let mut many = Vec::new();
                                match pool.try_acquire_many(3, &mut many) {
                                    Ok(_) | Err(AcquireError::Exhausted) => {}
                                    Err(error) => panic!("{error}"),
                                }
                                many.iter().for_each(|object| object.touch());
                                pool.release_many(&mut many);
                                continue;
                            }
                            _ => {
                                held.pop();
                                continue;
                            }
                        };
                        match got {
                            Ok(object) => {
                                object.touch();
                                held.push(object);
                            }
                            Err(AcquireError::Exhausted | AcquireError::Timeout) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            }
        });
        is_whole(&pool, max, &living);
    }
}
