//! What control groups allow.
#![allow(unsafe_code)] // Mounting is a call of the C library.

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::path::Path;

use bedplate::topo::{CpuSet, Topology, pin_current};

use super::Case;
use crate::machine::Machine;
use crate::node::Node;

const ROOT: &str = "/sys/fs/cgroup";

pub const MACHINE: Machine = Machine {
    packages: 2,
    dies: 1,
    cores: 2,
    threads: 1,
    plugged: 4,
    nodes: &[Node { cpus: "0-1", mib: 256 }, Node { cpus: "2-3", mib: 128 }],
    distances: &[],
    qemu: "",
};

pub const CASES: &[Case] = &[
    ("the_root_limits_nothing", the_root_limits_nothing),
    ("limits_are_those_of_the_group_and_all_above", limits_are_those_of_the_group_and_all_above),
];

pub const ON_VERSION_1: &[Case] = &[("version_1_limits_as_well", version_1_limits_as_well)];

/// The process is in a group while this lives.
struct Inside;

impl Inside {
    fn of(group: &Path) -> Self {
        write(group, "cgroup.procs", "1");
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        write(Path::new(ROOT), "cgroup.procs", "1");
    }
}

fn write(group: &Path, file: &str, text: &str) {
    let path = group.join(file);
    fs::write(&path, text).unwrap_or_else(|error| panic!("{text} to {}: {error}", path.display()));
}

fn the_root_limits_nothing() {
    let machine = Topology::detect().unwrap();
    MACHINE.assert_shown_by(&machine);
    assert_eq!(machine.cgroup().quota, None);
    assert_eq!(machine.allowed(), machine.online());
}

fn limits_are_those_of_the_group_and_all_above() {
    let root = Path::new(ROOT);
    let (outer, inner) = (root.join("outer"), root.join("outer/inner"));
    fs::create_dir_all(&inner).unwrap();
    write(root, "cgroup.subtree_control", "+cpuset +cpu");
    write(&outer, "cgroup.subtree_control", "+cpuset +cpu");
    write(&outer, "cpuset.cpus", "0-2");
    write(&outer, "cpu.max", "150000 100000");
    write(&inner, "cpuset.cpus", "1-3");
    write(&inner, "cpuset.mems", "1");

    let inside = Inside::of(&inner);
    let machine = Topology::detect().unwrap();
    assert_eq!(machine.warnings(), []);
    assert_eq!(machine.online().to_string(), "0-3");
    assert_eq!(machine.allowed().to_string(), "1-2");
    assert_eq!(machine.allowed_nodes().to_string(), "1");
    assert_eq!(machine.cgroup().cpus.as_ref().unwrap().to_string(), "1-2");
    assert_eq!(machine.cgroup().nodes.as_ref().unwrap().to_string(), "1");
    assert_eq!(machine.cpu_quota().unwrap().cpus(), 1.5);
    assert_eq!(machine.suggested_threads(), 2);

    // The group's limits are not the thread's mask.
    {
        let _pinned = pin_current(&CpuSet::from([0, 2])).unwrap();
        let pinned = Topology::detect().unwrap();
        assert_eq!(pinned.allowed().to_string(), "2");
        assert_eq!(pinned.cgroup().cpus.as_ref().unwrap().to_string(), "1-2");
    }
    // The least of all levels, whichever has it, by what it comes to and not by its time.
    write(&inner, "cpu.max", "200000 400000");
    assert_eq!(Topology::detect().unwrap().cpu_quota().unwrap().cpus(), 0.5);
    assert_eq!(Topology::detect().unwrap().suggested_threads(), 1);
    write(&outer, "cpu.max", "20000 100000");
    assert_eq!(Topology::detect().unwrap().cpu_quota().unwrap().cpus(), 0.2);
    drop(inside);
    assert_eq!(Topology::detect().unwrap().cpu_quota(), None);
}

/// As before systemd 247 and in its hybrid mode: each controller has a hierarchy of its own.
fn version_1_limits_as_well() {
    mount("/tmp/cpuset", c"cpuset");
    mount("/tmp/cpu", c"cpu");
    let (cpuset, cpu) = (Path::new("/tmp/cpuset/group"), Path::new("/tmp/cpu/outer/inner"));
    fs::create_dir_all(cpuset).unwrap();
    fs::create_dir_all(cpu).unwrap();
    write(cpuset, "cpuset.cpus", "1,3");
    write(cpuset, "cpuset.mems", "0-1");
    write(cpu.parent().unwrap(), "cpu.cfs_quota_us", "50000");
    // -1, which is no limit of its own.
    assert_eq!(fs::read_to_string(cpu.join("cpu.cfs_quota_us")).unwrap().trim(), "-1");
    write(cpuset, "cgroup.procs", "1");
    write(cpu, "cgroup.procs", "1");

    let machine = Topology::detect().unwrap();
    assert_eq!(machine.warnings(), []);
    assert_eq!(machine.allowed().to_string(), "1,3");
    assert_eq!(machine.allowed_nodes().to_string(), "0-1");
    assert_eq!(machine.cgroup().cpus.as_ref().unwrap().to_string(), "1,3");
    assert_eq!(machine.cgroup().nodes.as_ref().unwrap().to_string(), "0-1");
    assert_eq!(machine.cpu_quota().unwrap().cpus(), 0.5);
    assert_eq!(machine.suggested_threads(), 1);
}

fn mount(place: &str, controller: &CStr) {
    fs::create_dir_all(place).unwrap();
    let place = CString::new(place).unwrap();
    let kind = c"cgroup".as_ptr();
    // SAFETY: the strings end with a zero.
    let mounted = unsafe { libc::mount(kind, place.as_ptr(), kind, 0, controller.as_ptr().cast()) };
    assert_eq!(mounted, 0, "{controller:?}: {}", io::Error::last_os_error());
}
