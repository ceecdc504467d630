//! `cargo bench --bench mem`: taking and giving back memory, beside the global allocator and beside a mapping a piece.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::hint::black_box;

use bedplate::Demand;
use bedplate::mem::{AlignedBuf, AlignedUninit, HugePages, Mapping, SharedBuf};
use bedplate::topo::{CpuSet, PinGuard, allowed_cpus, pin_current};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const ALIGN: usize = 4096;

fn pinned() -> PinGuard {
    let cpu = allowed_cpus().unwrap().first().unwrap();
    pin_current(&CpuSet::single(cpu)).unwrap()
}

fn touch(bytes: &mut [u8]) {
    bytes.iter_mut().step_by(ALIGN).for_each(|byte| *byte += 1);
    assert_eq!(bytes[0], 1);
}

/// Take, touch each page, give back: again and again.
fn aligned(c: &mut Criterion) {
    let _pinned = pinned();
    let mut group = c.benchmark_group("aligned, zeroed, touched");
    group.sample_size(20);
    for len in [4 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20] {
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::new("AlignedBuf", len), |b| {
            b.iter(|| touch(&mut AlignedBuf::zeroed(black_box(len), ALIGN)));
        });
        group.bench_function(BenchmarkId::new("Mapping", len), |b| {
            b.iter(|| touch(&mut Mapping::new(black_box(len)).unwrap()));
        });
        group.bench_function(BenchmarkId::new("alloc_zeroed", len), |b| {
            b.iter(|| touch(Heap::zeroed(black_box(len)).bytes()));
        });
    }
    group.finish();
}

/// The peer: zeroed bytes from the global allocator by its own interface.
struct Heap(*mut u8, Layout);

#[allow(unsafe_code)] // The allocator deals in raw pointers.
impl Heap {
    fn zeroed(len: usize) -> Self {
        let layout = Layout::from_size_align(len, ALIGN).unwrap();
        // SAFETY: no length here is zero.
        let ptr = unsafe { alloc_zeroed(layout) };
        assert!(!ptr.is_null());
        Self(ptr, layout)
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: so many bytes were allocated, zeroed, and belong to this value alone.
        unsafe { std::slice::from_raw_parts_mut(self.0, self.1.size()) }
    }
}

#[allow(unsafe_code)]
impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and nobody uses it any more.
        unsafe { dealloc(self.0, self.1) };
    }
}

/// 32 buffers that are held at the same time and not touched, taken and given back.
fn fresh(c: &mut Criterion) {
    let _pinned = pinned();
    let mut group = c.benchmark_group("fresh, 32 held, not touched");
    group.sample_size(20);
    for len in [64 << 10, 1 << 20, 4 << 20] {
        group.bench_function(BenchmarkId::new("AlignedBuf", len), |b| {
            b.iter(|| (0..32).map(|_| AlignedBuf::zeroed(black_box(len), ALIGN)).collect::<Vec<_>>());
        });
        group.bench_function(BenchmarkId::new("Mapping", len), |b| {
            b.iter(|| (0..32).map(|_| Mapping::new(black_box(len)).unwrap()).collect::<Vec<_>>());
        });
        group.bench_function(BenchmarkId::new("alloc_zeroed", len), |b| {
            b.iter(|| (0..32).map(|_| Heap::zeroed(black_box(len))).collect::<Vec<_>>());
        });
    }
    group.finish();
}

/// A buffer that is filled from elsewhere: what zeroing it first costs.
fn filled(c: &mut Criterion) {
    let _pinned = pinned();
    let mut group = c.benchmark_group("filled by copying");
    group.sample_size(20);
    for len in [4 << 10, 64 << 10, 1 << 20] {
        let source = vec![7; len];
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::new("AlignedBuf::zeroed", len), |b| {
            b.iter(|| {
                let mut buf = AlignedBuf::zeroed(source.len(), ALIGN);
                buf.copy_from_slice(black_box(&source));
                assert_eq!(buf[len - 1], 7);
            });
        });
        group.bench_function(BenchmarkId::new("AlignedUninit", len), |b| {
            b.iter(|| {
                let buf = AlignedUninit::new(source.len(), ALIGN).init_from(black_box(&source));
                assert_eq!(buf[len - 1], 7);
            });
        });
    }
    group.finish();
}

/// Freeze, split in 16, drop the parts, thaw.
fn shared(c: &mut Criterion) {
    let _pinned = pinned();
    let mut kept = Some(AlignedBuf::zeroed(16 * ALIGN, ALIGN));
    c.bench_function("freeze, 16 parts, thaw", |b| {
        b.iter(|| {
            let whole = kept.take().unwrap().freeze();
            let mut rest = whole.clone();
            let parts: [SharedBuf; 16] = std::array::from_fn(|_| rest.split_to(ALIGN));
            assert!(black_box(&parts).iter().all(|part| part.len() == ALIGN));
            drop((parts, rest));
            kept = whole.try_thaw().ok();
        });
    });
}

/// 64 MiB, every page touched once, by kind of page.
fn mapping(c: &mut Criterion) {
    let mut group = c.benchmark_group("map and touch 64 MiB");
    group.sample_size(20);
    for (name, demand) in [("small pages", Demand::Off), ("huge pages", Demand::Prefer)] {
        let build = || Mapping::builder(64 << 20).huge_pages(HugePages::Transparent, demand).build().unwrap();
        let effective = build().effective();
        group.bench_function(format!("{name} ({effective:?})"), |b| {
            b.iter(|| {
                let mut region = build();
                region.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
                assert_eq!(region[4096], 1);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, aligned, fresh, filled, shared, mapping);
criterion_main!(benches);
