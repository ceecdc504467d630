//! Where devices are attached, as small trees show it, and on this machine.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use bedplate::topo::Topology;

/// A machine of two nodes, with two CPUs each, and a third without CPUs next to the second.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.write("devices/system/cpu/online", "0-3\n");
        for (node, cpus, distance) in [(0, "3", "10 20 30"), (1, "c", "20 10 15"), (2, "0", "30 15 10")] {
            tree.write(&format!("devices/system/node/node{node}/cpumap"), cpus);
            tree.write(&format!("devices/system/node/node{node}/distance"), distance);
            tree.write(&format!("devices/system/node/node{node}/meminfo"), "Node 0 MemTotal: 64 kB");
        }
        tree.write("devices/system/node/online", "0-2");
        tree
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A link as the kernel makes them: relative.
    fn link(&self, link: &str, target: &str) {
        let up = "../".repeat(link.split('/').count() - 1);
        let link = self.path().join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(format!("{up}{target}"), link).unwrap();
    }

    /// A device in a folder, and where it is found by its name.
    fn device(&self, folder: &str, link: &str) {
        fs::create_dir_all(self.path().join(folder)).unwrap();
        self.link(link, folder);
    }

    /// A disk on a PCI device of that node, with a partition.
    fn disk(&self, name: &str, node: i32) {
        let bus = format!("devices/pci{node}/0000:0{}:00.0", node + 1);
        self.write(&format!("{bus}/numa_node"), &node.to_string());
        self.device(&format!("{bus}/block/{name}"), &format!("class/block/{name}"));
        self.device(&format!("{bus}/block/{name}/{name}1"), &format!("class/block/{name}1"));
    }

    fn detect(&self) -> Topology {
        Topology::builder().sysfs(self.path()).procfs(self.path()).detect().unwrap()
    }

    fn node(&self, name: &str) -> Option<usize> {
        self.detect().device_node(name).unwrap()
    }

    fn cpus(&self, name: &str) -> String {
        self.detect().device_cpus(name).unwrap().to_string()
    }
}

#[test]
fn the_nearest_that_says_counts() {
    let tree = Tree::new();
    tree.device("devices/pci0/0000:00:03.0/0000:01:00.0/virtio2/net/eth0", "class/net/eth0");
    assert_eq!((tree.node("eth0"), tree.cpus("eth0")), (None, "0-3".into()));
    tree.write("devices/pci0/0000:00:03.0/numa_node", "1\n");
    assert_eq!((tree.node("eth0"), tree.cpus("eth0")), (Some(1), "2-3".into()));
    // Unknown here: the bridge above says it.
    tree.write("devices/pci0/0000:00:03.0/0000:01:00.0/numa_node", "-1\n");
    tree.write("devices/pci0/0000:00:03.0/0000:01:00.0/local_cpulist", "0-3\n");
    assert_eq!((tree.node("eth0"), tree.cpus("eth0")), (Some(1), "2-3".into()));
    tree.write("devices/pci0/0000:00:03.0/0000:01:00.0/numa_node", "0\n\0");
    assert_eq!((tree.node("eth0"), tree.cpus("eth0")), (Some(0), "0-1".into()));
    // No such node: firmware may say anything.
    tree.write("devices/pci0/0000:00:03.0/0000:01:00.0/virtio2/numa_node", "7\n");
    assert_eq!(tree.node("eth0"), Some(0));
}

#[test]
fn cpus_that_are_told_are_closer_than_the_node() {
    let tree = Tree::new();
    tree.device("devices/pci0/0000:01:00.0/nvme/nvme0/nvme0n1", "class/block/nvme0n1");
    tree.write("devices/pci0/0000:01:00.0/local_cpulist", "3,9\n");
    // Only the CPUs are told, and they are all of one node.
    assert_eq!((tree.node("nvme0n1"), tree.cpus("nvme0n1")), (Some(1), "3".into()));
    tree.write("devices/pci0/0000:01:00.0/local_cpulist", "1-2\n");
    assert_eq!((tree.node("nvme0n1"), tree.cpus("nvme0n1")), (None, "1-2".into()));
    tree.write("devices/pci0/0000:01:00.0/numa_node", "0\n");
    assert_eq!((tree.node("nvme0n1"), tree.cpus("nvme0n1")), (Some(0), "1-2".into()));
    // Before Linux 2.6.26 as a mask alone; offline CPUs do not count.
    fs::remove_file(tree.path().join("devices/pci0/0000:01:00.0/local_cpulist")).unwrap();
    tree.write("devices/pci0/0000:01:00.0/local_cpus", "00000000,000000f2\n");
    assert_eq!(tree.cpus("nvme0n1"), "1");
    tree.write("devices/pci0/0000:01:00.0/local_cpus", "nonsense\n");
    assert_eq!(tree.cpus("nvme0n1"), "0-1");
}

