//! All guests, and the cases that run in each.

use super::{Scenario, cgroup, isolated, numa, nvme, offline, ordinary, power, topology, workers};
use crate::machine::Machine;

const SCENARIOS: &[Scenario] = &[
    // The one that takes longest is first.
    Scenario {
        name: "eighty-cpus",
        machine: &topology::EIGHTY,
        kernel: "",
        cases: &[topology::ON_EIGHTY, workers::ON_MANY_CPUS],
    },
    Scenario {
        name: "two-nodes",
        machine: &topology::TWO_NODES,
        kernel: "hugepagesz=2M hugepages=0:8,1:16",
        cases: &[topology::ON_TWO_NODES, workers::ON_MANY_NODES, numa::ON_TWO_NODES, numa::FILTERED, ordinary::CASES],
    },
    Scenario {
        name: "four-nodes",
        machine: &topology::FOUR_NODES,
        kernel: "",
        cases: &[topology::ON_FOUR_NODES, workers::ON_MANY_NODES, numa::ON_FOUR_NODES],
    },
    Scenario {
        name: "uneven-nodes",
        machine: &topology::UNEVEN_NODES,
        kernel: "",
        cases: &[topology::ON_UNEVEN_NODES, numa::ON_UNEVEN_NODES],
    },
    Scenario {
        name: "nvme",
        machine: &nvme::MACHINE,
        kernel: "",
        cases: &[nvme::FILE, nvme::RING, nvme::STREAMS, nvme::COPIES, nvme::MAPPINGS],
    },
    Scenario { name: "power", machine: &power::MACHINE, kernel: "", cases: &[power::LOST, power::FLAKEY] },
    Scenario { name: "offline", machine: &offline::MACHINE, kernel: "cpu0_hotplug", cases: &[offline::CASES] },
    Scenario { name: "cgroup", machine: &cgroup::MACHINE, kernel: "", cases: &[cgroup::CASES] },
    Scenario { name: "cgroup-v1", machine: &cgroup::MACHINE, kernel: "", cases: &[cgroup::ON_VERSION_1] },
    Scenario {
        name: "isolated",
        machine: &Machine::PLAIN,
        kernel: "isolcpus=2-3 nohz_full=3",
        cases: &[isolated::CASES],
    },
];

pub fn find(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

/// For `tests/vm/run`: a line each, of name, arguments of qemu and what the kernel is told, with tabs between.
pub fn print() {
    for Scenario { name, machine, kernel, .. } in SCENARIOS {
        println!("{name}\t{}\t{kernel}", machine.arguments());
    }
}
