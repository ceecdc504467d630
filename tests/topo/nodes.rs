//! Memory nodes.

use std::fs;
use std::os::unix::fs::symlink;

use bedplate::topo::{NodeSet, Warning};

use crate::tree::{Tree, lists};

/// A node of `kib` KiB with the CPUs of a mask.
fn node(tree: &Tree, id: usize, cpus: &str, kib: usize, distances: &str) {
    let folder = format!("sys/devices/system/node/node{id}");
    tree.write(&format!("{folder}/cpumap"), cpus);
    tree.write(&format!("{folder}/meminfo"), format!("\nNode {id} MemTotal:  {kib} kB\nNode {id} MemFree: 1 kB\n"));
    tree.write(&format!("{folder}/distance"), format!("{distances}\n"));
}

fn online(tree: &Tree, nodes: &str) {
    tree.write("sys/devices/system/node/online", nodes);
}

#[test]
fn distances_go_by_the_order_of_the_nodes_that_are_online() {
    let tree = Tree::of_cores(4);
    online(&tree, "1,4,9\n");
    node(&tree, 1, "1", 4, "10 15 20");
    node(&tree, 4, "2", 4, "15 10 25");
    node(&tree, 9, "c", 4, "20 25 10");
    let machine = tree.detect();
    assert_eq!(machine.distance(1, 9), Some(20));
    assert_eq!(machine.distance(4, 9), Some(25));
    assert_eq!(machine.distance(9, 9), Some(10));
    assert_eq!(machine.distance(1, 2), None);
    assert_eq!(machine.distance(2, 1), None);
    // A node that is listed and not shown still has its column.
    online(&tree, "1,3-4,9\n");
    for (id, row) in [(1, "10 11 15 20"), (4, "15 11 10 25"), (9, "20 11 25 10")] {
        node(&tree, id, "0", 4, row);
    }
    let machine = tree.detect();
    assert_eq!(machine.node_set(), NodeSet::from([1, 4, 9]));
    assert_eq!(machine.distance(1, 9), Some(20));
}

#[test]
fn distances_that_are_not_one_for_each_node_are_left_out() {
    let tree = Tree::of_cores(2);
    online(&tree, "0-1");
    node(&tree, 0, "1", 4, "10");
    node(&tree, 1, "2", 4, "20 ten");
    let machine = tree.detect();
    assert!(machine.nodes().iter().all(|node| node.distances.is_empty()));
    assert_eq!(machine.warnings(), [0, 1].map(|node| Warning::NoDistances { node }));
    assert_eq!(machine.distance(0, 0), None);
}

#[test]
fn without_a_list_the_folders_tell_which_nodes_there_are() {
    let tree = Tree::of_cores(2);
    node(&tree, 0, "1", 4, "10 20");
    node(&tree, 10, "2", 4, "20 10");
    let machine = tree.detect();
    assert_eq!(machine.distance(0, 10), Some(20));
    online(&tree, "garbage");
    assert_eq!(tree.detect().node_set(), NodeSet::from([0, 10]));
    // Nor does a list help that names none that is there.
    online(&tree, "3");
    assert_eq!(tree.detect().node_set(), NodeSet::from([0, 10]));
}

#[test]
fn nodes_without_memory_and_nodes_without_cpus() {
    let tree = Tree::of_cores(4);
    online(&tree, "0-3");
    node(&tree, 0, "3", 0, "10 20 11 30");
    node(&tree, 1, "c", 8, "20 10 30 11");
    node(&tree, 2, "0", 16, "11 30 10 40");
    node(&tree, 3, "0", 32, "30 11 40 10");
    let machine = tree.detect();
    assert_eq!(machine.warnings(), []);
    assert_eq!(lists(machine.nodes().iter().map(|node| &node.cpus)), ["0-1", "2-3", "", ""]);
    assert_eq!(machine.node(0).unwrap().memory, 0);
    assert_eq!(machine.allowed_nodes(), &NodeSet::from([1, 2, 3]), "nothing can be had of a node without memory");
    // By distance.
    assert_eq!(lists(machine.nodes().iter().map(|node| &node.near)), ["0-1", "2-3", "0-1", "2-3"]);
    // By what the firmware says, of CPUs before that of any device.
    for (id, access, initiator) in [(2, 0, 3), (2, 1, 1), (3, 0, 0)] {
        let folder = tree.path().join(format!("sys/devices/system/node/node{id}/access{access}/initiators"));
        fs::create_dir_all(&folder).unwrap();
        symlink(format!("../../../node{initiator}"), folder.join(format!("node{initiator}"))).unwrap();
        fs::write(folder.join("read_latency"), "1").unwrap();
    }
    assert_eq!(lists(tree.detect().nodes().iter().map(|node| &node.near)), ["0-1", "2-3", "2-3", "0-1"]);
}

#[test]
fn where_no_memory_is_known_none_is_forbidden() {
    let tree = Tree::of_cores(2);
    online(&tree, "0-1");
    tree.write("sys/devices/system/node/node0/cpulist", "0");
    tree.write("sys/devices/system/node/node1/cpulist", "1");
    let machine = tree.detect();
    assert_eq!(machine.allowed_nodes(), &NodeSet::from([0, 1]));
    assert_eq!(machine.warnings(), [0, 1].map(|node| Warning::NoMemory { node }));
}

#[test]
fn cpus_that_two_nodes_claim_are_in_the_first() {
    let tree = Tree::of_cores(4);
    node(&tree, 0, "7", 4, "10 20");
    node(&tree, 1, "e", 4, "20 10");
    assert_eq!(lists(tree.detect().nodes().iter().map(|node| &node.cpus)), ["0-2", "3"]);
}

#[test]
fn huge_pages_are_counted_by_size() {
    let pool = |tree: &Tree, folder: &str, kib: &str, total: &str, free: &str| {
        tree.write(&format!("{folder}/hugepages-{kib}kB/nr_hugepages"), total);
        tree.write(&format!("{folder}/hugepages-{kib}kB/free_hugepages"), free);
    };
    let told = |tree: &Tree| -> Vec<_> {
        let machine = tree.detect();
        machine.nodes()[0].huge_pages.iter().map(|pool| (pool.page, pool.total, pool.free)).collect()
    };
    let expected = [(2 << 20, 512, 100), (1 << 30, 2, 0)];
    let tree = Tree::of_cores(1);
    node(&tree, 0, "1", 4, "10");
    let folder = "sys/devices/system/node/node0/hugepages";
    pool(&tree, folder, "1048576", "2\n", "0\n");
    pool(&tree, folder, "2048", "512\n", "100\n");
    tree.write(&format!("{folder}/hugepages-xkB/nr_hugepages"), "1");
    assert_eq!(told(&tree), expected);
    // A kernel without memory nodes has them elsewhere.
    let tree = Tree::of_cores(1);
    pool(&tree, "sys/kernel/mm/hugepages", "1048576", "2\n", "0\n");
    pool(&tree, "sys/kernel/mm/hugepages", "2048", "512\n", "100\n");
    assert_eq!(told(&tree), expected);
}
