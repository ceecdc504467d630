//! Cores of several kinds.

use bedplate::topo::CpuSet;

use crate::tree::{Tree, lists};

fn kinds(tree: &Tree) -> Vec<String> {
    lists(tree.detect().kinds().iter().map(|kind| &kind.cpus))
}

fn each(tree: &Tree, file: &str, values: &[&str]) {
    values.iter().enumerate().for_each(|(cpu, value)| tree.cpu_file(cpu, file, value));
}

#[test]
fn where_nothing_tells_all_are_alike() {
    let tree = Tree::of_cores(4);
    assert_eq!(kinds(&tree), ["0-3"]);
    let machine = tree.detect();
    assert_eq!((machine.kinds()[0].capacity, machine.kinds()[0].max_khz), (None, None));
}

#[test]
fn counters_name_the_kinds_of_intel() {
    let tree = Tree::of_cores(6);
    tree.write("sys/devices/cpu_core/cpus", "0-1\n");
    // Alone, as on a machine whose other cores are off, they tell nothing.
    tree.write("sys/devices/cpu_atom/cpus", "2-3,17\n");
    tree.write("sys/devices/cpu_lowpower/cpus", "4-5\n");
    // Which need not agree with how fast they are.
    each(&tree, "cpufreq/cpuinfo_max_freq", &["4800000", "5100000", "3800000", "3800000", "2500000", "2500000"]);
    assert_eq!(kinds(&tree), ["4-5", "2-3", "0-1"]);
    let machine = tree.detect();
    assert_eq!(machine.kinds()[2].max_khz, Some(5_100_000));
    assert_eq!(machine.cpu(3).unwrap().kind, 1);
}

#[test]
fn one_kind_of_counters_is_no_hybrid() {
    let tree = Tree::of_cores(2);
    tree.write("sys/devices/cpu_core/cpus", "0-1\n");
    assert_eq!(kinds(&tree), ["0-1"]);
}

#[test]
fn part_numbers_name_the_kinds_of_arm() {
    let tree = Tree::of_cores(6);
    // The same part in two revisions, and with capacities that differ from place to place.
    let midr = [
        "0x00000000410fd871",
        "0x00000000410fd870",
        "0x00000000411fd871",
        "0x00000000410fd851",
        "0x00000000410fd851",
        "0x00000000410fd851",
    ];
    each(&tree, "regs/identification/midr_el1", &midr);
    each(&tree, "cpu_capacity", &["500", "718", "731", "1024", "850", "1017"]);
    assert_eq!(kinds(&tree), ["0-2", "3-5"]);
    assert_eq!(tree.detect().kinds()[0].capacity, Some(731));
    // One part: the same cores, however far their clocks go.
    each(&tree, "regs/identification/midr_el1", &["0x00000000410fd871"; 6]);
    assert_eq!(kinds(&tree), ["0-5"]);
}

#[test]
fn capacities_tell_the_little_from_the_big() {
    let tree = Tree::of_cores(8);
    each(&tree, "cpu_capacity", &["1024", "1024", "446", "446", "446", "446", "871", "880"]);
    assert_eq!(kinds(&tree), ["2-5", "6-7", "0-1"]);
    let machine = tree.detect();
    assert_eq!(
        machine.kinds().iter().map(|kind| kind.capacity).collect::<Vec<_>>(),
        [Some(446), Some(880), Some(1024)]
    );
    // Favoured cores are no kind.
    each(&tree, "cpu_capacity", &["1024", "1024", "993", "993", "993", "993", "993", "993"]);
    assert_eq!(kinds(&tree), ["0-7"]);
}

#[test]
fn frequencies_tell_unless_only_turbo_differs() {
    let tree = Tree::of_cores(4);
    each(&tree, "cpufreq/cpuinfo_max_freq", &["5000000", "5200000", "3900000", "3900000"]);
    assert_eq!(kinds(&tree), ["2-3", "0-1"]);
    each(&tree, "cpufreq/base_frequency", &["1900000", "1900000", "1400000", "1400000"]);
    assert_eq!(kinds(&tree), ["2-3", "0-1"]);
    // All go as fast when all are busy.
    each(&tree, "cpufreq/base_frequency", &["2000000"; 4]);
    assert_eq!(kinds(&tree), ["0-3"]);
    assert_eq!(tree.detect().kinds()[0].max_khz, Some(5_200_000));
    each(&tree, "cpufreq/cpuinfo_max_freq", &["5000000", "5500000", "6000000", "5300000"]);
    assert_eq!(kinds(&tree), ["0-3"]);
}

#[test]
fn a_measure_that_some_lack_tells_nothing() {
    let tree = Tree::of_cores(3);
    each(&tree, "cpu_capacity", &["400", "1024"]);
    assert_eq!(kinds(&tree), ["0-2"]);
    each(&tree, "cpu_capacity", &["400", "1024", "none"]);
    assert_eq!(kinds(&tree), ["0-2"]);
}

#[test]
fn siblings_are_of_the_kind_of_their_core() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-3")]);
    for cpu in 0..4 {
        tree.cpu(cpu, "0", &(cpu % 2).to_string(), ["5", "a"][cpu % 2], "f");
        tree.cpu_file(cpu, "cpu_capacity", ["1024", "512"][cpu % 2]);
    }
    assert_eq!(kinds(&tree), ["1,3", "0,2"]);
    assert_eq!(tree.detect().kinds()[0].cpus, CpuSet::from([1, 3]));
}
