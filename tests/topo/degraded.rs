//! A machine that shows less than machines do.

use std::collections::HashSet;
use std::io::ErrorKind;

use bedplate::topo::{
    CpuSet, Placement, Strategy, Topology, Warning, WorkerSet, allowed_cpus, current_cpu, pin_current,
};

use crate::alone::{
    allowed, become_nobody, change_root, hide, in_a_process_of_its_own, in_a_thread_of_its_own, open_no_more_files,
};

/// What holds wherever a thread runs: it knows its CPUs, can plan for them, and can be bound to them.
fn assert_usable(machine: &Topology) {
    let before = allowed_cpus().unwrap();
    assert_eq!(machine.allowed(), &before);
    assert!(machine.allowed().is_subset(machine.online()));
    assert!(machine.suggested_threads() >= 1);
    for cpu in machine.cpus() {
        assert!(machine.cores()[cpu.core].cpus.contains(cpu.id));
        assert!(machine.packages()[cpu.package].cpus.contains(cpu.id));
        assert!(machine.node(cpu.node).unwrap().cpus.contains(cpu.id));
    }
    let one = CpuSet::single(before.last().unwrap());
    let pinned = pin_current(&one).unwrap();
    assert_eq!(current_cpu(), one.first().unwrap());
    drop(pinned);
    assert_eq!(allowed_cpus().unwrap(), before);

    let workers = before.len() + 1;
    for strategy in [Strategy::Compact, Strategy::Scatter, Strategy::OnePerL3, Strategy::OnePerNode] {
        let plan = Placement::new(strategy.clone()).plan(machine, workers).unwrap();
        assert!(plan.cpus().is_subset(&before));
        let set = WorkerSet::builder(plan).spawn(|worker| worker.slot().cpus.contains(current_cpu())).unwrap();
        assert!(set.reports().iter().all(|report| report.complete()), "{strategy:?}: {:?}", set.reports());
        assert!(set.join().into_iter().all(|there| there.unwrap()));
    }
}

/// What is assumed where `/sys` says nothing.
fn assert_plain(machine: &Topology) {
    assert_usable(machine);
    assert_eq!(machine.online(), machine.allowed());
    assert!(machine.offline().is_empty() && machine.isolated().is_empty() && machine.nohz_full().is_empty());
    assert_eq!(machine.cores().len(), machine.online().len());
    assert_eq!((machine.packages().len(), machine.dies().len(), machine.kinds().len()), (1, 1, 1));
    assert!(machine.l3_domains().is_empty() && machine.caches().is_empty() && machine.clusters().is_empty());
    assert_eq!(machine.node_set().to_string(), "0");
    assert_eq!(machine.allowed_nodes().to_string(), "0");
    let warnings = machine.warnings();
    assert!(warnings.contains(&Warning::NoOnline), "{warnings:?}");
    assert!(warnings.contains(&Warning::NoTopology { cpus: machine.online().clone() }), "{warnings:?}");
    assert!(warnings.contains(&Warning::NoNodes), "{warnings:?}");
    // Nothing is told twice.
    assert_eq!(warnings.iter().map(ToString::to_string).collect::<HashSet<_>>().len(), warnings.len());
}

#[test]
fn without_sys() {
    in_a_thread_of_its_own(|| {
        let whole = Topology::detect().unwrap();
        if allowed("hide /sys", hide(c"/sys")).is_none() {
            return;
        }
        let machine = Topology::detect().unwrap();
        assert_plain(&machine);
        // `/proc` still tells this much.
        let total: u64 = whole.nodes().iter().map(|node| node.memory).sum();
        assert!(machine.nodes()[0].memory > total / 2);
        assert_eq!(machine.warnings().len(), 3, "{:?}", machine.warnings());
        assert_eq!(machine.device_node("lo").unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn without_proc() {
    in_a_thread_of_its_own(|| {
        let whole = Topology::detect().unwrap();
        if allowed("hide /proc", hide(c"/proc")).is_none() {
            return;
        }
        let machine = Topology::detect().unwrap();
        assert_usable(&machine);
        assert_eq!(machine.cpus(), whole.cpus());
        assert_eq!(machine.cores(), whole.cores());
        assert_eq!(machine.caches(), whole.caches());
        assert_eq!(machine.node_set(), whole.node_set());
        assert_eq!(machine.cpu_quota(), None);
    });
}

#[test]
fn in_an_empty_root() {
    // Removed by this thread, which keeps its root.
    let root = tempfile::tempdir().unwrap();
    in_a_thread_of_its_own(|| {
        if allowed("change the root", change_root(root.path())).is_none() {
            return;
        }
        assert!(!std::fs::exists("/proc").unwrap() && !std::fs::exists("/sys").unwrap());
        let machine = Topology::detect().unwrap();
        assert_plain(&machine);
        assert!(machine.warnings().contains(&Warning::NoMemory { node: 0 }));
        assert!(machine.warnings().contains(&Warning::NoAllowedNodes));
        assert_eq!(machine.device_node("lo").unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn with_one_cpu() {
    in_a_thread_of_its_own(|| {
        let whole = Topology::detect().unwrap();
        let one = CpuSet::single(whole.allowed().last().unwrap());
        let _pinned = pin_current(&one).unwrap();
        let machine = Topology::detect().unwrap();
        assert_usable(&machine);
        assert_eq!(machine.allowed(), &one);
        assert_eq!(machine.suggested_threads(), 1);
        // It is the thread that has one CPU, and not the machine.
        assert_eq!(machine.online(), whole.online());
        assert_eq!(machine.warnings(), whole.warnings());
        let plan = Placement::new(Strategy::Scatter).plan(&machine, 5).unwrap();
        assert!(plan.iter().all(|slot| slot.cpus == one));
        assert_eq!((plan.places(), plan.max_load()), (1, 5));
        assert!(Placement::new(Strategy::Scatter).exclusive().plan(&machine, 2).is_err());
    });
}

#[test]
fn as_an_ordinary_user() {
    in_a_process_of_its_own("degraded::as_an_ordinary_user", || {
        let before = Topology::detect().unwrap();
        if allowed("change the user", become_nobody()).is_none() {
            return;
        }
        let machine = Topology::detect().unwrap();
        assert_usable(&machine);
        assert_eq!(machine.warnings(), before.warnings());
        assert_eq!(machine.cpus(), before.cpus());
        assert_eq!(machine.caches(), before.caches());
        assert_eq!(machine.nodes(), before.nodes());
        assert_eq!(machine.cgroup(), before.cgroup());
    });
}

#[test]
fn with_no_file_left_to_open() {
    in_a_process_of_its_own("degraded::with_no_file_left_to_open", || {
        if allowed("limit the files", open_no_more_files()).is_some() {
            assert_plain(&Topology::detect().unwrap());
        }
    });
}
