//! Trees of random files: whatever they say, the machine that is read is whole.

use bedplate::topo::CpuSet;
use proptest::prelude::*;

use crate::tree::Tree;

const CPUS: usize = 12;

/// What a file may say: a set, mostly of CPUs that are there, or a number, or what nobody expects.
fn text() -> impl Strategy<Value = String> {
    let mask = (0..1_u32 << (CPUS + 2)).prop_map(|bits| format!("{bits:x}\n"));
    prop_oneof![
        6 => mask,
        2 => (0..6_i32).prop_map(|number| (number - 1).to_string()),
        1 => (0..CPUS, 0..CPUS).prop_map(|(a, b)| format!("{a}-{b}")),
        1 => "[0-9a-fKM, x\\-\n\0]{0,12}",
    ]
}

/// Paths below a CPU, and how likely each is to be there.
const CPU_FILES: [&str; 16] = [
    "topology/core_cpus",
    "topology/core_cpus",
    "topology/core_cpus_list",
    "topology/thread_siblings",
    "topology/core_id",
    "topology/package_cpus",
    "topology/package_cpus",
    "topology/physical_package_id",
    "topology/die_cpus",
    "topology/die_id",
    "topology/cluster_cpus",
    "cache/index0/shared_cpu_map",
    "cache/index2/shared_cpu_map",
    "cpu_capacity",
    "cpufreq/cpuinfo_max_freq",
    "regs/identification/midr_el1",
];

fn cpu_files() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    prop::collection::vec((0..CPUS, 0..CPU_FILES.len(), text()), 0..60)
}

/// All of one file for all CPUs: what only some have counts for little.
fn whole_rows() -> impl Strategy<Value = Vec<(usize, Vec<String>)>> {
    prop::collection::vec((0..CPU_FILES.len(), prop::collection::vec(text(), CPUS)), 0..6)
}

const NODE_FILES: [&str; 5] = ["cpumap", "cpulist", "distance", "meminfo", "hugepages/hugepages-64kB/nr_hugepages"];

const OTHERS: [&str; 8] = [
    "sys/devices/system/cpu/online",
    "sys/devices/system/cpu/present",
    "sys/devices/system/cpu/isolated",
    "sys/devices/system/node/online",
    "sys/devices/cpu_core/cpus",
    "sys/devices/cpu_atom/cpus",
    "proc/meminfo",
    "proc/self/status",
];

proptest! {
    // Each case writes some hundred files.
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_is_whole(
        files in cpu_files(),
        rows in whole_rows(),
        nodes in prop::collection::vec((0..4_usize, 0..NODE_FILES.len(), text()), 0..12),
        others in prop::collection::vec((0..OTHERS.len(), text()), 0..5),
    ) {
        let tree = Tree::new(&[]);
        tree.write(OTHERS[0], format!("0-{}", CPUS - 1));
        for (file, texts) in &rows {
            (0..CPUS).for_each(|cpu| tree.cpu_file(cpu, CPU_FILES[*file], &texts[cpu]));
        }
        for (cpu, file, text) in &files {
            tree.cpu_file(*cpu, CPU_FILES[*file], text);
        }
        for cpu in 0..CPUS {
            // Caches are read where their level is.
            tree.cpu_file(cpu, "cache/index0/level", ["1", "3"][cpu % 2]);
            tree.cpu_file(cpu, "cache/index0/type", ["Data", "Unified"][cpu / 2 % 2]);
            tree.cpu_file(cpu, "cache/index2/level", "3");
            tree.cpu_file(cpu, "cache/index2/type", ["Unified", "Data"][cpu / 3 % 2]);
        }
        for (node, file, text) in &nodes {
            tree.write(&format!("sys/devices/system/node/node{node}/{}", NODE_FILES[*file]), text);
        }
        for (file, text) in &others {
            tree.write(OTHERS[*file], text);
        }
        // `detect` asserts that it is.
        let machine = tree.detect();
        prop_assert!(!machine.kinds().is_empty() && !machine.nodes().is_empty());
        prop_assert!(machine.warnings().iter().all(|warning| !warning.to_string().is_empty()));
    }

    #[test]
    fn what_is_true_is_read_whatever_the_order(packages in 1..4_usize, cores in 1..4_usize, threads in 1..3_usize, seed: u64) {
        // CPU numbers in an order of any kind, core numbers that repeat.
        let count = packages * cores * threads;
        let mut numbers: Vec<_> = (0..count).collect();
        let mut random = seed;
        for i in (1..count).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            numbers.swap(i, (random >> 33) as usize % (i + 1));
        }
        let of = |range: std::ops::Range<usize>| CpuSet::from_iter(numbers[range].iter().copied());
        let tree = Tree::new(&[]);
        tree.write(OTHERS[0], format!("0-{}", count - 1));
        let mut expected_cores = Vec::new();
        for core in 0..packages * cores {
            let cpus = of(core * threads..(core + 1) * threads);
            let package = core / cores;
            let all = of(package * cores * threads..(package + 1) * cores * threads);
            for cpu in &cpus {
                tree.cpu(cpu, &package.to_string(), &(core % cores).to_string(), &cpus.to_mask(), &all.to_mask());
            }
            expected_cores.push((cpus.first(), cpus, package as u32));
        }
        expected_cores.sort_by_key(|core| core.0);
        let machine = tree.detect();
        prop_assert_eq!(machine.packages().len(), packages);
        let found: Vec<_> = machine
            .cores()
            .iter()
            .map(|core| (core.cpus.first(), core.cpus.clone(), machine.packages()[core.package].id.unwrap()))
            .collect();
        prop_assert_eq!(found, expected_cores);
    }
}
