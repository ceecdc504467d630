//! System calls that a filter refuses.

use std::io::{self, ErrorKind};
use std::sync::mpsc;
use std::thread;

use bedplate::Demand;
use bedplate::topo::{
    CpuSet, PinError, Placement, Strategy, Tid, Topology, WorkerSet, affinity, allowed_cpus, current_cpu, current_node,
    pin_current, set_affinity, set_process_affinity,
};

use crate::alone::{allowed, in_a_thread_of_its_own};
use crate::filter::refuse;

/// Puts the filter on the calling thread, or tells that the test says nothing here.
fn refused(calls: &[std::ffi::c_long]) -> bool {
    allowed("put a filter on", refuse(calls)).is_some()
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}

fn first() -> CpuSet {
    CpuSet::single(allowed_cpus().unwrap().first().unwrap())
}

#[test]
fn a_thread_that_may_not_know_its_cpus_is_told_so_and_keeps_them() {
    let (tell, told) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    thread::scope(|s| {
        let before = allowed_cpus().unwrap();
        let one = first();
        let filtered = s.spawn(move || {
            if refused(&[libc::SYS_sched_getaffinity]) {
                assert!(is_refusal(&Topology::detect().unwrap_err()));
                assert!(is_refusal(&allowed_cpus().unwrap_err()));
                assert!(matches!(pin_current(&one), Err(PinError::System(error)) if is_refusal(&error)));
                // Who knows them otherwise can go on.
                let machine = Topology::builder().allowed(one.clone()).detect().unwrap();
                assert_eq!(machine.allowed(), &one);
                assert_eq!(Placement::new(Strategy::Compact).plan(&machine, 1).unwrap().cpus(), one);
            }
            tell.send(Tid::current()).unwrap();
            // Lives until it was looked at.
            let _ = gone.recv();
        });
        let tid = told.recv();
        if let Ok(tid) = tid {
            assert_eq!(affinity(tid).unwrap(), before);
        }
        drop(go);
        filtered.join().unwrap();
    });
}

#[test]
fn a_thread_that_may_not_move_is_told_so_and_stays() {
    in_a_thread_of_its_own(|| {
        let before = allowed_cpus().unwrap();
        let one = first();
        if !refused(&[libc::SYS_sched_setaffinity]) {
            return;
        }
        let machine = Topology::detect().unwrap();
        assert_eq!(machine.allowed(), &before);
        assert!(matches!(pin_current(&one), Err(PinError::System(error)) if is_refusal(&error)));
        assert!(matches!(set_affinity(Tid::current(), &one), Err(PinError::System(error)) if is_refusal(&error)));
        assert!(matches!(set_process_affinity(&one), Err(PinError::System(error)) if is_refusal(&error)));
        let text = pin_current(&one).unwrap_err().to_string();
        assert!(text.starts_with("the kernel refused the affinity: "), "{text}");
        assert_eq!(allowed_cpus().unwrap(), before);

        // Threads inherit the filter.
        let plan = Placement::new(Strategy::Compact).plan(&machine, 2).unwrap();
        let required = WorkerSet::builder(plan.clone()).spawn(|_| panic!("no worker may run")).unwrap_err();
        assert!(required.to_string().contains("refused"), "{required}");
        let workers = WorkerSet::builder(plan).pinning(Demand::Prefer).spawn(|_| allowed_cpus().unwrap()).unwrap();
        for report in workers.reports() {
            assert!(matches!(&report.pin_refused, Some(PinError::System(error)) if is_refusal(error)));
            assert_eq!(report.effective, before);
            assert!(!report.complete());
        }
        assert!(workers.join().into_iter().all(|cpus| cpus.unwrap() == before));
    });
}

#[test]
fn a_guard_that_may_not_restore_says_so_and_leaves_the_thread_where_it_is() {
    in_a_thread_of_its_own(|| {
        let one = first();
        let (outer, inner) = (pin_current(&one).unwrap(), pin_current(&one).unwrap());
        if !refused(&[libc::SYS_sched_setaffinity]) {
            return;
        }
        assert!(is_refusal(&inner.restore().unwrap_err()));
        drop(outer);
        assert_eq!(allowed_cpus().unwrap(), one);
    });
}

/// Where the C library asks the vDSO or knows by itself, no filter is in the way.
#[test]
fn where_a_thread_runs_is_told_or_refused_and_never_made_up() {
    in_a_thread_of_its_own(|| {
        let machine = Topology::detect().unwrap();
        let one = CpuSet::single(machine.allowed().last().unwrap());
        let _pinned = pin_current(&one).unwrap();
        if !refused(&[libc::SYS_getcpu]) {
            return;
        }
        assert_eq!(current_cpu(), one.first().unwrap());
        match current_node() {
            Ok(node) => assert_eq!(node, machine.cpu(one.first().unwrap()).unwrap().node),
            Err(error) => assert!(is_refusal(&error)),
        }
    });
}
