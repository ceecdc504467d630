//! CPUs that are turned off, and places without any.

use std::fs;
use std::sync::mpsc;
use std::thread;

use bedplate::topo::{CpuSet, PinError, Topology, allowed_cpus, pin_current};

use super::Case;
use crate::machine::Machine;
use crate::node::Node;

/// CPUs 6 and 7 could be plugged in and are not.
pub const MACHINE: Machine = Machine {
    packages: 2,
    dies: 1,
    cores: 2,
    threads: 2,
    plugged: 6,
    nodes: &[Node { cpus: "0-3", mib: 256 }, Node { cpus: "4-7", mib: 128 }],
    distances: &[],
    qemu: "",
};

pub const CASES: &[Case] = &[
    ("cpus_that_are_not_plugged_in_are_in_nothing", || MACHINE.assert_shown_by(&Topology::detect().unwrap())),
    ("cpus_that_are_off_are_told_and_in_nothing", cpus_that_are_off_are_told_and_in_nothing),
    ("a_package_that_is_off_leaves_its_memory", a_package_that_is_off_leaves_its_memory),
    ("a_thread_whose_cpu_goes_off_loses_its_mask", a_thread_whose_cpu_goes_off_loses_its_mask),
    ("what_is_on_again_is_as_before", || MACHINE.assert_shown_by(&Topology::detect().unwrap())),
];

/// Turns CPUs off, and on again when dropped.
struct Off(&'static [usize]);

impl Off {
    fn turn(cpus: &'static [usize]) -> Self {
        let off = Self(cpus);
        cpus.iter().for_each(|cpu| switch(*cpu, "0"));
        off
    }
}

impl Drop for Off {
    fn drop(&mut self) {
        self.0.iter().for_each(|cpu| switch(*cpu, "1"));
    }
}

fn switch(cpu: usize, to: &str) {
    fs::write(format!("/sys/devices/system/cpu/cpu{cpu}/online"), to)
        .unwrap_or_else(|error| panic!("CPU {cpu}: {error}"));
}

fn cores(machine: &Topology) -> Vec<String> {
    machine.cores().iter().map(|core| core.cpus.to_string()).collect()
}

fn cpus_that_are_off_are_told_and_in_nothing() {
    let _off = Off::turn(&[0, 3]);
    let machine = Topology::detect().unwrap();
    assert_eq!(machine.warnings(), []);
    assert_eq!(machine.online().to_string(), "1-2,4-5");
    assert_eq!(machine.allowed(), machine.online());
    assert_eq!(machine.offline().to_string(), "0,3");
    assert_eq!(cores(&machine), ["1", "2", "4-5"]);
    assert_eq!(machine.packages()[0].cpus.to_string(), "1-2");
    assert_eq!(machine.l3_domains()[0].cpus.to_string(), "1-2");
    assert_eq!(machine.node(0).unwrap().cpus.to_string(), "1-2");
    assert_eq!(machine.cpu(0), None);

    match pin_current(&CpuSet::from([0, 3])).unwrap_err() {
        PinError::NotAllowed { cpus } => assert_eq!(cpus.to_string(), "0,3"),
        other => panic!("{other}"),
    }
    let pinned = pin_current(&CpuSet::from([2, 3])).unwrap();
    assert_eq!(pinned.effective().to_string(), "2");
    assert_eq!(pinned.dropped().to_string(), "3");
}

fn a_package_that_is_off_leaves_its_memory() {
    let _off = Off::turn(&[4, 5]);
    let machine = Topology::detect().unwrap();
    assert_eq!(machine.warnings(), []);
    assert_eq!((machine.packages().len(), machine.dies().len(), machine.l3_domains().len()), (1, 1, 1));
    assert_eq!(cores(&machine), ["0-1", "2-3"]);
    let node = machine.node(1).unwrap();
    assert!(node.cpus.is_empty());
    assert!(node.memory > 64 << 20);
    assert_eq!(machine.distance(1, 0), Some(20));
}

/// The kernel gives a thread all CPUs rather than none, and does not take that back.
fn a_thread_whose_cpu_goes_off_loses_its_mask() {
    let (tell, told) = mpsc::channel();
    let (go, gone) = mpsc::channel();
    thread::scope(|s| {
        s.spawn(move || {
            let one = CpuSet::single(5);
            let pinned = pin_current(&one).unwrap();
            tell.send(()).unwrap();
            gone.recv().unwrap();
            assert_eq!(pinned.effective(), &one);
            assert!(!pinned.holds().unwrap());
            tell.send(()).unwrap();
            gone.recv().unwrap();
            assert!(!pinned.holds().unwrap());
            drop(pinned);
            assert_eq!(allowed_cpus().unwrap().to_string(), "0-5");
        });
        told.recv().unwrap();
        let off = Off::turn(&[5]);
        go.send(()).unwrap();
        told.recv().unwrap();
        drop(off);
        go.send(()).unwrap();
    });
}
