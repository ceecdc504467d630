//! One thread takes from each pool and gives back, beside what it would do without a pool.
//!
//! `cargo bench --no-default-features --features pool --bench pool`

use std::alloc::{Layout, alloc, dealloc};
use std::array;
use std::hint::black_box;

use bedplate::pool::{ArenaPool, ObjectPool, Recycle};
use criterion::{Criterion, criterion_group, criterion_main};

const ALLOCATIONS: usize = 1000;
const BURST: usize = 8;
#[cfg(target_os = "linux")]
const BULK: usize = 32;

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

/// As many at once as a thread takes before it gives one back.
fn burst(c: &mut Criterion) {
    let mut group = c.benchmark_group("object burst8");
    let pool = ObjectPool::builder(|| vec![0u8; 4096]).max(64).build();
    group.bench_function("acquire 8, release 8", |b| {
        b.iter(|| {
            let mut guards: [_; BURST] = array::from_fn(|_| pool.try_acquire().expect("one of 64"));
            guards.iter_mut().for_each(|guard| black_box(&mut **guard)[0] = 1);
        });
    });
    assert_eq!(pool.stats().created, BURST as u64);
    group.bench_function("8 times vec![0u8; 4096]", |b| {
        b.iter(|| {
            let mut vecs: [_; BURST] = array::from_fn(|_| vec![0u8; 4096]);
            vecs.iter_mut().for_each(|vec| black_box(vec)[0] = 1);
        });
    });
    group.finish();
}

/// The hook empties each buffer before its next user.
fn hook(c: &mut Criterion) {
    let mut group = c.benchmark_group("object hook");
    let clear = |buffer: &mut Vec<u64>| {
        buffer.clear();
        Recycle::Keep
    };
    let pool = ObjectPool::builder(Vec::new).recycle(clear).max(64).build();
    group.bench_function("acquire, append 8, release", |b| {
        b.iter(|| append(&mut pool.try_acquire().expect("one of 64")));
    });
    assert_eq!(pool.stats().created, 1);
    group.bench_function("Vec::new, append 8", |b| b.iter(|| append(&mut Vec::new())));
    group.finish();
}

fn append(buffer: &mut Vec<u64>) {
    assert!(buffer.is_empty());
    buffer.extend(0..8);
    black_box(buffer);
}

#[cfg(target_os = "linux")]
fn block(c: &mut Criterion) {
    let mut group = c.benchmark_group("block4k 1t");
    let pool = bedplate::pool::BlockPool::builder().block_size(4096).build().expect("64 MiB of address space");
    group.bench_function("acquire and release", |b| {
        b.iter(|| black_box(pool.try_acquire().expect("one of many").as_full_mut())[0] = 1);
    });
    assert_eq!((pool.stats().grown, pool.stats().in_use), (0, 0));
    group.bench_function("aligned alloc", |b| b.iter(aligned_allocation));
    group.finish();
    let mut group = c.benchmark_group("block4k bulk32");
    let mut blocks = Vec::with_capacity(BULK);
    group.bench_function("acquire_many and release_many", |b| {
        b.iter(|| {
            assert_eq!(pool.try_acquire_many(BULK, &mut blocks).expect("32 of many"), BULK);
            pool.release_many(black_box(&mut blocks));
        });
    });
    group.bench_function("acquire and release, 32 times", |b| {
        b.iter(|| {
            blocks.extend((0..BULK).map(|_| pool.try_acquire().expect("one of many")));
            black_box(&mut blocks).clear();
        });
    });
    assert_eq!((pool.stats().grown, pool.stats().in_use), (0, 0));
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
    let mut boxes = Vec::with_capacity(ALLOCATIONS);
    group.bench_function("Box, 1000 x 32 B", |b| {
        b.iter(|| {
            boxes.extend((0..ALLOCATIONS).map(|i| black_box(Box::new([(i % 2) as u8; 32]))));
            assert_eq!(boxes.drain(..).map(|piece| usize::from(piece[31])).sum::<usize>(), ALLOCATIONS / 2);
        });
    });
    group.finish();
}

criterion_group!(benches, object, burst, hook, block, arena);
criterion_main!(benches);
