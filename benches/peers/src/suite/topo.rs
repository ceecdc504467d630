//! Looking at the machine, and binding a thread to it.
#![allow(unsafe_code)] // Peers are functions of the C library and of the kernel.

#[cfg(feature = "hwloc")]
#[path = "../../../support/tree.rs"]
mod tree;

use crate::harness::{Bench, Spec, cpus, together};
#[cfg(feature = "hwloc")]
use bedplate::topo::Topology;
use bedplate::topo::{CpuSet, current_cpu, pin_current};
use std::ffi::{c_int, c_uint, c_void};
use std::time::Duration;
use std::{mem, ptr};

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    detect(bench);
    #[cfg(feature = "hwloc")]
    detect_large(bench);
    let cpu = cpus()[0];
    let detail = "bind the thread to the CPU it is on, read back what the kernel made of it, and restore the former \
                  binding; raw: the same four system calls with a mask of 128 bytes; core_affinity only binds, one \
                  call; verified: the binding";
    bench.run(
        Spec::new("pin", detail)
            .timed("bedplate", move |ops| {
                let set = CpuSet::single(cpu);
                repeat(ops, || {
                    let guard = pin_current(&set).expect("an allowed CPU");
                    assert!(guard.effective().contains(cpu));
                })
            })
            .timed("raw system calls", move |ops| repeat(ops, || assert!(pin_and_restore(cpu))))
            .timed("core_affinity", move |ops| {
                repeat(ops, || assert!(core_affinity::set_for_current(core_affinity::CoreId { id: cpu })))
            }),
    );
    let Some(vdso) = vdso_getcpu() else {
        bench.leave_out("currentcpu", "the C library does not show the kernel's vDSO");
        return;
    };
    let detail = "which CPU the thread runs on; against the kernel's vDSO; verified: it is the one it is pinned to";
    bench.run(
        Spec::new("currentcpu", detail)
            .timed("bedplate", move |ops| repeat(ops, || assert_eq!(current_cpu(), cpu)))
            .timed("vDSO getcpu", move |ops| {
                repeat(ops, || {
                    let mut found = 0;
                    // SAFETY: the function is the kernel's, with this signature; it writes the one word it is given.
                    let refused = unsafe { vdso(&raw mut found, ptr::null_mut(), ptr::null_mut()) };
                    assert!(refused == 0 && found as usize == cpu);
                })
            }),
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
    let why = "hwloc is behind feature `hwloc` of this package, which needs libhwloc installed";
    bench.leave_out("detect", why);
    bench.leave_out("detect 256", why);
}

#[cfg(feature = "hwloc")]
fn detect_large(bench: &mut Bench) {
    if !bench.wants("detect 256") {
        return;
    }
    let root = tempfile::tempdir().expect("a folder for the tree");
    tree::write_tree(root.path()).expect("the tree is written");
    let detail = "discover the same of a tree of files as Linux shows them of 256 CPUs, which is written beforehand; \
                  verified: the count of CPUs";
    bench.run(
        Spec::new("detect 256", detail)
            .unit("ns/detection", crate::harness::Better::Lower)
            .timed("bedplate", |ops| {
                repeat_here(ops, || {
                    let topology = Topology::builder().root(root.path()).detect().expect("a topology");
                    assert_eq!(topology.online().len(), tree::CPUS);
                    tree::CPUS
                })
            })
            .timed("hwloc", |ops| {
                let variables =
                    [("HWLOC_FSROOT", root.path().as_os_str()), ("HWLOC_COMPONENTS", "linux,stop".as_ref())];
                // SAFETY: this is the only thread of the process between measurements, so that nobody reads the
                // environment meanwhile.
                variables.into_iter().for_each(|(name, value)| unsafe { std::env::set_var(name, value) });
                let elapsed = repeat_here(ops, || {
                    let topology = hwloc2::Topology::new().expect("a topology");
                    let cpus = topology.objects_at_depth(topology.depth() - 1).len();
                    assert_eq!(cpus, tree::CPUS);
                    cpus
                });
                // SAFETY: as above.
                variables.into_iter().for_each(|(name, _)| unsafe { std::env::remove_var(name) });
                elapsed
            }),
    );
}

/// What a careful caller of the C library does: look, bind, look what came of it, and bind as before.
fn pin_and_restore(cpu: usize) -> bool {
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: a mask is plain bits, and all of them may be zero.
    let (mut before, mut wanted, mut after): (libc::cpu_set_t, libc::cpu_set_t, libc::cpu_set_t) =
        unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
    // SAFETY: each call is given a mask that lives and is as long as said; thread 0 is the caller.
    unsafe {
        libc::CPU_SET(cpu, &mut wanted);
        libc::sched_getaffinity(0, size, &raw mut before) == 0
            && libc::sched_setaffinity(0, size, &raw const wanted) == 0
            && libc::sched_getaffinity(0, size, &raw mut after) == 0
            && libc::CPU_ISSET(cpu, &after)
            && libc::sched_setaffinity(0, size, &raw const before) == 0
    }
}

type GetCpu = unsafe extern "C" fn(*mut c_uint, *mut c_uint, *mut c_void) -> c_int;

/// The function that the kernel maps into each process.
fn vdso_getcpu() -> Option<GetCpu> {
    // SAFETY: the names are C strings; the library was there when the process began and never goes.
    let found = unsafe {
        let library = libc::dlopen(c"linux-vdso.so.1".as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD);
        if library.is_null() { ptr::null_mut() } else { libc::dlsym(library, c"__vdso_getcpu".as_ptr()) }
    };
    // SAFETY: a function of that name in the vDSO has had this signature since it was made (vdso(7)).
    (!found.is_null()).then(|| unsafe { mem::transmute::<*mut c_void, GetCpu>(found) })
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
