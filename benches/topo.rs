//! `cargo bench --bench topo`: reading the machine, pinning, asking where a thread is.

use std::hint::black_box;

use bedplate::topo::{CpuSet, Topology, allowed_cpus, current_cpu, current_node, pin_current};
use criterion::{Criterion, criterion_group, criterion_main};

fn detect(c: &mut Criterion) {
    let mut group = c.benchmark_group("detect");
    group.bench_function("bedplate", |b| b.iter(|| Topology::detect().unwrap()));
    // A snapshot of a larger machine: a folder with its `sys`.
    if let Some(root) = std::env::var_os("BEDPLATE_BENCH_TREE").map(std::path::PathBuf::from) {
        let cpus = Topology::builder().sysfs(root.join("sys")).detect().unwrap().cpus().len();
        group.bench_function(format!("bedplate, tree of {cpus} CPUs"), |b| {
            b.iter(|| Topology::builder().sysfs(root.join("sys")).detect().unwrap());
        });
    }
    #[cfg(feature = "hwloc")]
    {
        let machine = Topology::detect().unwrap();
        assert!(machine.cross_check().unwrap().cpus.agrees());
        group.bench_function("hwloc", |b| b.iter(|| hwloc2::Topology::new().unwrap()));
    }
    group.finish();
}

fn pin(c: &mut Criterion) {
    let first = CpuSet::single(allowed_cpus().unwrap().first().unwrap());
    c.bench_function("pin and restore", |b| {
        b.iter(|| {
            let pinned = pin_current(black_box(&first)).unwrap();
            assert!(pinned.dropped().is_empty());
        });
    });
}

fn whereabouts(c: &mut Criterion) {
    let allowed = allowed_cpus().unwrap();
    let _pinned = pin_current(&CpuSet::single(allowed.first().unwrap())).unwrap();
    assert!(allowed.contains(current_cpu()));
    c.bench_function("current_cpu", |b| b.iter(current_cpu));
    c.bench_function("current_node", |b| b.iter(|| current_node().unwrap()));
}

fn sets(c: &mut Criterion) {
    let even: CpuSet = (0..256).step_by(2).collect();
    let low: CpuSet = (0..128).collect();
    assert_eq!((&even & &low).len(), 64);
    c.bench_function("intersection of 256", |b| b.iter(|| black_box(&even) & black_box(&low)));
    c.bench_function("iterate 128 of 256", |b| b.iter(|| black_box(&even).iter().sum::<usize>()));
    let text = even.to_string();
    c.bench_function("parse 128 of 256", |b| b.iter(|| black_box(&text).parse::<CpuSet>().unwrap()));
}

criterion_group!(benches, detect, pin, whereabouts, sets);
criterion_main!(benches);
