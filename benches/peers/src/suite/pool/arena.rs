//! Arenas against fresh ones and against boxes.

use crate::harness::{Bench, Better, Spec, together};
use bedplate::pool::ArenaPool;
use bumpalo::Bump;
use std::hint::black_box;
use std::time::Duration;

/// Allocations from an arena before it is given back.
const ALLOCATIONS: u64 = 1000;

/// What is allocated: 32 bytes.
type Piece = [u64; 4];

/// Measures the row.
pub fn run(bench: &mut Bench) {
    let detail = "take an arena, allocate 1000 times 32 bytes in it, give it back; Box: 1000 boxes of 32 bytes (in a Vec \
                  that is kept), then dropped; verified: the sum of what was written";
    bench.run(
        Spec::new("arena", detail)
            .unit("ns/arena", Better::Lower)
            .timed("bedplate", |ops| {
                let pool = ArenaPool::builder().max(4).build();
                arenas(ops, || {
                    let arena = pool.try_acquire().expect("an arena is free");
                    fill(|piece| arena.alloc(piece))
                })
            })
            .timed("fresh bumpalo::Bump", |ops| {
                arenas(ops, || {
                    let arena = Bump::new();
                    fill(|piece| arena.alloc(piece))
                })
            })
            .timed("Box", boxes),
    );
}

fn arenas(ops: u64, cycle: impl Fn() -> u64 + Sync) -> Duration {
    let (elapsed, sum) = together(1, |_| (0..ops).fold(0_u64, |sum, _| sum.wrapping_add(cycle())));
    verify(ops, sum);
    elapsed
}

fn boxes(ops: u64) -> Duration {
    let (elapsed, sum) = together(1, |_| {
        let mut boxes = Vec::with_capacity(ALLOCATIONS as usize);
        let cycle = |_| {
            (0..ALLOCATIONS).for_each(|index| boxes.push(black_box(Box::<Piece>::new([index; 4]))));
            boxes.drain(..).map(|piece| piece[3]).sum::<u64>()
        };
        (0..ops).map(cycle).sum()
    });
    verify(ops, sum);
    elapsed
}

fn verify(ops: u64, sum: u64) {
    assert_eq!(sum, ops * (ALLOCATIONS * (ALLOCATIONS - 1) / 2), "what was written is read");
}

fn fill<'a>(alloc: impl Fn(Piece) -> &'a mut Piece) -> u64 {
    (0..ALLOCATIONS).fold(0, |sum, index| sum + black_box(alloc([index; 4]))[3])
}
