//! Random operations on several threads, one after another, against a naive model. Which of the idle objects comes out is the
//! pool's affair; that it is one of them, and every count, is told by the model.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bedplate::pool::{AcquireError, ObjectPool, OwnedPooled, Recycle};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::worker::Worker;

#[derive(Clone, Debug)]
enum Op {
    Acquire,
    /// By a call that may wait, where the model says it need not.
    AcquireWaiting,
    /// Many at once, given back at once.
    Bulk(usize),
    Release(usize),
    Spoil(usize),
    Detach(usize),
    Trim(usize),
    Warm(usize),
    Close,
    /// The thread ends, and another takes its place.
    Replace,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        80 => Just(Op::Acquire),
        20 => Just(Op::AcquireWaiting),
        20 => (0usize..10).prop_map(Op::Bulk),
        80 => any::<usize>().prop_map(Op::Release),
        10 => any::<usize>().prop_map(Op::Spoil),
        5 => any::<usize>().prop_map(Op::Detach),
        6 => (0usize..4).prop_map(Op::Trim),
        6 => (0usize..8).prop_map(Op::Warm),
        1 => Just(Op::Close),
        4 => Just(Op::Replace),
    ]
}

/// An object: its number, whether it is fit for another use, and where it tells that it was dropped.
struct Numbered {
    number: u64,
    fit: bool,
    dropped: Arc<Mutex<Vec<u64>>>,
}

impl Drop for Numbered {
    fn drop(&mut self) {
        self.dropped.lock().unwrap().push(self.number);
    }
}

/// The pool as lists of numbers.
#[derive(Default)]
struct Model {
    max: usize,
    idle: Vec<u64>,
    out: Vec<u64>,
    made: u64,
    acquired: u64,
    discarded: u64,
    detached: u64,
    high_water: usize,
    closed: bool,
}

impl Model {
    fn live(&self) -> usize {
        self.idle.len() + self.out.len()
    }

