//! The tree of each machine that was saved, against what hwloc makes of it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use bedplate::topo::{NodeSet, Topology};

/// Trees in which control groups hide a part of the machine. The saved counts leave it out and ours do not, since
/// only the calling thread's own affinity is read: CPUs and nodes are compared with those that hwloc hides included.
const PARTLY_HIDDEN: [&str; 2] = ["32amd64-4s2n4c-cgroup2", "16amd64-4n4c-cgroup-distance-merge"];

/// Where the saved trees are: beside the crate, or where `BEDPLATE_SYSFS` says.
fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/sysfs");
    std::env::var_os("BEDPLATE_SYSFS").map_or(beside, PathBuf::from)
}

/// What of a tree is not read, so that few of its thousands of files are written.
const UNREAD: [&str; 20] = [
    "*_list",
    "*stat",
    "access[0-9]",
    "acpi_cppc",
    "allocation_policy",
    "cluster_*",
    "coherency_line_size",
    "cpufreq",
    "cpuidle",
    "die_*",
    "hugepages",
    "index[014]",
    "memory[0-9]*",
    "number_of_sets",
    "physical_line_partition",
    "power",
    "thermal_throttle",
    "uevent",
    "ways_of_associativity",
    "write_policy",
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
        .args(["*/sys/devices/system/[cn]*", "*/proc/meminfo"])
        .stderr(Stdio::null())
        .status()
        .ok()?;
    fs::read_dir(target.path()).ok()?.next().map(|_| target)
}

/// Where the saved row of one machine differs from what is read here.
fn differences(folder: &Path, row: HashMap<&str, &str>) -> Vec<String> {
    let name = row["dataset"];
    let Some(target) = extract(&folder.join(format!("{name}.tar.bz2"))) else {
        println!("skipped: {name} cannot be extracted");
        return Vec::new();
    };
    let root = fs::read_dir(target.path()).unwrap().next().unwrap().unwrap().path();
    let machine = Topology::builder().sysfs(root.join("sys")).procfs(root.join("proc")).detect().unwrap();
    println!("{name}: warnings {:?}", machine.warnings());
    compare(name, &row, &machine)
}

fn compare(name: &str, row: &HashMap<&str, &str>, machine: &Topology) -> Vec<String> {
    let count = |column: &str| row[column].parse::<usize>().unwrap_or(0);
    let mut pairs = vec![("PUs_incl_disallowed", machine.cpus().len(), count("PUs_incl_disallowed"))];
    if !PARTLY_HIDDEN.contains(&name) {
        pairs.push(("PUs", machine.allowed().len(), count("PUs")));
        pairs.push(("packages", machine.packages().len(), count("packages")));
        pairs.push(("cores", machine.cores().len(), count("cores")));
        pairs.push(("L3", machine.l3_domains().len(), count("L3")));
    }
    let mut wrong: Vec<_> = pairs
        .into_iter()
        .filter(|(_, ours, theirs)| ours != theirs)
        .map(|(column, ours, theirs)| format!("{name}: {column} is {ours}, not {theirs}"))
        .collect();
    // hwloc lists them by place, not by number.
    let nodes: NodeSet = row["numa_incl_disallowed"].split(',').map(|node| node.parse::<usize>().unwrap()).collect();
    if machine.node_set() != nodes {
        wrong.push(format!("{name}: nodes are {}, not {nodes}", machine.node_set()));
    }
    if !row["online"].is_empty() && machine.online().to_string() != row["online"] {
        wrong.push(format!("{name}: {} are online, not {}", machine.online(), row["online"]));
    }
    wrong
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
            .map(|row| s.spawn(|| differences(&folder, row)))
            .collect();
        rows.into_iter().flat_map(|row| row.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
