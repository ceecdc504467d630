//! What the kernel's files look like that a reader does not expect.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use bedplate::topo::{CpuSet, NodeSet, Warning};

use crate::tree::{Tree, cores, lists};

const CPU: &str = "sys/devices/system/cpu";

#[test]
fn lists_end_with_a_line_or_a_nul_or_neither() {
    for end in ["", "\n", "\0", "\n\0", "\n\0\n", " \n"] {
        let tree = Tree::of_cores(4);
        tree.write(&format!("{CPU}/online"), format!("0-2{end}"));
        tree.write(&format!("{CPU}/present"), format!("0-3{end}"));
        tree.write(&format!("{CPU}/isolated"), format!("1,2{end}"));
        let machine = tree.detect();
        assert_eq!(machine.online().to_string(), "0-2", "{end:?}");
        assert_eq!(machine.offline().to_string(), "3");
        assert_eq!(machine.isolated().to_string(), "1-2");
    }
}

#[test]
fn an_empty_file_is_the_empty_set() {
    for text in ["", "\n", "\0"] {
        let tree = Tree::of_cores(2);
        tree.write(&format!("{CPU}/isolated"), text);
        tree.write(&format!("{CPU}/nohz_full"), text);
        let machine = tree.detect();
        assert!(machine.isolated().is_empty() && machine.nohz_full().is_empty());
        // All that is missing is memory nodes.
        assert_eq!(machine.warnings(), [Warning::NoNodes, Warning::NoMemory { node: 0 }]);
    }
}

#[test]
fn a_pointer_that_is_null_is_the_empty_set() {
    let tree = Tree::of_cores(2);
    tree.write(&format!("{CPU}/nohz_full"), "  (null)\n");
    let machine = tree.detect();
    assert!(machine.nohz_full().is_empty());
    assert!(!machine.warnings().iter().any(|warning| matches!(warning, Warning::Malformed { .. })));
    tree.write(&format!("{CPU}/nohz_full"), "1,9\n");
    assert_eq!(tree.detect().nohz_full().to_string(), "1", "only what is online");
}

#[test]
fn masks_come_with_the_most_significant_word_first() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0,32-33,64")]);
    tree.cpu(0, "0", "0", "00000001,00000000,00000001", "00000001,00000000,00000001");
    tree.cpu(64, "0", "0", "00000001,00000000,00000001", "00000001,00000000,00000001");
    tree.cpu(32, "1", "0", "00000000,00000003,00000000", "00000000,00000003,00000000");
    tree.cpu(33, "1", "0", "00000000,00000003,00000000", "00000000,00000003,00000000");
    let machine = tree.detect();
    assert_eq!(cores(&machine), ["0,64", "32-33"]);
    assert_eq!(lists(machine.packages().iter().map(|package| &package.cpus)), ["0,64", "32-33"]);
}

#[test]
fn an_offline_cpu_has_no_topology_and_its_number_no_room_among_the_possible() {
    let tree = Tree::of_cores(3);
    tree.write(&format!("{CPU}/online"), "0-2");
    tree.write(&format!("{CPU}/possible"), "0-191");
    tree.cpu_file(3, "online", "0\n");
    tree.cpu_file(7, "online", "0\n");
    // Without a list of what is plugged in, the folders tell.
    assert_eq!(tree.detect().offline().to_string(), "3,7");
    tree.write(&format!("{CPU}/present"), "0-5");
    assert_eq!(tree.detect().offline().to_string(), "3-5");
}

#[test]
fn the_mask_of_a_node_wins_over_its_list() {
    let tree = Tree::of_cores(4);
    let node = "sys/devices/system/node/node0";
    tree.write(&format!("{node}/cpulist"), "0-7");
    tree.write(&format!("{node}/meminfo"), "Node 0 MemTotal: 4 kB");
    tree.write("sys/devices/system/node/node1/cpulist", "1,3,5");
    tree.write("sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: 4 kB");
    // The list of the first names all, CPUs that are offline too, and it comes first.
    let of_nodes = |tree: &Tree| lists(tree.detect().nodes().iter().map(|node| &node.cpus));
    assert_eq!(of_nodes(&tree), ["0-3", ""]);
    tree.write(&format!("{node}/cpumap"), "00000005");
    assert_eq!(of_nodes(&tree), ["0,2", "1,3"]);
}

#[test]
fn old_names_and_lists_alone_are_read_too() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-3")]);
    for cpu in 0..4 {
        let (siblings, package) = if cpu % 2 == 0 { ("0,2\n", "5") } else { ("1,3\n", "a") };
        tree.cpu_file(cpu, "topology/thread_siblings_list", siblings);
        tree.cpu_file(cpu, "topology/core_siblings", package);
    }
    let machine = tree.detect();
    assert_eq!(cores(&machine), ["0,2", "1,3"]);
    assert_eq!(lists(machine.packages().iter().map(|package| &package.cpus)), ["0,2", "1,3"]);
    assert_eq!(machine.packages()[0].id, None);
}

#[test]
fn folders_with_numbers_that_no_kernel_has_are_left_alone() {
    let tree = Tree::of_cores(2);
    fs::remove_file(tree.path().join(CPU).join("online")).unwrap();
    for name in ["cpu99999999", "cpu18446744073709551616", "cpu-1", "cpu+3", "cpu1048575", "cpufreq"] {
        tree.write(&format!("{CPU}/{name}/topology/core_id"), "0");
    }
    tree.write("sys/devices/system/node/node70000/meminfo", "Node 70000 MemTotal: 4 kB");
    let machine = tree.detect();
    assert_eq!(machine.online().to_string(), "0-1");
    assert_eq!(machine.node_set(), NodeSet::single(0));
    assert!(machine.warnings().contains(&Warning::TooMany { cpus: CpuSet::single(1_048_575) }));
    assert!(machine.warnings().contains(&Warning::NoNodes));
}

