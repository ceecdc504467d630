//! Pools of objects, blocks and arenas.

mod block;
mod object;

use crate::harness::{Bench, Better, Job, Spec, Wait, together, together_jobs};
use bumpalo::Bump;
use crossbeam::queue::ArrayQueue;
use object::{ArrayQueuePool, BedplatePool, LinearPool, ObjectPool, Opool};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The bound of each pool: more than the rows take at once.
const MAX: usize = 512;
/// Objects under way from one thread to the other.
const UNDER_WAY: usize = 128;
/// Allocations from an arena before it is given back.
const ALLOCATIONS: u64 = 1000;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    for threads in [1, 2, 4] {
        let detail = "acquire a 4 KiB object, count up in it, release it; bound 512; no waiting; verified: the counts \
                      in all objects";
        bench.run(
            Spec::new(format!("object {threads}t"), detail)
                .threads(threads)
                .timed("bedplate", move |ops| cycle::<BedplatePool>(threads, ops))
                .timed("crossbeam ArrayQueue as pool", move |ops| cycle::<ArrayQueuePool>(threads, ops))
                .timed("lockfree-object-pool", move |ops| cycle::<LinearPool>(threads, ops))
                .timed("opool", move |ops| cycle::<Opool>(threads, ops)),
        );
    }
    let detail = "one thread acquires a 4 KiB object, another counts up in it and releases it; bound 512; between them \
                  a crossbeam ArrayQueue of 128; 64 spins, then yields; verified: the counts in all objects";
    bench.run(
        Spec::new("object crossthread", detail)
            .threads(2)
            .timed("bedplate", cross_thread::<BedplatePool>)
            .timed("crossbeam ArrayQueue as pool", cross_thread::<ArrayQueuePool>)
            .timed("lockfree-object-pool", cross_thread::<LinearPool>)
            .timed("opool", cross_thread::<Opool>),
    );
    block::run(bench);
    arena(bench);
}

/// Each thread acquires and releases `ops` times.
fn cycle<P: ObjectPool>(threads: usize, ops: u64) -> Duration {
    let total = Arc::new(AtomicU64::new(0));
    let pool = P::new(MAX, &total);
    let (elapsed, _) = together(threads, |_| {
        for _ in 0..ops {
            let mut guard = pool.acquire();
            P::object(&mut guard).count += 1;
            pool.release(guard);
        }
        0
    });
    drop(pool);
    assert_eq!(total.load(Ordering::Relaxed), ops * threads as u64, "an object has one owner at a time");
    elapsed
}

/// One thread acquires `ops` objects, the other releases them.
fn cross_thread<P: ObjectPool>(ops: u64) -> Duration {
    let total = Arc::new(AtomicU64::new(0));
    let pool = P::new(MAX, &total);
    let elapsed = {
        let (pool, under_way) = (&pool, &ArrayQueue::new(UNDER_WAY));
        let acquire = move || {
            let mut wait = Wait::new();
            for _ in 0..ops {
                let mut guard = pool.acquire();
                while let Err(refused) = under_way.push(guard) {
                    guard = refused;
                    wait.pause();
                }
                wait.progress();
            }
            0_u64
        };
        let release = move || {
            let mut wait = Wait::new();
            for _ in 0..ops {
                let mut guard = loop {
                    match under_way.pop() {
                        Some(guard) => break guard,
                        None => wait.pause(),
                    }
                };
                wait.progress();
                P::object(&mut guard).count += 1;
                pool.release(guard);
            }
            0_u64
        };
        together_jobs(vec![Box::new(acquire) as Job<'_>, Box::new(release)]).0
    };
    drop(pool);
    assert_eq!(total.load(Ordering::Relaxed), ops, "an object has one owner at a time");
    elapsed
}

fn arena(bench: &mut Bench) {
    let detail =
        "take an arena, allocate 1000 times 32 bytes in it, give it back; verified: the sum of what was written";
    bench.run(
        Spec::new("arena", detail)
            .unit("ns/arena", Better::Lower)
            .timed("bedplate", |ops| {
                let pool = bedplate::pool::ArenaPool::builder().max(4).build();
                arenas(ops, || fill(&pool.try_acquire().expect("an arena is free")))
            })
            .timed("fresh bumpalo::Bump", |ops| arenas(ops, || fill(&Bump::new()))),
    );
}

fn arenas(ops: u64, cycle: impl Fn() -> u64 + Sync) -> Duration {
    let (elapsed, sum) = together(1, |_| (0..ops).fold(0_u64, |sum, _| sum.wrapping_add(cycle())));
    assert_eq!(sum, ops * (ALLOCATIONS * (ALLOCATIONS - 1) / 2), "what was written is read");
    elapsed
}

fn fill(bump: &Bump) -> u64 {
    (0..ALLOCATIONS).fold(0, |sum, index| sum + black_box(bump.alloc([index; 4]))[3])
}