#[test]
fn a_node_without_cpus_has_those_of_the_nearest() {
    let tree = Tree::new();
    tree.disk("pmem0", 2);
    tree.write("devices/pci2/0000:03:00.0/local_cpulist", "\n");
    assert_eq!((tree.node("pmem0"), tree.cpus("pmem0")), (Some(2), "2-3".into()));
}

#[test]
fn devices_have_many_names() {
    let tree = Tree::new();
    tree.disk("sda", 1);
    tree.disk("nvme0n1", 0);
    tree.device("devices/pci1/0000:02:00.0/ata1/block/cciss!c0d0", "class/block/cciss!c0d0");
    tree.link("bus/pci/devices/0000:02:00.0", "devices/pci1/0000:02:00.0");
    tree.device("devices/pci1/0000:02:00.0/infiniband/mlx5_0", "class/infiniband/mlx5_0");
    tree.device("devices/pci1/0000:02:00.0/nvme/nvme1", "class/nvme/nvme1");
    tree.device("devices/pci1/0000:02:00.0/drm/card0", "class/drm/card0");
    for name in ["sda", "sda1", "/dev/sda", "/dev/sda1", "/dev/cciss/c0d0", "cciss!c0d0"] {
        assert_eq!(tree.node(name), Some(1), "{name}");
    }
    for name in ["0000:02:00.0", "02:00.0", "mlx5_0", "nvme1", "card0"] {
        assert_eq!(tree.node(name), Some(1), "{name}");
    }
    for name in ["nvme0n1", "nvme0n11"] {
        assert_eq!(tree.node(name), Some(0), "{name}");
    }
}

#[test]
fn what_is_no_device_is_told_by_name() {
    let tree = Tree::new();
    tree.disk("sda", 1);
    let machine = tree.detect();
    let refused = |name: &str| {
        let error = machine.device_node(name).unwrap_err();
        assert_eq!(machine.device_cpus(name).unwrap_err().kind(), error.kind());
        (error.kind(), error.to_string())
    };
    for name in ["sdb", "/dev/sdb9999", "0000:07:00.0", "sd", "0000:sda"] {
        assert_eq!(refused(name), (ErrorKind::NotFound, format!("there is no device `{name}`")));
    }
    for name in
        ["", ".", "..", "../block/sda", "sda/..", "/dev/../sda", "/dev/", "/dev/.", "/etc/passwd", "a/b", "a\0b"]
    {
        assert_eq!(refused(name), (ErrorKind::InvalidInput, format!("`{name}` is no name of a device")));
    }
}

#[test]
fn without_a_tree_there_is_no_device() {
    let tree = Tree::new();
    let machine = tree.detect();
    fs::remove_dir_all(tree.path()).unwrap();
    let error = machine.device_node("eth0").unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::NotFound, "there is no device `eth0`".to_owned()));
    assert_eq!(machine.file_node("/").unwrap(), None);
}

#[test]
fn a_device_that_stands_on_others_is_where_they_are() {
    let tree = Tree::new();
    for (name, node) in [("sda", 0), ("sdb", 1), ("sdc", 1)] {
        tree.disk(name, node);
    }
    let stack = |name: &str, below: &[&str]| {
        let folder = format!("devices/virtual/block/{name}");
        tree.device(&folder, &format!("class/block/{name}"));
        for slave in below {
            let target = fs::canonicalize(tree.path().join("class/block").join(slave)).unwrap();
            let target = target.strip_prefix(tree.path().canonicalize().unwrap()).unwrap().to_owned();
            tree.link(&format!("{folder}/slaves/{slave}"), target.to_str().unwrap());
        }
    };
    stack("md0", &["sdb1", "sdc"]);
    stack("md1", &["sda1", "sdc1"]);
    // On one that is on others; and on itself, which says nothing.
    stack("dm-0", &["md0"]);
    stack("dm-1", &[]);
    stack("dm-2", &["dm-1", "sda"]);
    tree.link("devices/virtual/block/dm-1/slaves/dm-2", "devices/virtual/block/dm-2");
    tree.device("devices/virtual/block/md1/md1p1", "class/block/md1p1");
    assert_eq!((tree.node("md0"), tree.cpus("md0")), (Some(1), "2-3".into()));
    assert_eq!((tree.node("md1"), tree.cpus("md1")), (None, "0-3".into()));
    assert_eq!((tree.node("md1p1"), tree.cpus("md1p1")), (None, "0-3".into()));
    assert_eq!(tree.node("dm-0"), Some(1));
    assert_eq!((tree.node("dm-1"), tree.node("dm-2")), (Some(0), Some(0)));
    // Nothing says where software is.
    tree.device("devices/virtual/block/ram0", "class/block/ram0");
    assert_eq!((tree.node("ram0"), tree.cpus("ram0")), (None, "0-3".into()));
    // On something known and on something unknown.
    stack("md2", &["ram0", "sdb"]);
    assert_eq!(tree.node("md2"), Some(1));
}

