//! One thread takes from each pool and gives back, beside what it would do without a pool.
//!
//! `cargo bench --no-default-features --features pool --bench pool`

use std::alloc::{Layout, alloc, dealloc};
use std::hint::black_box;

use bedplate::pool::{ArenaPool, ObjectPool};
use criterion::{Criterion, criterion_group, criterion_main};

const ALLOCATIONS: usize = 1000;

fn object(c: &mut Criterion) {
    let mut group = c.benchmark_group("object 1t");
    let pool = ObjectPool::builder(|| vec![0u8; 4096]).max(64).build();
    group.bench_function("acquire and release", |b| {
        b.iter(|| black_box(&mut *pool.try_acquire().expect("one of 64"))[0] = 1);
    });
    group.bench_function("acquire_owned and release", |b| {
        b.iter(|| black_box(&mut *pool.try_acquire_owned().expect("one of 64"))[0] = 1);
    });
    assert_eq!(pool.stats().created, 1);
    group.bench_function("vec![0u8; 4096]", |b| b.iter(|| black_box(&mut vec![0u8; 4096])[0] = 1));
    group.finish();
}

#[cfg(target_os = "linux")]
fn block(c: &mut Criterion) {
    let mut group = c.benchmark_group("block4k 1t");
    let pool = bedplate::pool::BlockPool::builder().block_size(4096).build().expect("64 MiB of address space");
    group.bench_function("acquire and release", |b| {
        b.iter(|| black_box(pool.try_acquire().expect("one of many").as_full_mut())[0] = 1);
    });
    assert_eq!((pool.stats().high_water, pool.stats().in_use), (1, 0));
    group.bench_function("aligned alloc", |b| b.iter(aligned_allocation));
    group.finish();
}

#[cfg(not(target_os = "linux"))]
fn block(_: &mut Criterion) {}

#[allow(unsafe_code)] // The allocator has no safe interface.
fn aligned_allocation() {
    let layout = Layout::from_size_align(4096, 4096).expect("a power of two");
    // SAFETY: the layout is not of size zero, the block is checked before it is used, written within its size, and
    // freed once with the layout it was allocated with.
    unsafe {
        let block = alloc(layout);
        assert!(!block.is_null());
        black_box(block).write(1);
        dealloc(block, layout);
    }
}

/// 1000 allocations of 32 bytes, each written.
fn fill(arena: &bumpalo::Bump) -> usize {
    let mut sum = 0;
    for i in 0..ALLOCATIONS {
        sum += usize::from(black_box(arena.alloc([(i % 2) as u8; 32]))[31]);
    }
    sum
}

fn arena(c: &mut Criterion) {
    let mut group = c.benchmark_group("arena");
    let pool = ArenaPool::builder().max(4).build();
    group.bench_function("pooled, 1000 x 32 B", |b| {
        b.iter(|| assert_eq!(fill(&pool.try_acquire().expect("one of 4")), ALLOCATIONS / 2));
    });
    assert_eq!(pool.stats().created, 1);
    group.bench_function("fresh, 1000 x 32 B", |b| {
        b.iter(|| assert_eq!(fill(&bumpalo::Bump::new()), ALLOCATIONS / 2));
    });
    group.finish();
}

criterion_group!(benches, object, block, arena);
criterion_main!(benches);