    /// `None` where an object has to come.
    fn refuses(&self) -> Option<&'static str> {
        match (self.closed, self.idle.is_empty() && self.live() == self.max) {
            (true, _) => Some("closed"),
            (_, true) => Some("exhausted"),
            _ => None,
        }
    }

    /// The pool gave this one out. Of several threads, one may be given a new object while another has an idle one.
    fn gave(&mut self, number: u64, threads: usize) -> Result<(), TestCaseError> {
        match self.idle.iter().position(|idle| *idle == number) {
            Some(at) => drop(self.idle.remove(at)),
            None => {
                prop_assert_eq!(number, self.made, "neither idle nor new");
                prop_assert!(self.live() < self.max && (threads > 1 || self.idle.is_empty()));
                self.made += 1;
            }
        }
        self.out.push(number);
        self.acquired += 1;
        self.high_water = self.high_water.max(self.live());
        Ok(())
    }

    fn made(&mut self, n: usize) {
        self.idle.extend(self.made..self.made + n as u64);
        self.made += n as u64;
        self.high_water = self.high_water.max(self.live());
    }

    /// The pool dropped these, which were idle.
    fn dropped(&mut self, numbers: &[u64]) {
        self.discarded += numbers.len() as u64;
        self.idle.retain(|idle| !numbers.contains(idle));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn the_pool_does_what_the_model_does(
        max in 1usize..8,
        magazine in prop_oneof![Just(0), Just(1), Just(2), Just(3), Just(62)],
        threads in 1usize..4,
        hook in any::<bool>(),
        ops in vec((any::<usize>(), op()), 0..80),
    ) {
        let next = AtomicU64::new(0);
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&dropped);
        let create = move || {
            Numbered { number: next.fetch_add(1, Ordering::Relaxed), fit: true, dropped: Arc::clone(&tell) }
        };
        let builder = ObjectPool::builder(create).max(max).magazine(magazine);
        let pool = if hook {
            builder.recycle(|object| if object.fit { Recycle::Keep } else { Recycle::Discard }).build()
        } else {
            builder.build()
        };
        let mut threads_so_far = threads;
        let mut model = Model { max, ..Model::default() };
        let mut out: Vec<OwnedPooled<Numbered>> = Vec::new();
        let mut workers: Vec<_> = (0..threads).map(|_| Worker::new()).collect();
        let since = |before: usize| dropped.lock().unwrap()[before..].to_vec();

        for (thread, op) in ops {
            let thread = thread % threads;
            let handle = pool.clone();
            let before = dropped.lock().unwrap().len();
            match op {
                Op::Acquire | Op::AcquireWaiting => {
                    let waits = matches!(op, Op::AcquireWaiting) && model.refuses().is_none();
                    let got = workers[thread].run(move || {
                        if waits { handle.acquire_owned() } else { handle.try_acquire_owned() }
                    });
                    match (got, model.refuses()) {
                        (Ok(guard), None) => {
                            model.gave(guard.number, threads_so_far)?;
                            out.push(guard);
                        }
                        (Err(AcquireError::Closed), Some("closed")) => {}
                        (Err(AcquireError::Exhausted), Some("exhausted")) => {}
                        (ours, theirs) => prop_assert!(false, "{:?} against {:?}", ours.map(|g| g.number), theirs),
                    }
                }
                Op::Bulk(n) => {
                    let possible = n.min(model.idle.len() + max - model.live());
                    let refuses = model.refuses();
                    let (got, numbers) = workers[thread].run(move || {
                        let mut guards = Vec::new();
                        let got = handle.try_acquire_many(n, &mut guards);
                        let numbers: Vec<_> = guards.iter().map(|guard| guard.number).collect();
                        drop(guards.pop());
                        handle.release_many(&mut guards);
                        assert!(guards.is_empty());
                        (got, numbers)
                    });
                    match (got, refuses) {
                        (Ok(got), None) => prop_assert_eq!((got, numbers.len()), (possible, possible)),
                        (Ok(0), Some(_)) => prop_assert_eq!(n, 0),
                        (Err(AcquireError::Closed), Some("closed")) => {}
                        (Err(AcquireError::Exhausted), Some("exhausted")) => {}
                        (ours, theirs) => prop_assert!(false, "{ours:?} against {theirs:?}"),
                    }
                    for number in &numbers {
                        model.gave(*number, threads_so_far)?;
                    }
                    model.out.truncate(model.out.len() - numbers.len());
                    model.idle.extend(numbers);
                }
                Op::Release(i) | Op::Spoil(i) | Op::Detach(i) if !out.is_empty() => {
                    let i = i % out.len();
                    let mut guard = out.remove(i);
                    let number = model.out.remove(i);
                    prop_assert_eq!(guard.number, number);
                    match op {
                        Op::Detach(_) => {
                            let object = workers[thread].run(move || OwnedPooled::detach(guard));
                            prop_assert_eq!(object.number, number);
                            model.detached += 1;
                        }
                        Op::Release(_) | Op::Spoil(_) if !model.closed && (!hook || matches!(op, Op::Release(_))) => {
                            workers[thread].run(move || drop(guard));
                            prop_assert_eq!(since(before), []);
                            model.idle.push(number);
                        }
                        _ => {
                            guard.fit = matches!(op, Op::Release(_));
                            workers[thread].run(move || drop(guard));
                            prop_assert_eq!(since(before), [number]);
                            model.discarded += 1;
                        }
                    }
                }
                Op::Release(_) | Op::Spoil(_) | Op::Detach(_) => {}
                Op::Trim(keep) => {
                    let surplus = model.idle.len().saturating_sub(keep);
                    prop_assert_eq!(workers[thread].run(move || handle.trim(keep)), surplus);
                    model.dropped(&since(before));
                    prop_assert!(surplus == 0 || model.idle.len() == keep);
                }
                Op::Warm(live) => {
                    let made = live.min(max).saturating_sub(model.live());
                    match workers[thread].run(move || handle.warm(live)) {
                        Ok(n) => {
                            prop_assert!(!model.closed);
                            prop_assert_eq!(n, made);
                            model.made(n);
                        }
                        Err(_) => prop_assert!(model.closed),
                    }
                }
                Op::Close => {
                    workers[thread].run(move || handle.close());
                    model.closed = true;
                    model.dropped(&since(before));
                    prop_assert!(model.idle.is_empty());
                }
                Op::Replace => {
                    std::mem::replace(&mut workers[thread], Worker::new()).end();
                    // Another thread of this process may be given the magazine of the one that ended.
                    threads_so_far += 1;
                }
            }
            let stats = pool.stats();
            prop_assert_eq!(
                (stats.max, stats.live, stats.idle, stats.in_use, stats.high_water),
                (max, model.live(), model.idle.len(), model.out.len(), model.high_water)
            );
            prop_assert_eq!(
                (stats.created, stats.acquired, stats.discarded, stats.detached, stats.waits),
                (model.made, model.acquired, model.discarded, model.detached, 0)
            );
        }
        // The handle and the guards go in one order or the other: everything is dropped once.
        if model.made.is_multiple_of(2) {
            drop(pool);
            drop(out);
        } else {
            drop(out);
            drop(pool);
        }
        workers.into_iter().for_each(Worker::end);
        let mut all = since(0);
        all.sort_unstable();
        prop_assert!(all.iter().copied().eq(0..model.made), "each once: {:?}", all);
    }
}
