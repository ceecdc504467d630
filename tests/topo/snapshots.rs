//! The tree of each machine that was saved, against what hwloc makes of it.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use bedplate::topo::{CacheKind, CpuSet, NodeSet, Topology};

use crate::reference::Reference;

/// Where the saved trees are: beside the crate, or where `BEDPLATE_SYSFS` says.
fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/sysfs");
    std::env::var_os("BEDPLATE_SYSFS").map_or(beside, PathBuf::from)
}

/// What of a tree is not read, so that few of its thousands of files are written.
const UNREAD: [&str; 18] = [
    "*_list",
    "*stat",
    "acpi_cppc",
    "affected_cpus",
    "allocation_policy",
    "bandwidth",
    "cpuidle",
    "memory[0-9]*",
    "number_of_sets",
    "physical_line_partition",
    "power",
    "read_*",
    "scaling_*",
    "thermal_throttle",
    "uevent",
    "ways_of_associativity",
    "write_*",
    "torque/*/[0-9]*/*",
];

/// The part of a saved tree that is read; `None` where it cannot be extracted.
fn extract(archive: &Path) -> Option<tempfile::TempDir> {
    let target = tempfile::tempdir().ok()?;
    // The status says too that one of the patterns matches nothing, which is no failure.
    Command::new("tar")
        .arg("xjf")
        .arg(archive)
        .arg("-C")
        .arg(target.path())
        .arg("--wildcards")
        .args(UNREAD.map(|name| format!("--exclude={name}")))
        .args(["*/sys/devices/system/[cn]*", "*/sys/fs/cgroup/cpuset/*", "*/cgroup/*", "*/dev/cpuset/*"])
        .args(["*/proc/meminfo", "*/proc/mounts", "*/proc/self/*"])
        .stderr(Stdio::null())
        .status()
        .ok()?;
    fs::read_dir(target.path()).ok()?.next().map(|_| target)
}

/// Where what is read here differs from what hwloc reads.
struct Differences<'a> {
    name: &'a str,
    found: Vec<String>,
}

impl Differences<'_> {
    fn compare<T: PartialEq + Debug>(&mut self, what: &str, ours: T, theirs: T) {
        if ours != theirs {
            self.found.push(format!("{}: {what} is {ours:?}, not {theirs:?}", self.name));
        }
    }
}

/// What differs for one machine.
fn differences(folder: &Path, row: &HashMap<&str, &str>) -> Vec<String> {
    let name = row["dataset"];
    let Some(target) = extract(&folder.join(format!("{name}.tar.bz2"))) else {
        println!("skipped: {name} cannot be extracted");
        return Vec::new();
    };
    let root = fs::read_dir(target.path()).unwrap().next().unwrap().unwrap().path();
    let machine = Topology::builder().root(&root).detect().unwrap();
    println!("{name}: warnings {:?}", machine.warnings());
    let mut differences = Differences { name, found: Vec::new() };
    compare_counts(&mut differences, row, &machine);
    let reference = ["console", "xml"]
        .iter()
        .find_map(|kind| fs::read_to_string(folder.join(format!("{name}.{kind}"))).ok())
        .map(|text| Reference::parse(&text));
    match reference {
        Some(reference) => compare_objects(&mut differences, &reference, &machine),
        None => println!("skipped: there is no reference output of {name}"),
    }
    differences.found
}

/// The columns of the table that `hwloc-calc` made: what the process of the tree was allowed, and all.
fn compare_counts(differences: &mut Differences<'_>, row: &HashMap<&str, &str>, machine: &Topology) {
    let allowed = machine.allowed();
    let used = |sets: Vec<&CpuSet>| sets.into_iter().filter(|cpus| !cpus.is_disjoint(allowed)).count();
    let counts = [
        ("packages", used(machine.packages().iter().map(|package| &package.cpus).collect())),
        ("L3", used(machine.l3_domains().iter().map(|l3| &l3.cpus).collect())),
        ("cores", used(machine.cores().iter().map(|core| &core.cpus).collect())),
        ("PUs", allowed.len()),
        ("PUs_incl_disallowed", machine.online().len()),
    ];
    for (column, ours) in counts {
        // Empty where there are none.
        differences.compare(column, ours, row[column].parse().unwrap_or(0));
    }
    // hwloc lists them by place, not by number.
    let listed = |column: &str| -> NodeSet {
        row[column].split(',').filter(|node| !node.is_empty()).map(|node| node.parse::<usize>().unwrap()).collect()
    };
    differences.compare("numa_incl_disallowed", machine.node_set(), listed("numa_incl_disallowed"));
    // The allowed nodes of the allowed CPUs: it is asked by these.
    let near = |node: &usize| !machine.node(*node).unwrap().near.is_disjoint(allowed);
    let nodes: NodeSet = machine.allowed_nodes().iter().filter(near).collect();
    differences.compare("numa_os_ids", nodes, listed("numa_os_ids"));
    if !row["online"].is_empty() {
        differences.compare("online", machine.online().to_string(), row["online"].to_owned());
    }
}