#[test]
fn a_list_of_a_million_is_cut() {
    let tree = Tree::of_cores(2);
    tree.write(&format!("{CPU}/online"), "0-1,20000-1048575");
    tree.write(&format!("{CPU}/present"), "0-3,20000-1048575");
    let machine = tree.detect();
    assert_eq!((machine.online().to_string(), machine.offline().to_string()), ("0-1".to_owned(), "2-3".to_owned()));
}

#[test]
fn files_longer_than_a_page_are_read_whole() {
    let tree = Tree::of_cores(2);
    let many: Vec<_> = (2..3_000).step_by(2).map(|cpu: usize| cpu.to_string()).collect();
    let text = format!("{}\n", many.join(",\u{20}").replace(' ', ""));
    assert!(text.len() > 4096);
    tree.write(&format!("{CPU}/present"), format!("0-1,{text}"));
    let machine = tree.detect();
    assert_eq!(machine.offline().len(), many.len());
    assert_eq!(machine.offline().last(), Some(2_998));
}

#[test]
fn what_may_not_be_read_is_told_once_for_each_file_and_not_for_hundreds() {
    // A folder in the place of a file fails for everyone, also for root.
    let tree = Tree::of_cores(2);
    fs::create_dir_all(tree.path().join(CPU).join("isolated")).unwrap();
    let path = tree.path().join(CPU).join("isolated");
    let unreadable = Warning::Unreadable { path, kind: ErrorKind::IsADirectory };
    assert_eq!(tree.detect().warnings()[0], unreadable);

    let tree = Tree::of_cores(100);
    for cpu in 0..100 {
        fs::create_dir_all(tree.path().join(format!("{CPU}/cpu{cpu}/cpu_capacity"))).unwrap();
        tree.cpu_file(cpu, "topology/core_cpus", "garbage");
    }
    let machine = tree.detect();
    assert_eq!(machine.cores().len(), 100);
    let of_files = |warning: &&Warning| matches!(warning, Warning::Malformed { .. } | Warning::Unreadable { .. });
    assert_eq!(machine.warnings().iter().filter(of_files).count(), 32);
    // 100 sets, and the capacity that the first CPU has not, after which nobody is asked any more.
    assert!(machine.warnings().contains(&Warning::MoreFiles { count: 101 - 32 }), "{:?}", machine.warnings());
    assert!(machine.warnings().contains(&Warning::NoTopology { cpus: (0..100).collect() }));
}

#[test]
fn a_folder_that_may_not_be_entered_is_as_good_as_none() {
    let tree = Tree::of_cores(2);
    let folder = tree.path().join(CPU).join("cpu1");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = fs::read_dir(&folder).is_ok();
    let machine = tree.detect();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(cores(&machine), ["0", "1"]);
    // The superuser enters all.
    let is_told = machine.warnings().contains(&Warning::NoTopology { cpus: CpuSet::single(1) });
    assert_eq!(is_told, !is_root);
}

#[test]
fn links_that_lead_nowhere_or_round_are_no_files() {
    let tree = Tree::of_cores(2);
    let folder = tree.path().join(CPU);
    symlink("nowhere", folder.join("isolated")).unwrap();
    symlink("nohz_full", folder.join("nohz_full")).unwrap();
    let machine = tree.detect();
    assert!(machine.isolated().is_empty() && machine.nohz_full().is_empty());
    assert_eq!(cores(&machine), ["0", "1"]);
}

#[test]
fn a_pipe_that_nobody_writes_to_is_an_empty_file() {
    let tree = Tree::of_cores(2);
    let pipe = tree.path().join(CPU).join("isolated");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        println!("skipped: there is no `mkfifo`");
        return;
    }
    assert!(tree.detect().isolated().is_empty());
}

#[test]
fn text_that_is_no_text_is_no_set() {
    let tree = Tree::of_cores(2);
    tree.write(&format!("{CPU}/isolated"), [0xff, b'1', 0xc3, 0x28]);
    let machine = tree.detect();
    assert!(machine.isolated().is_empty());
    assert!(matches!(&machine.warnings()[0], Warning::Malformed { error, .. } if error.position() == 0));
}

#[test]
fn a_snapshot_is_allowed_what_its_process_was() {
    let tree = Tree::of_cores(4);
    assert_eq!(tree.detect().allowed().to_string(), "0-3");
    let status = "Name:\tcat\nCpus_allowed:\t6\nCpus_allowed_list:\t1-2,9\nMems_allowed_list:\t1\n";
    tree.write("proc/self/status", status);
    for node in 0..3 {
        tree.write(&format!("sys/devices/system/node/node{node}/meminfo"), "MemTotal: 4 kB");
    }
    let machine = tree.detect();
    assert_eq!(machine.allowed().to_string(), "1-2");
    assert_eq!(machine.allowed_nodes(), &NodeSet::single(1));
    // What contradicts the rest is not believed.
    tree.write("proc/self/status", "Cpus_allowed_list:\t77\nMems_allowed_list:\t9\n");
    let machine = tree.detect();
    assert_eq!(machine.allowed().to_string(), "0-3");
    assert_eq!(machine.allowed_nodes(), &NodeSet::from([0, 1, 2]));
    assert!(machine.warnings().contains(&Warning::NoAllowedCpus));
    assert!(machine.warnings().contains(&Warning::NoAllowedNodes));
}
