//! Looking at the machine, and binding a thread to it.
#![allow(unsafe_code)] // One peer is a function of the C library.

use crate::harness::{Bench, Spec, cpus, together};
#[cfg(feature = "hwloc")]
use bedplate::topo::Topology;
use bedplate::topo::{CpuSet, current_cpu, pin_current};
use std::time::Duration;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    detect(bench);
    let cpu = cpus()[0];
    let detail = "bind the thread to the CPU it is on; bedplate reads back what the kernel made of it, and restores the \
                  former binding on drop, core_affinity does neither; verified: the binding";
    bench.run(
        Spec::new("pin", detail)
            .timed("bedplate", move |ops| {
                let set = CpuSet::single(cpu);
                repeat(ops, || {
                    let guard = pin_current(&set).expect("an allowed CPU");
                    assert!(guard.effective().contains(cpu));
                })
            })
            .timed("core_affinity", move |ops| {
                repeat(ops, || assert!(core_affinity::set_for_current(core_affinity::CoreId { id: cpu })))
            }),
    );
    let detail = "which CPU the thread runs on; verified: it is the one it is pinned to";
    bench.run(
        Spec::new("currentcpu", detail)
            .timed("bedplate", move |ops| repeat(ops, || assert_eq!(current_cpu(), cpu)))
            .timed("libc::sched_getcpu", move |ops| repeat(ops, || assert_eq!(libc_current_cpu(), cpu))),
    );
}

#[cfg(feature = "hwloc")]
fn detect(bench: &mut Bench) {
    let detail = "discover packages, cores, caches, nodes and CPUs of this machine; verified: the count of CPUs";
    bench.run(
        Spec::new("detect", detail)
            .unit("ns/detection", crate::harness::Better::Lower)
            .timed("bedplate", |ops| repeat_here(ops, || Topology::detect().expect("a topology").online().len()))
            .timed("hwloc", |ops| {
                repeat_here(ops, || {
                    let topology = hwloc2::Topology::new().expect("a topology");
                    let depth = topology.depth() - 1;
                    topology.objects_at_depth(depth).len()
                })
            }),
    );
}

#[cfg(not(feature = "hwloc"))]
fn detect(bench: &mut Bench) {
    bench.leave_out("detect", "hwloc is behind feature `hwloc` of this package, which needs libhwloc installed");
}

fn libc_current_cpu() -> usize {
    // SAFETY: the function takes nothing and touches nothing of the caller's.
    let cpu = unsafe { libc::sched_getcpu() };
    usize::try_from(cpu).expect("the kernel knows the call")
}

/// On a thread of its own, since it is bound.
fn repeat(ops: u64, one: impl Fn() + Sync) -> Duration {
    let work = |_| {
        (0..ops).for_each(|_| one());
        0
    };
    together(1, work).0
}

/// On the calling thread, which may use all CPUs.
#[cfg(feature = "hwloc")]
fn repeat_here(ops: u64, one: impl Fn() -> usize) -> Duration {
    let start = std::time::Instant::now();
    for _ in 0..ops {
        assert!(one() >= cpus().len(), "all CPUs are found");
    }
    start.elapsed()
}
