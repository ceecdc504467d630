//! Models of the asymmetric lock under loom. Its light fences are full ones there: what is modelled is the protocol around
//! them.

use crate::sync::AsymMutex;
use loom::sync::Arc;
use loom::thread;

/// Explores `f` with at most `preemptions` switches away from a thread that could have gone on.
fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

#[test]
fn two_threads_exclude_each_other_and_none_sleeps_for_ever() {
    model(3, || {
        let lock = Arc::new(AsymMutex::new(0_u64));
        let theirs = Arc::clone(&lock);
        let thread = thread::spawn(move || (0..2).for_each(|_| theirs.with(|n| *n += 1)));
        (0..2).for_each(|_| lock.with(|n| *n += 1));
        thread.join().unwrap();
        assert_eq!(lock.with(|n| *n), 4);
    });
}

#[test]
fn each_of_two_sleepers_is_woken() {
    model(2, || {
        let lock = Arc::new(AsymMutex::new(0_u64));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || lock.with(|n| *n += 1))
            })
            .collect();
        lock.with(|n| *n += 1);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(lock.with(|n| *n), 3);
    });
}
