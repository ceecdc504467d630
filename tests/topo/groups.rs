//! Packages, dies, clusters, cores and caches, as kernels of several kinds show them.

use bedplate::topo::{CacheKind, CpuSet};

use crate::tree::{Tree, cores, lists};

fn dies(tree: &Tree) -> Vec<String> {
    lists(tree.detect().dies().iter().map(|die| &die.cpus))
}

fn clusters(tree: &Tree) -> Vec<String> {
    lists(tree.detect().clusters().iter().map(|cluster| &cluster.cpus))
}

fn die(tree: &Tree, cpu: usize, id: &str, cpus: &str) {
    tree.cpu_file(cpu, "topology/die_id", id);
    tree.cpu_file(cpu, "topology/die_cpus", cpus);
}

#[test]
fn a_package_that_is_not_divided_is_one_die() {
    let tree = Tree::of_cores(4);
    assert_eq!(dies(&tree), ["0-3"]);
    assert_eq!(tree.detect().dies()[0].id, None);
    (0..4).for_each(|cpu| die(&tree, cpu, "0", "f"));
    assert_eq!(dies(&tree), ["0-3"]);
    assert_eq!(tree.detect().dies()[0].id, Some(0));
}

#[test]
fn dies_have_numbers_that_repeat_and_sets_that_do_not() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-7")]);
    for cpu in 0..8 {
        let package = cpu / 4;
        tree.cpu(cpu, &package.to_string(), "0", &format!("{:x}", 1 << cpu), ["f", "f0"][package]);
        die(&tree, cpu, &(cpu / 2 % 2).to_string(), &format!("{:x}", 3 << (cpu / 2 * 2)));
    }
    assert_eq!(dies(&tree), ["0-1", "2-3", "4-5", "6-7"]);
    let machine = tree.detect();
    assert_eq!(machine.dies()[2].id, Some(0));
    assert_eq!(machine.dies()[2].package, 1);
    // Dies of one CPU are dies.
    (0..8).for_each(|cpu| die(&tree, cpu, &(cpu % 4).to_string(), &format!("{:x}", 1 << cpu)));
    assert_eq!(dies(&tree).len(), 8);
}

#[test]
fn kernels_without_dies_that_give_each_cpu_one_without_number_are_not_believed() {
    let tree = Tree::of_cores(4);
    (0..4).for_each(|cpu| die(&tree, cpu, "-1", &CpuSet::single(cpu).to_mask()));
    assert_eq!(dies(&tree), ["0-3"]);
}

#[test]
fn clusters_are_told_where_they_bring_something() {
    let tree = Tree::of_cores(8);
    let set_clusters = |cpus: [&str; 8]| {
        cpus.iter().enumerate().for_each(|(cpu, mask)| tree.cpu_file(cpu, "topology/cluster_cpus", mask));
    };
    assert_eq!(clusters(&tree), [] as [&str; 0]);
    (0..8).for_each(|cpu| tree.cpu_file(cpu, "topology/cluster_id", &(40 + cpu / 4).to_string()));
    // Each core its own, as x86 has them.
    set_clusters(["1", "2", "4", "8", "10", "20", "40", "80"]);
    assert_eq!(clusters(&tree), [] as [&str; 0]);
    // All in one, which is the package.
    set_clusters(["ff"; 8]);
    assert_eq!(clusters(&tree), [] as [&str; 0]);
    set_clusters(["f", "f", "f", "f", "f0", "f0", "f0", "f0"]);
    assert_eq!(clusters(&tree), ["0-3", "4-7"]);
    let machine = tree.detect();
    assert_eq!(machine.clusters()[1].id, Some(44 - 3));
    assert_eq!(machine.cpu(5).unwrap().cluster, Some(1));
    // P-cores alone, E-cores together.
    set_clusters(["1", "2", "4", "8", "f0", "f0", "f0", "f0"]);
    assert_eq!(clusters(&tree), ["4-7"]);
    assert_eq!(tree.detect().cpu(0).unwrap().cluster, None);
    // What a die says already is not told twice.
    (0..8).for_each(|cpu| die(&tree, cpu, &(cpu / 4).to_string(), ["f", "f0"][cpu / 4]));
    assert_eq!(clusters(&tree), [] as [&str; 0]);
    (0..8).for_each(|cpu| die(&tree, cpu, "0", "ff"));
    assert_eq!(clusters(&tree), ["4-7"]);
    // Nor what an L3 cache does.
    (4..8).for_each(|cpu| tree.cache(cpu, 3, ["3", "Unified", "4M", "f0"]));
    assert_eq!(clusters(&tree), [] as [&str; 0]);
}

#[test]
fn contradicting_sets_end_with_each_cpu_in_one_group() {
    // Round in circles: 0 says 0-1, 1 says 1-2, 2 says 2 and 0.
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-2")]);
    tree.cpu(0, "0", "0", "3", "3");
    tree.cpu(1, "0", "0", "6", "6");
    tree.cpu(2, "1", "0", "5", "5");
    assert_eq!(cores(&tree.detect()), ["0-1", "2"]);
    // A core across packages, a set without its own CPU, and one of CPUs that are not there.
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-3")]);
    tree.cpu(0, "0", "0", "f", "3");
    tree.cpu(1, "0", "0", "1", "3");
    tree.cpu(2, "1", "0", "0", "c");
    tree.cpu(3, "1", "0", "ff00", "8");
    let machine = tree.detect();
    assert_eq!(cores(&machine), ["0-1", "2", "3"]);
    assert_eq!(lists(machine.packages().iter().map(|package| &package.cpus)), ["0-1", "2-3"]);
}