#[test]
fn several_paths_to_one_disk_are_its_controllers() {
    let tree = Tree::new();
    let subsystem = "devices/virtual/nvme-subsystem/nvme-subsys0";
    for (controller, node) in [("nvme0", 1), ("nvme1", 1)] {
        tree.write(&format!("devices/pci1/0000:0{node}:00.0/numa_node"), "1");
        tree.device(&format!("devices/pci1/0000:01:00.0/nvme/{controller}"), &format!("{subsystem}/{controller}"));
    }
    tree.device(&format!("{subsystem}/nvme0n1"), "class/block/nvme0n1");
    tree.device(&format!("{subsystem}/nvme0n1/nvme0n1p2"), "class/block/nvme0n1p2");
    assert_eq!((tree.node("nvme0n1"), tree.node("nvme0n1p2")), (Some(1), Some(1)));
}

#[test]
fn network_interfaces_stand_on_others() {
    let tree = Tree::new();
    for (name, node) in [("eth0", 0), ("eth1", 1)] {
        tree.device(&format!("devices/pci{node}/0000:0{node}:00.0/net/{name}"), &format!("class/net/{name}"));
        tree.write(&format!("devices/pci{node}/0000:0{node}:00.0/numa_node"), &node.to_string());
    }
    tree.device("devices/virtual/net/vlan7", "class/net/vlan7");
    tree.link("devices/virtual/net/vlan7/lower_eth1", "devices/pci1/0000:01:00.0/net/eth1");
    tree.link("devices/pci1/0000:01:00.0/net/eth1/upper_vlan7", "devices/virtual/net/vlan7");
    tree.device("devices/virtual/net/bond0", "class/net/bond0");
    tree.link("devices/virtual/net/bond0/lower_eth0", "devices/pci0/0000:00:00.0/net/eth0");
    tree.link("devices/virtual/net/bond0/lower_vlan7", "devices/virtual/net/vlan7");
    assert_eq!((tree.node("vlan7"), tree.cpus("vlan7")), (Some(1), "2-3".into()));
    assert_eq!((tree.node("eth1"), tree.node("bond0")), (Some(1), None));
}

#[test]
fn links_out_of_the_tree_are_not_followed() {
    let outside = Tree::new();
    outside.disk("sda", 1);
    let tree = Tree::new();
    fs::create_dir_all(tree.path().join("class/block")).unwrap();
    symlink(outside.path().join("class/block/sda"), tree.path().join("class/block/sda")).unwrap();
    assert_eq!(tree.detect().device_node("sda").unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_file_is_on_its_block_device() {
    let tree = Tree::new();
    let file = tree.path().join("file");
    fs::write(&file, "").unwrap();
    let machine = tree.detect();
    assert_eq!(machine.file_node(&file).unwrap(), None);
    tree.disk("sda", 1);
    let number = fs::metadata(&file).unwrap().dev();
    let number = format!("{}:{}", libc::major(number), libc::minor(number));
    tree.link(&format!("dev/block/{number}"), "devices/pci1/0000:02:00.0/block/sda/sda1");
    assert_eq!(machine.file_node(&file).unwrap(), Some(1));
    assert_eq!(machine.file_node(tree.path()).unwrap(), Some(1));
    let none = machine.file_node(tree.path().join("none")).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
    // A loop device is where its file is.
    tree.device("devices/virtual/block/loop3", "class/block/loop3");
    tree.write("devices/virtual/block/loop3/loop/backing_file", &format!("{}\n", file.display()));
    assert_eq!(machine.device_node("loop3").unwrap(), Some(1));
}

#[test]
fn the_devices_of_this_machine_are_known() {
    let machine = Topology::detect().unwrap();
    let mut found = 0;
    for class in ["net", "block"] {
        let entries = fs::read_dir(Path::new("/sys/class").join(class));
        for entry in entries.into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let Ok(node) = machine.device_node(&name) else { continue };
            assert!(node.is_none_or(|node| machine.node(node).is_some()), "{name}: {node:?}");
            let cpus = machine.device_cpus(&name).unwrap();
            assert!(!cpus.is_empty() && cpus.is_subset(machine.online()), "{name}: {cpus}");
            println!("{name}: node {node:?}, CPUs {cpus}");
            if class == "block" && Path::new("/dev").join(&name).exists() {
                assert_eq!(machine.device_node(&format!("/dev/{name}")).unwrap(), node);
                assert_eq!(machine.file_node(format!("/dev/{name}")).unwrap(), node);
            }
            found += 1;
        }
    }
    println!("{found} devices");
    assert!(machine.file_node("/").is_ok());
    assert_eq!(machine.file_node("/proc/self").unwrap(), None);
    // A device of software alone, found by its number.
    if Path::new("/sys/dev/char").exists() {
        assert_eq!(machine.device_node("/dev/null").unwrap(), None);
        assert_eq!(&machine.device_cpus("/dev/null").unwrap(), machine.online());
    }
}
