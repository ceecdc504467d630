//! `cargo bench --bench topo`: reading the machine, pinning, asking where a thread is.

use std::hint::black_box;

use bedplate::Demand;
use bedplate::topo::{
    CpuSet, MemPolicy, Placement, Strategy, Topology, Width, allowed_cpus, current_cpu, current_node, pin_current,
    residency, set_thread_policy,
};
use criterion::{Criterion, Throughput, criterion_group};

#[path = "support/tree.rs"]
mod tree;

fn detect(c: &mut Criterion) {
    let mut group = c.benchmark_group("detect");
    group.bench_function("bedplate", |b| b.iter(|| Topology::detect().unwrap()));
    #[cfg(feature = "hwloc")]
    {
        let machine = Topology::detect().unwrap();
        assert!(machine.cross_check().unwrap().agrees());
        group.bench_function("hwloc", |b| b.iter(|| hwloc2::Topology::new().unwrap()));
    }
    group.finish();
    detect_large(c);
}

fn detect_large(c: &mut Criterion) {
    let root = tempfile::tempdir().unwrap();
    tree::write_tree(root.path()).unwrap();
    let read = || Topology::builder().root(root.path()).detect().unwrap();
    assert_whole(&read());
    let mut group = c.benchmark_group(format!("detect {}", tree::CPUS));
    group.sample_size(20);
    group.bench_function("bedplate", |b| b.iter(read));
    #[cfg(feature = "hwloc")]
    group.bench_function("hwloc", |b| b.iter_custom(|loads| hwloc::load_elsewhere(root.path(), loads)));
    group.finish();
}

/// All that was written was read.
fn assert_whole(machine: &Topology) {
    assert_eq!(machine.warnings(), []);
    assert_eq!(machine.cpus().len(), tree::CPUS);
    assert_eq!(machine.cores().len(), tree::CORES);
    assert_eq!(machine.l3_domains().len(), tree::L3);
    assert_eq!(machine.caches().len(), 3 * tree::CORES + tree::L3);
    assert_eq!(machine.nodes().len(), tree::NODES);
    assert_eq!(machine.packages().len(), tree::PACKAGES);
    assert_eq!(machine.distance(0, tree::NODES - 1), Some(32));
}

/// hwloc looks at the environment once, before it loads: another tree is read in a process of its own.
#[cfg(feature = "hwloc")]
mod hwloc {
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::tree;

    const LOADS: &str = "BEDPLATE_BENCH_LOADS";

    /// How long a child takes to load the tree `loads` times.
    pub fn load_elsewhere(root: &Path, loads: u64) -> Duration {
        let child = Command::new(std::env::current_exe().unwrap())
            .env(LOADS, loads.to_string())
            .env("HWLOC_FSROOT", root)
            .env("HWLOC_COMPONENTS", "linux,stop")
            .output()
            .unwrap();
        assert!(child.status.success());
        Duration::from_nanos(String::from_utf8(child.stdout).unwrap().trim().parse().unwrap())
    }

    /// What the child does; says whether this is one.
    pub fn is_child() -> bool {
        let Some(loads) = std::env::var_os(LOADS) else { return false };
        let loads: u64 = loads.to_str().unwrap().parse().unwrap();
        let start = Instant::now();
        for _ in 0..loads {
            let machine = hwloc2::Topology::new().unwrap();
            assert_eq!(machine.objects_at_depth(machine.depth() - 1).len(), tree::CPUS);
        }
        println!("{}", start.elapsed().as_nanos());
        true
    }
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

fn plan(c: &mut Criterion) {
    let machine = Topology::synthetic("pkg:2 numa:4 l3:2 core:8 pu:2").unwrap();
    assert_eq!(machine.cpus().len(), 256);
    let mut group = c.benchmark_group("plan 256 workers on 256 CPUs");
    for strategy in [Strategy::Compact, Strategy::Scatter, Strategy::OnePerCore, Strategy::OnePerL3] {
        let placement = Placement::new(strategy.clone());
        assert_eq!(placement.plan(&machine, 256).unwrap().len(), 256);
        group.bench_function(format!("{strategy:?}"), |b| b.iter(|| placement.plan(black_box(&machine), 256).unwrap()));
    }
    // The most there is to do: one group of all cores, and a mask to make for each.
    let flat = Topology::synthetic("l3:1 core:256").unwrap();
    let placement = Placement::new(Strategy::Scatter).width(Width::Core);
    assert_eq!(placement.plan(&flat, 256).unwrap().cpus().len(), 256);
    group.bench_function("Scatter, one L3, Width::Core", |b| b.iter(|| placement.plan(black_box(&flat), 256).unwrap()));
    group.finish();
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

fn memory(c: &mut Criterion) {
    let region = vec![1; 16 << 20];
    let found = residency(&region).unwrap();
    assert_eq!(found.absent, 0);
    let mut group = c.benchmark_group("memory");
    group.throughput(Throughput::Elements(found.pages() as u64));
    group.bench_function("residency of 16 MiB", |b| b.iter(|| residency(black_box(&region)).unwrap().pages()));
    group.finish();
    let policy = MemPolicy::Preferred(current_node().unwrap());
    c.bench_function("thread policy and restore", |b| {
        b.iter(|| set_thread_policy(black_box(&policy), Demand::Prefer).unwrap());
    });
}

criterion_group!(benches, detect, plan, pin, whereabouts, memory, sets);

fn main() {
    #[cfg(feature = "hwloc")]
    if hwloc::is_child() {
        return;
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