/// Each object with the CPUs below it, of the kinds that hwloc shows: it leaves out those that bring nothing new.
fn compare_objects(differences: &mut Differences<'_>, reference: &Reference, machine: &Topology) {
    let shown = |cpus: &CpuSet| cpus & machine.allowed();
    let sets = |sets: Vec<&CpuSet>| -> BTreeSet<String> {
        sets.into_iter().map(shown).filter(|cpus| !cpus.is_empty()).map(|cpus| cpus.to_string()).collect()
    };
    for (kind, ours) in [
        ("Package", machine.packages().iter().map(|package| &package.cpus).collect()),
        ("Die", machine.dies().iter().map(|die| &die.cpus).collect()),
        ("Cluster", machine.clusters().iter().map(|cluster| &cluster.cpus).collect()),
        ("Core", machine.cores().iter().map(|core| &core.cpus).collect()),
    ] {
        let theirs = reference.of(kind);
        if !theirs.is_empty() {
            differences.compare(kind, sets(ours), sets(theirs.iter().map(|object| &object.cpus).collect()));
        }
    }
    for (kind, level, of) in [
        ("L1d", 1, CacheKind::Data),
        ("L1i", 1, CacheKind::Instruction),
        ("L2", 2, CacheKind::Unified),
        ("L3", 3, CacheKind::Unified),
    ] {
        let theirs = reference.of(kind);
        let ours = machine.caches().iter().filter(|cache| cache.level == level && cache.kind == of);
        let size = |size: u64| if reference.is_rounded { rounded(size) } else { size };
        let ours: BTreeSet<_> =
            ours.map(|cache| (shown(&cache.cpus).to_string(), cache.size.map(size), cache.line)).collect();
        let ours: BTreeSet<_> = ours.into_iter().filter(|(cpus, ..)| !cpus.is_empty()).collect();
        // One that is kept for the memory below it has no CPUs.
        let theirs = theirs.iter().filter(|cache| !cache.cpus.is_empty());
        let theirs: BTreeSet<_> = theirs.map(|cache| (cache.cpus.to_string(), cache.size, cache.line)).collect();
        if !theirs.is_empty() {
            differences.compare(kind, ours, theirs);
        }
    }
    // hwloc may know the kind of some CPUs only.
    let known = reference.kinds.iter().fold(CpuSet::new(), |known, kind| &known | kind);
    if known == *machine.online() {
        let ours: Vec<_> = machine.kinds().iter().map(|kind| &kind.cpus).collect();
        differences.compare("kinds", ours, reference.kinds.iter().collect());
    }
    for (from, to, distance) in &reference.distances {
        let what = format!("distance from {from} to {to}");
        differences.compare(&what, machine.distance(*from, *to), Some(*distance));
    }
}

/// A size as hwloc writes it for people.
fn rounded(size: u64) -> u64 {
    let unit = if size < 10 << 20 { 1 << 10 } else { 1 << 20 };
    (size + unit / 2) / unit * unit
}

#[test]
fn every_saved_machine_is_read_as_hwloc_reads_it() {
    let folder = folder();
    let Ok(expected) = fs::read_to_string(folder.join("expected.tsv")) else {
        println!("skipped: there are no saved machines in {}", folder.display());
        return;
    };
    let mut lines = expected.lines();
    let head: Vec<_> = lines.next().unwrap().split('\t').collect();
    // Extracting waits for the disk more than for the CPU: one thread each.
    let wrong: Vec<_> = thread::scope(|s| {
        let rows: Vec<_> = lines
            .map(|line| head.iter().copied().zip(line.split('\t')).collect::<HashMap<_, _>>())
            .map(|row| {
                s.spawn(|| {
                    let row = row;
                    differences(&folder, &row)
                })
            })
            .collect();
        rows.into_iter().flat_map(|row| row.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
