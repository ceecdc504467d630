//! What [`Topology::detect`] says is what qemu was told to build.

use bedplate::topo::{
    CpuSet, HugePagePool, Placement, Strategy, Topology, allowed_cpus, current_cpu, current_node, pin_current,
};

use super::Case;
use crate::machine::Machine;
use crate::node::Node;

/// The distances differ in the two directions, by which a table that is read the wrong way shows.
pub const TWO_NODES: Machine = Machine {
    packages: 2,
    dies: 1,
    cores: 2,
    threads: 1,
    plugged: 4,
    nodes: &[Node { cpus: "0-1", mib: 384 }, Node { cpus: "2-3", mib: 256 }],
    distances: &[&[10, 15], &[25, 10]],
    // An empty disk, two bridges below what knows its node.
    qemu: "-device pxb-pcie,id=far,bus_nr=64,numa_node=1 -device pcie-root-port,id=near,bus=far,chassis=1 \
           -drive if=none,id=disk,driver=null-co,size=16M -device nvme,serial=one,bus=near,drive=disk",
};

/// In a ring, two to a package.
pub const FOUR_NODES: Machine = Machine {
    packages: 2,
    dies: 2,
    cores: 2,
    threads: 1,
    plugged: 8,
    nodes: &[
        Node { cpus: "0-1", mib: 256 },
        Node { cpus: "2-3", mib: 128 },
        Node { cpus: "4-5", mib: 128 },
        Node { cpus: "6-7", mib: 128 },
    ],
    distances: &[&[10, 16, 32, 33], &[17, 10, 22, 31], &[32, 21, 10, 16], &[33, 32, 18, 10]],
    qemu: "",
};

/// A node without memory, and one without CPUs.
pub const UNEVEN_NODES: Machine = Machine {
    packages: 2,
    dies: 1,
    cores: 2,
    threads: 1,
    plugged: 4,
    nodes: &[Node { cpus: "0-1", mib: 256 }, Node { cpus: "2-3", mib: 0 }, Node { cpus: "", mib: 128 }],
    distances: &[&[10, 20, 17], &[20, 10, 28], &[17, 28, 10]],
    qemu: "",
};

/// More than a word of 64 bits has room for, in two words that are both needed.
pub const EIGHTY: Machine = Machine {
    packages: 2,
    dies: 2,
    cores: 10,
    threads: 2,
    plugged: 80,
    nodes: &[Node { cpus: "0-39", mib: 256 }, Node { cpus: "40-79", mib: 256 }],
    distances: &[],
    qemu: "",
};

pub const ON_TWO_NODES: &[Case] = &[
    ("two_nodes_are_shown", || shown(&TWO_NODES)),
    ("each_node_has_its_huge_pages", each_node_has_its_huge_pages),
    ("a_thread_runs_where_it_is_pinned", a_thread_runs_where_it_is_pinned),
    ("a_device_is_where_its_bus_is", a_device_is_where_its_bus_is),
];
pub const ON_FOUR_NODES: &[Case] = &[
    ("four_nodes_are_shown", || shown(&FOUR_NODES)),
    ("a_thread_runs_where_it_is_pinned", a_thread_runs_where_it_is_pinned),
];
pub const ON_UNEVEN_NODES: &[Case] = &[
    ("uneven_nodes_are_shown", || shown(&UNEVEN_NODES)),
    ("memory_without_cpus_has_some_near", memory_without_cpus_has_some_near),
    ("a_thread_runs_where_it_is_pinned", a_thread_runs_where_it_is_pinned),
];
pub const ON_EIGHTY: &[Case] = &[
    ("eighty_cpus_are_shown", || shown(&EIGHTY)),
    ("a_thread_runs_where_it_is_pinned", a_thread_runs_where_it_is_pinned),
    ("masks_reach_beyond_a_word", masks_reach_beyond_a_word),
];

fn shown(machine: &Machine) {
    let shown = Topology::detect().unwrap();
    machine.assert_shown_by(&shown);
    assert_eq!(shown.allowed(), shown.online());
    assert_eq!(shown.allowed_nodes(), &shown.nodes().iter().filter(|node| node.memory > 0).map(|n| n.id).collect());
    assert_eq!(shown.cpu_quota(), None);
}

fn each_node_has_its_huge_pages() {
    let machine = Topology::detect().unwrap();
    for (node, pages) in [(0, 8), (1, 16)] {
        let pools = &machine.node(node).unwrap().huge_pages;
        let pool = pools.iter().find(|pool| pool.page == 2 << 20).unwrap();
        assert!(matches!(pool, HugePagePool { total, free, .. } if (*total, *free) == (pages, pages)), "{pool:?}");
    }
}

/// The disk itself does not say.
fn a_device_is_where_its_bus_is() {
    let machine = Topology::detect().unwrap();
    for name in ["nvme0n1", "nvme0", "/dev/nvme0n1"] {
        assert_eq!(machine.device_node(name).unwrap(), Some(1), "{name}");
        assert_eq!(machine.device_cpus(name).unwrap().to_string(), "2-3", "{name}");
    }
    assert_eq!(machine.device_node("lo").unwrap(), None);
    let near = Placement::new(Strategy::Near("nvme0n1".to_owned())).plan(&machine, 3).unwrap();
    assert_eq!(near.iter().map(|slot| slot.node).collect::<Vec<_>>(), [Some(1), Some(1), Some(0)]);
}

fn memory_without_cpus_has_some_near() {
    let machine = Topology::detect().unwrap();
    // Node 0 is at 17, node 1 at 28.
    assert_eq!(machine.node(2).unwrap().near.to_string(), "0-1");
    let plan = Placement::new(Strategy::NodeLocal(2)).plan(&machine, 2).unwrap();
    assert_eq!(plan.cpus().to_string(), "0-1");
}

fn a_thread_runs_where_it_is_pinned() {
    let machine = Topology::detect().unwrap();
    for cpu in machine.cpus() {
        let pinned = pin_current(&CpuSet::single(cpu.id)).unwrap();
        assert_eq!(pinned.effective(), &CpuSet::single(cpu.id));
        assert_eq!(current_cpu(), cpu.id);
        assert_eq!(current_node().unwrap(), cpu.node);
    }
    assert_eq!(&allowed_cpus().unwrap(), machine.allowed());
}

fn masks_reach_beyond_a_word() {
    let asked: CpuSet = "3,63-64,79-80,8191-8200".parse().unwrap();
    let pinned = pin_current(&asked).unwrap();
    assert_eq!(pinned.effective().to_string(), "3,63-64,79");
    assert_eq!(pinned.dropped().to_string(), "80,8191-8200");
    assert_eq!(Topology::detect().unwrap().allowed(), pinned.effective());
}
