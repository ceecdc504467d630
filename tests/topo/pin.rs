use std::thread;

use bedplate::topo::{
    CpuSet, PinError, Tid, Topology, allowed_cpus, current_cpu, current_node, pin_current, set_affinity,
};

/// More than any machine that runs these tests has.
const ABSENT: usize = 5_000;

#[test]
fn a_pinned_thread_runs_on_its_cpu() {
    let machine = Topology::detect().unwrap();
    for cpu in machine.allowed() {
        let pinned = pin_current(&CpuSet::single(cpu)).unwrap();
        assert_eq!(pinned.effective(), &CpuSet::single(cpu));
        assert!(pinned.dropped().is_empty());
        assert_eq!(current_cpu(), cpu);
        assert_eq!(current_node().unwrap(), machine.cpu(cpu).unwrap().node);
    }
}

#[test]
fn dropping_guards_in_reverse_restores_each_affinity() {
    let before = allowed_cpus().unwrap();
    let one = CpuSet::single(before.last().unwrap());
    let outer = pin_current(&before).unwrap();
    {
        let _inner = pin_current(&one).unwrap();
        assert_eq!(allowed_cpus().unwrap(), one);
    }
    assert_eq!(allowed_cpus().unwrap(), before);
    drop(outer);
    assert_eq!(allowed_cpus().unwrap(), before);
}

#[test]
fn only_the_calling_thread_is_pinned_and_its_children_inherit() {
    let before = allowed_cpus().unwrap();
    let one = CpuSet::single(before.first().unwrap());
    thread::scope(|s| {
        s.spawn(|| {
            let _pinned = pin_current(&one).unwrap();
            thread::scope(|s| s.spawn(|| assert_eq!(allowed_cpus().unwrap(), one)).join().unwrap());
        });
    });
    assert_eq!(allowed_cpus().unwrap(), before);
}

#[test]
fn a_set_that_is_only_partly_there_is_narrowed_and_told() {
    let mut asked = CpuSet::single(allowed_cpus().unwrap().first().unwrap());
    let there = asked.clone();
    asked.insert(ABSENT);
    let pinned = pin_current(&asked).unwrap();
    assert_eq!(pinned.effective(), &there);
    assert_eq!(pinned.dropped(), CpuSet::single(ABSENT));
}

#[test]
fn cpus_that_cannot_be_had_are_named_and_nothing_changes() {
    let before = allowed_cpus().unwrap();
    let asked = CpuSet::from([ABSENT, ABSENT + 1]);
    match pin_current(&asked).unwrap_err() {
        PinError::NotAllowed { cpus } => assert_eq!(cpus, asked),
        other => panic!("{other}"),
    }
    assert_eq!(pin_current(&asked).unwrap_err().to_string(), "CPUs 5000-5001 are not allowed or not online");
    assert!(matches!(pin_current(&CpuSet::new()), Err(PinError::Empty)));
    assert_eq!(allowed_cpus().unwrap(), before);
}

#[test]
fn a_guard_can_restore_and_say_so_or_leave_the_thread_pinned() {
    let before = allowed_cpus().unwrap();
    let one = CpuSet::single(before.last().unwrap());
    pin_current(&one).unwrap().restore().unwrap();
    assert_eq!(allowed_cpus().unwrap(), before);
    let kept = thread::spawn(move || {
        assert_eq!(pin_current(&one).unwrap().keep(), one);
        (allowed_cpus().unwrap(), one)
    });
    let (kept, one) = kept.join().unwrap();
    assert_eq!(kept, one);
}

#[test]
fn a_guard_tells_whether_the_pinning_still_holds() {
    let before = allowed_cpus().unwrap();
    let one = CpuSet::single(before.first().unwrap());
    let pinned = pin_current(&one).unwrap();
    assert!(pinned.holds().unwrap());
    if before.len() > 1 {
        // As somebody else would.
        set_affinity(Tid::current(), &before).unwrap();
        assert!(!pinned.holds().unwrap());
    }
    drop(pinned);
    assert_eq!(allowed_cpus().unwrap(), before);
}

#[test]
fn cpus_outside_of_the_present_affinity_can_be_had() {
    let before = allowed_cpus().unwrap();
    let (first, last) = (before.first().unwrap(), before.last().unwrap());
    let _outer = pin_current(&CpuSet::single(first)).unwrap();
    let inner = pin_current(&CpuSet::single(last)).unwrap();
    assert_eq!(inner.effective(), &CpuSet::single(last));
    assert_eq!(current_cpu(), last);
}

#[test]
fn sets_with_high_numbers_reach_the_kernel_whole() {
    // More words than fit into a set without allocating, and than the kernel has.
    let mut asked = allowed_cpus().unwrap();
    asked.insert(20_000);
    let pinned = pin_current(&asked).unwrap();
    assert_eq!(pinned.effective(), &allowed_cpus().unwrap());
    assert_eq!(pinned.dropped(), CpuSet::single(20_000));
}
