//! The files of a large machine, to read the topology of.
//!
//! Two packages, eight memory nodes, sixteen L3 caches, 128 cores of two threads: 256 CPUs, numbered as Linux does, the
//! second threads after all first ones. Each CPU has the files that Linux 6.12 shows of its topology, caches and clock,
//! read or not.

use std::fmt::Display;
use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::symlink;
use std::path::Path;

pub const PACKAGES: usize = 2;
pub const NODES: usize = 8;
pub const L3: usize = 16;
pub const CORES: usize = 128;
pub const CPUS: usize = 2 * CORES;

/// Writes `sys` and `proc` under `root`, which takes a second or two: there are some 25,000 files.
pub fn write_tree(root: &Path) -> io::Result<()> {
    let cpu_root = root.join("sys/devices/system/cpu");
    let all = format!("0-{}", CPUS - 1);
    files(
        &cpu_root,
        &[
            ("online", &all),
            ("possible", &all),
            ("present", &all),
            ("offline", &""),
            ("isolated", &""),
            ("nohz_full", &"  (null)"),
            ("kernel_max", &8191),
        ],
    )?;
    files(&cpu_root.join("smt"), &[("active", &1), ("control", &"on")])?;
    (0..CPUS).try_for_each(|cpu| write_cpu(&cpu_root, cpu))?;
    let node_root = root.join("sys/devices/system/node");
    let nodes = format!("0-{}", NODES - 1);
    let names = ["online", "possible", "has_cpu", "has_memory", "has_normal_memory"];
    names.iter().try_for_each(|name| files(&node_root, &[(name, &nodes)]))?;
    (0..NODES).try_for_each(|node| write_node(&node_root, node))?;
    // Both ways, as in the kernel: a CPU names its node, and a node its CPUs.
    for cpu in 0..CPUS {
        let node = (cpu % CORES) * NODES / CORES;
        symlink(format!("../../node/node{node}"), cpu_root.join(format!("cpu{cpu}/node{node}")))?;
        symlink(format!("../../cpu/cpu{cpu}"), node_root.join(format!("node{node}/cpu{cpu}")))?;
    }
    write_huge_pages(&root.join("sys/kernel/mm/hugepages"))?;
    write_proc(&root.join("proc"))
}

/// The CPUs of group `group` of `groups` that the cores are divided into.
fn members(group: usize, groups: usize) -> [Range<usize>; 2] {
    let size = CORES / groups;
    let first = group * size;
    [first..first + size, CORES + first..CORES + first + size]
}

fn mask(members: &[Range<usize>]) -> String {
    let bit = |cpu: usize| u32::from(members.iter().any(|range| range.contains(&cpu)));
    let word = |word: usize| (0..32).fold(0, |bits, cpu| bits | bit(32 * word + cpu) << cpu);
    let words: Vec<_> = (0..CPUS / 32).rev().map(|at| format!("{:08x}", word(at))).collect();
    words.join(",")
}

fn list(members: &[Range<usize>]) -> String {
    let range = |range: &Range<usize>| match range.len() {
        1 => range.start.to_string(),
        _ => format!("{}-{}", range.start, range.end - 1),
    };
    members.iter().map(range).collect::<Vec<_>>().join(",")
}

