//! `cargo bench --bench mem`: taking and giving back memory, beside the global allocator.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::hint::black_box;

use bedplate::Demand;
use bedplate::mem::{AlignedBuf, Mapping};
use bedplate::topo::{CpuSet, allowed_cpus, pin_current};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const ALIGN: usize = 4096;

/// Take, touch each page, give back. What the allocator's pointer needs besides is in the layout.
fn aligned(c: &mut Criterion) {
    let cpu = allowed_cpus().unwrap().first().unwrap();
    let _pinned = pin_current(&CpuSet::single(cpu)).unwrap();
    let mut group = c.benchmark_group("aligned, zeroed, touched");
    for len in [4 << 10, 64 << 10, 1 << 20] {
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::new("AlignedBuf", len), |b| {
            b.iter(|| {
                let mut buf = AlignedBuf::zeroed(black_box(len), ALIGN);
                buf.iter_mut().step_by(ALIGN).for_each(|byte| *byte += 1);
                assert_eq!(buf[0], 1);
            });
        });
        group.bench_function(BenchmarkId::new("alloc_zeroed", len), |b| b.iter(|| take_from_heap(black_box(len))));
    }
    group.finish();
}

#[allow(unsafe_code)] // The peer is the allocator's own interface.
fn take_from_heap(len: usize) {
    let layout = Layout::from_size_align(len, ALIGN).unwrap();
    // SAFETY: the size is not zero; the slice is dropped before the memory is freed, with the layout it was taken with.
    unsafe {
        let ptr = alloc_zeroed(layout);
        assert!(!ptr.is_null());
        let buf = std::slice::from_raw_parts_mut(ptr, len);
        buf.iter_mut().step_by(ALIGN).for_each(|byte| *byte += 1);
        assert_eq!(buf[0], 1);
        dealloc(ptr, layout);
    }
}

/// 64 MiB, every page touched once, by kind of page.
fn mapping(c: &mut Criterion) {
    let mut group = c.benchmark_group("map and touch 64 MiB");
    group.sample_size(20);
    for (name, demand) in [("small pages", Demand::Off), ("huge pages", Demand::Prefer)] {
        let effective = Mapping::builder(64 << 20).huge_pages(demand).build().unwrap().effective();
        group.bench_function(format!("{name} ({effective:?})"), |b| {
            b.iter(|| {
                let mut region = Mapping::builder(64 << 20).huge_pages(demand).build().unwrap();
                region.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
                assert_eq!(region[4096], 1);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, aligned, mapping);
criterion_main!(benches);