#[test]
fn all_caches_are_told_with_who_shares_them() {
    let tree = Tree::of_cores(4);
    for cpu in 0..4 {
        let own = CpuSet::single(cpu).to_mask();
        tree.cache(cpu, 0, ["1", "Data", "48K", &own]);
        tree.cache(cpu, 1, ["1", "Instruction", "32K", &own]);
        tree.cache(cpu, 2, ["2", "Unified", "2M", ["3", "c"][cpu / 2]]);
        // Shared with CPUs that are not online.
        tree.cache(cpu, 3, ["3", "Unified", "1G", "ff"]);
    }
    let machine = tree.detect();
    let told: Vec<_> = machine
        .caches()
        .iter()
        .map(|cache| (cache.level, cache.kind, cache.size.unwrap(), cache.cpus.to_string()))
        .collect();
    let (data, code, both) = (CacheKind::Data, CacheKind::Instruction, CacheKind::Unified);
    let level_1 =
        (0..4).flat_map(|cpu: usize| [(1, data, 48 << 10, cpu.to_string()), (1, code, 32 << 10, cpu.to_string())]);
    let more = [
        (2, both, 2 << 20, "0-1".to_owned()),
        (2, both, 2 << 20, "2-3".to_owned()),
        (3, both, 1 << 30, "0-3".to_owned()),
    ];
    assert_eq!(told, level_1.chain(more).collect::<Vec<_>>());
    assert!(machine.caches().iter().all(|cache| cache.line == Some(64)));
    assert_eq!(machine.l3_domains().len(), 1);
}

#[test]
fn the_same_folder_may_be_another_level_on_another_core() {
    // Little cores without an L2, as in DynamIQ clusters: their second cache is what the big ones have third.
    let tree = Tree::of_cores(4);
    for cpu in 0..4 {
        let own = CpuSet::single(cpu).to_mask();
        tree.cache(cpu, 0, ["1", "Data", "32K", &own]);
        tree.cache(cpu, 1, ["1", "Instruction", "32K", &own]);
        if cpu < 2 {
            tree.cache(cpu, 2, ["3", "Unified", "2M", "f"]);
        } else {
            tree.cache(cpu, 2, ["2", "Unified", "2M", &own]);
            tree.cache(cpu, 3, ["3", "Unified", "2M", "f"]);
        }
    }
    let machine = tree.detect();
    let of_level = |level| lists(machine.caches().iter().filter(|cache| cache.level == level).map(|cache| &cache.cpus));
    assert_eq!(of_level(1), ["0", "0", "1", "1", "2", "2", "3", "3"]);
    assert_eq!(of_level(2), ["2", "3"]);
    assert_eq!(of_level(3), ["0-3"]);
}

#[test]
fn a_cache_that_one_folder_of_the_row_lacks_does_not_end_the_row() {
    let tree = Tree::of_cores(2);
    for cpu in 0..2 {
        tree.cache(cpu, 1, ["2", "Unified", "1M", &CpuSet::single(cpu).to_mask()]);
        tree.cache(cpu, 3, ["3", "Unified", "8M", "3"]);
    }
    let machine = tree.detect();
    assert_eq!(lists(machine.caches().iter().map(|cache| &cache.cpus)), ["0", "1", "0-1"]);
}

#[test]
fn the_cpus_of_one_core_may_have_caches_of_their_own() {
    // As virtual machines show it: an L1 for each thread.
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-3")]);
    for cpu in 0..4 {
        let siblings = ["3", "c"][cpu / 2];
        tree.cpu(cpu, "0", &(cpu / 2).to_string(), siblings, "f");
        tree.cache(cpu, 0, ["1", "Data", "32K", &CpuSet::single(cpu).to_mask()]);
        tree.cache(cpu, 2, ["2", "Unified", "1M", siblings]);
    }
    let machine = tree.detect();
    assert_eq!(lists(machine.caches().iter().map(|cache| &cache.cpus)), ["0", "1", "2", "3", "0-1", "2-3"]);
}

#[test]
fn caches_of_cores_of_another_design_are_read_anew() {
    // 32 KiB each, but with other lines: so the big and little cores of the first such machines.
    let tree = Tree::of_cores(2);
    for (cpu, line, capacity) in [(0, "32", "400"), (1, "64", "1024")] {
        tree.cache(cpu, 0, ["1", "Instruction", "32K", &CpuSet::single(cpu).to_mask()]);
        tree.cpu_file(cpu, "cache/index0/coherency_line_size", line);
        tree.cpu_file(cpu, "cpu_capacity", capacity);
    }
    let lines: Vec<_> = tree.detect().caches().iter().map(|cache| cache.line).collect();
    assert_eq!(lines, [Some(32), Some(64)]);
}