fn write_cpu(root: &Path, cpu: usize) -> io::Result<()> {
    let folder = root.join(format!("cpu{cpu}"));
    let core = cpu % CORES;
    let package = core * PACKAGES / CORES;
    let (siblings, package_cpus) = (members(core, CORES), members(package, PACKAGES));
    let (siblings, siblings_list) = (mask(&siblings), list(&siblings));
    let (in_package, in_package_list) = (mask(&package_cpus), list(&package_cpus));
    files(
        &folder.join("topology"),
        &[
            ("cluster_cpus", &siblings),
            ("cluster_cpus_list", &siblings_list),
            ("cluster_id", &core),
            ("core_cpus", &siblings),
            ("core_cpus_list", &siblings_list),
            ("core_id", &(core % (CORES / PACKAGES))),
            ("core_siblings", &in_package),
            ("core_siblings_list", &in_package_list),
            ("die_cpus", &in_package),
            ("die_cpus_list", &in_package_list),
            ("die_id", &0),
            ("package_cpus", &in_package),
            ("package_cpus_list", &in_package_list),
            ("physical_package_id", &package),
            ("ppin", &"0x0"),
            ("thread_siblings", &siblings),
            ("thread_siblings_list", &siblings_list),
        ],
    )?;
    for (index, level, kind, size, ways, groups) in [
        (0, 1, "Data", "32K", 8, CORES),
        (1, 1, "Instruction", "32K", 8, CORES),
        (2, 2, "Unified", "1024K", 8, CORES),
        (3, 3, "Unified", "32768K", 16, L3),
    ] {
        let group = core * groups / CORES;
        let shared = members(group, groups);
        let kib: usize = size[..size.len() - 1].parse().unwrap();
        files(
            &folder.join(format!("cache/index{index}")),
            &[
                ("coherency_line_size", &64),
                ("id", &group),
                ("level", &level),
                ("number_of_sets", &(kib * 1024 / 64 / ways)),
                ("physical_line_partition", &1),
                ("shared_cpu_list", &list(&shared)),
                ("shared_cpu_map", &mask(&shared)),
                ("size", &size),
                ("type", &kind),
                ("ways_of_associativity", &ways),
                ("uevent", &""),
            ],
        )?;
    }
    files(
        &folder.join("cpufreq"),
        &[
            ("affected_cpus", &cpu),
            ("base_frequency", &2_400_000),
            ("cpuinfo_max_freq", &3_700_000),
            ("cpuinfo_min_freq", &1_500_000),
            ("related_cpus", &cpu),
            ("scaling_driver", &"acpi-cpufreq"),
            ("scaling_governor", &"performance"),
            ("scaling_max_freq", &3_700_000),
            ("scaling_min_freq", &1_500_000),
        ],
    )?;
    files(&folder, &[("cpu_capacity", &1024), ("online", &1), ("uevent", &"DRIVER=processor")])
}

fn write_node(root: &Path, node: usize) -> io::Result<()> {
    let folder = root.join(format!("node{node}"));
    let cpus = members(node, NODES);
    let per_package = NODES / PACKAGES;
    let distance = |other: usize| match () {
        () if other == node => "10",
        () if other / per_package == node / per_package => "12",
        () => "32",
    };
    files(
        &folder,
        &[
            ("cpulist", &list(&cpus)),
            ("cpumap", &mask(&cpus)),
            ("distance", &(0..NODES).map(distance).collect::<Vec<_>>().join(" ")),
            ("meminfo", &format!("Node {node} MemTotal:       65536000 kB\nNode {node} MemFree:        60000000 kB")),
            ("numastat", &"numa_hit 1\nnuma_miss 0"),
            ("vmstat", &"nr_free_pages 1"),
        ],
    )?;
    write_huge_pages(&folder.join("hugepages"))
}

fn write_huge_pages(folder: &Path) -> io::Result<()> {
    for kib in [2048, 1_048_576] {
        let names = ["nr_hugepages", "free_hugepages", "surplus_hugepages"];
        files(&folder.join(format!("hugepages-{kib}kB")), &names.map(|name| (name, &0 as &dyn Display)))?;
    }
    Ok(())
}

fn write_proc(folder: &Path) -> io::Result<()> {
    let block = |cpu: usize| {
        let core = cpu % CORES;
        let package = core * PACKAGES / CORES;
        format!(
            "processor\t: {cpu}\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: Example\n\
             stepping\t: 1\nphysical id\t: {package}\ncore id\t\t: {}\nflags\t\t: fpu sse sse2 ht\n\n",
            core % (CORES / PACKAGES)
        )
    };
    files(
        folder,
        &[
            ("cpuinfo", &(0..CPUS).map(block).collect::<String>()),
            ("meminfo", &"MemTotal:       524288000 kB\nHugepagesize:       2048 kB"),
            ("mounts", &MOUNTS),
            ("version", &"Linux version 6.12.0"),
        ],
    )?;
    let all = format!("0-{}", CPUS - 1);
    let status = format!("Name:\tbench\nCpus_allowed_list:\t{all}\nMems_allowed_list:\t0-{}", NODES - 1);
    let mount_info = "24 1 0:22 / /sys rw - sysfs sysfs rw\n35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
    files(
        &folder.join("self"),
        &[
            ("cgroup", &"0::/user.slice"),
            ("cpuset", &"/"),
            ("mountinfo", &mount_info),
            ("mounts", &MOUNTS),
            ("status", &status),
        ],
    )
}

const MOUNTS: &str = "sysfs /sys sysfs rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0";

/// Files of one line each, or more; the folder is made.
fn files(folder: &Path, files: &[(&str, &dyn Display)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|(name, text)| fs::write(folder.join(name), format!("{text}\n")))
}
