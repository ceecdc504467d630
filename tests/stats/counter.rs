use bedplate::stats::Counter;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn no_addition_is_lost() {
    const EACH: u64 = 200_000;
    let counter = Counter::new();
    // More threads than have a cell of their own, so that some share one.
    let threads = 2 * thread::available_parallelism().map_or(4, usize::from).clamp(4, 32) as u64 + 8;
    let start = Barrier::new(threads as usize);
    thread::scope(|s| {
        for n in 1..=threads {
            let (counter, start) = (&counter, &start);
            s.spawn(move || {
                start.wait();
                (0..EACH).for_each(|_| counter.add(n));
            });
        }
    });
    assert_eq!(counter.get(), EACH * threads * (threads + 1) / 2);
}

#[test]
fn threads_that_come_and_go_lose_nothing() {
    let counter = Counter::new();
    thread::scope(|s| {
        for _ in 0..4 {
            // Four at a time, each begun when the one before it is on its way out.
            s.spawn(|| {
                for _ in 0..250 {
                    thread::scope(|s| _ = s.spawn(|| (0..100).for_each(|_| counter.add(1))));
                    counter.add(1);
                }
            });
        }
    });
    assert_eq!(counter.get(), 4 * 250 * 101);
}

#[test]
fn the_sum_never_falls_while_others_add() {
    let counter = Counter::new();
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        let adders: Vec<_> = (0..4).map(|_| s.spawn(|| (0..100_000).for_each(|_| counter.add(1)))).collect();
        let reader = s.spawn(|| {
            let mut before = 0;
            while !done.load(Ordering::Acquire) {
                let now = counter.get();
                assert!((before..=400_000).contains(&now), "{before}, then {now}");
                before = now;
            }
        });
        adders.into_iter().for_each(|adder| adder.join().unwrap());
        done.store(true, Ordering::Release);
        reader.join().unwrap();
    });
    assert_eq!(counter.get(), 400_000);
}

/// Adds when it is dropped.
struct Last(Arc<Counter>);

impl Drop for Last {
    fn drop(&mut self) {
        (0..20_000).for_each(|_| self.0.add(1));
    }
}

thread_local! {
    static EARLY: RefCell<Option<Last>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<Last>> = const { RefCell::new(None) };
}

#[test]
fn thread_local_destructors_may_add() {
    let counter = Arc::new(Counter::new());
    let threads: Vec<_> = (0..32)
        .map(|_| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                // Whatever the order of destruction, one of the two comes after the thread's cell has been given back.
                EARLY.set(Some(Last(Arc::clone(&counter))));
                (0..20_000).for_each(|_| counter.add(1));
                LATE.set(Some(Last(Arc::clone(&counter))));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(counter.get(), 32 * 3 * 20_000);
}

#[test]
fn the_sum_wraps_around() {
    let counter = Counter::new();
    counter.add(u64::MAX);
    counter.add(3);
    assert_eq!(counter.get(), 2);
}
