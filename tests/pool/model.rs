//! Random operations against a naive model: which object comes out, and every count.

use std::sync::atomic::{AtomicU64, Ordering};

use bedplate::pool::{AcquireError, ObjectPool, OwnedPooled, Recycle};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Acquire,
    Release(usize),
    Spoil(usize),
    Detach(usize),
    Trim(usize),
    Warm(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => Just(Op::Acquire),
        6 => any::<usize>().prop_map(Op::Release),
        2 => any::<usize>().prop_map(Op::Spoil),
        1 => any::<usize>().prop_map(Op::Detach),
        1 => (0usize..4).prop_map(Op::Trim),
        1 => (0usize..6).prop_map(Op::Warm),
        1 => Just(Op::Close),
    ]
}

/// The pool as a list of numbers.
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

    fn make(&mut self) -> u64 {
        self.made += 1;
        self.made - 1
    }

    fn acquire(&mut self) -> Result<u64, &'static str> {
        if self.closed {
            return Err("closed");
        }
        let object = match self.idle.pop() {
            Some(object) => object,
            None if self.live() < self.max => self.make(),
            None => return Err("exhausted"),
        };
        self.out.push(object);
        self.acquired += 1;
        self.high_water = self.high_water.max(self.out.len());
        Ok(object)
    }
}

/// An object: its number, and whether it is fit for another use.
struct Numbered(u64, bool);

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_pool_does_what_the_model_does(max in 1usize..5, ops in vec(op(), 0..60)) {
        let next = AtomicU64::new(0);
        let pool = ObjectPool::builder(move || Numbered(next.fetch_add(1, Ordering::Relaxed), true))
            .max(max)
            .recycle(|object| if object.1 { Recycle::Keep } else { Recycle::Discard })
            .build();
        let mut model = Model { max, ..Model::default() };
        let mut out: Vec<OwnedPooled<Numbered>> = Vec::new();

        for op in ops {
            match op {
                Op::Acquire => match (pool.try_acquire_owned(), model.acquire()) {
                    (Ok(guard), Ok(number)) => {
                        prop_assert_eq!(guard.0, number);
                        out.push(guard);
                    }
                    (Err(AcquireError::Closed), Err("closed")) => {}
                    (Err(AcquireError::Exhausted), Err("exhausted")) => {}
                    (ours, theirs) => prop_assert!(false, "{:?} against {:?}", ours.map(|g| g.0), theirs),
                },
                Op::Release(i) | Op::Spoil(i) | Op::Detach(i) if !out.is_empty() => {
                    let i = i % out.len();
                    let mut guard = out.remove(i);
                    let number = model.out.remove(i);
                    match op {
                        Op::Detach(_) => {
                            prop_assert_eq!(OwnedPooled::detach(guard).0, number);
                            model.detached += 1;
                        }
                        Op::Release(_) if !model.closed => {
                            drop(guard);
                            model.idle.push(number);
                        }
                        _ => {
                            guard.1 = matches!(op, Op::Release(_));
                            drop(guard);
                            model.discarded += 1;
                        }
                    }
                }
                Op::Release(_) | Op::Spoil(_) | Op::Detach(_) => {}
                Op::Trim(keep) => {
                    let surplus = model.idle.len().saturating_sub(keep);
                    model.idle.drain(..surplus);
                    model.discarded += surplus as u64;
                    prop_assert_eq!(pool.trim(keep), surplus);
                }
                Op::Warm(live) => {
                    let made = live.min(max).saturating_sub(model.live());
                    match pool.warm(live) {
                        Ok(n) => {
                            prop_assert!(!model.closed);
                            prop_assert_eq!(n, made);
                            (0..made).for_each(|_| { let object = model.make(); model.idle.push(object); });
                        }
                        Err(_) => prop_assert!(model.closed),
                    }
                }
                Op::Close => {
                    pool.close();
                    model.closed = true;
                    model.discarded += model.idle.len() as u64;
                    model.idle.clear();
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
    }
}
