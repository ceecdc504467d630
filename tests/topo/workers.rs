use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, TryRecvError};
use std::sync::{Arc, Mutex};
use std::thread;

use bedplate::Demand;
use bedplate::topo::{
    CpuSet, MemPolicy, NodeSet, PinError, Placement, Plan, SpawnError, Strategy, Tid, Topology, WorkerSet,
    allowed_cpus, pin_current, set_thread_policy, thread_policy,
};

/// More than any machine that runs these tests has.
const ABSENT: usize = 5_000;

fn plan(strategy: Strategy, workers: usize) -> Plan {
    Placement::new(strategy).plan(&Topology::detect().unwrap(), workers).unwrap()
}

/// A plan for a machine that this is not: with a CPU that is not there, at the end of an explicit list.
fn plan_with(sets: &[CpuSet]) -> Plan {
    let machine = Topology::builder().allowed(sets.iter().fold(allowed_cpus().unwrap(), |all, set| &all | set));
    let placement = Placement::new(Strategy::Explicit(sets.to_vec()));
    placement.plan(&machine.detect().unwrap(), sets.len()).unwrap()
}

fn values<T>(done: Vec<thread::Result<T>>) -> Vec<T> {
    done.into_iter().map(|done| done.unwrap_or_else(|_| panic!("a worker panicked"))).collect()
}

#[test]
fn each_worker_is_where_the_plan_says() {
    let plan = plan(Strategy::OnePerCore, 3);
    let workers = WorkerSet::builder(plan.clone())
        .name("io")
        .spawn(|worker| {
            let name = thread::current().name().unwrap().to_owned();
            assert_eq!(worker.report().effective, allowed_cpus().unwrap());
            assert_eq!((worker.report().tid, worker.report().index), (Tid::current(), worker.index()));
            (worker.index(), worker.count(), name, allowed_cpus().unwrap(), worker.slot().clone())
        })
        .unwrap();
    assert_eq!((workers.len(), workers.is_empty(), workers.threads().count()), (3, false, 3));
    for (report, slot) in workers.reports().iter().zip(&plan) {
        assert_eq!((&report.asked, &report.effective), (&slot.cpus, &slot.cpus));
        assert!(report.complete() && report.pin_refused.is_none() && report.memory.is_none(), "{report}");
    }
    for (index, (its, count, name, cpus, slot)) in values(workers.join()).into_iter().enumerate() {
        assert_eq!((its, count, name), (index, 3, format!("io-{index}")));
        assert_eq!((&cpus, &slot), (&slot.cpus, &plan.slots()[index]));
    }
}

#[test]
fn none_begins_before_all_are_placed() {
    let workers = WorkerSet::builder(plan(Strategy::Compact, 64))
        .spawn(|worker| {
            // What the others got is known to each as soon as it begins.
            let tids: HashSet<_> = worker.reports().iter().map(|report| report.tid).collect();
            let placed = |report: &bedplate::topo::WorkerReport| {
                bedplate::topo::affinity(report.tid).is_ok_and(|cpus| cpus == report.asked)
                    // It may have ended by now.
                    || bedplate::topo::affinity(report.tid).is_err()
            };
            (tids.len(), worker.reports().iter().all(placed))
        })
        .unwrap();
    assert_eq!(values(workers.join()), [(64, true); 64]);
}

#[test]
fn what_cannot_be_had_and_is_required_ends_all_before_they_begin() {
    let some = CpuSet::single(allowed_cpus().unwrap().first().unwrap());
    let begun = Arc::new(AtomicUsize::new(0));
    let spawn = |sets: &[CpuSet]| {
        let begun = Arc::clone(&begun);
        let work = move |_: &bedplate::topo::Worker<'_>| begun.fetch_add(1, Ordering::SeqCst);
        WorkerSet::builder(plan_with(sets)).spawn(work).unwrap_err()
    };
    let absent = CpuSet::single(ABSENT);
    let error = spawn(&[some.clone(), some.clone(), absent.clone(), some.clone(), absent.clone()]);
    assert_eq!(error.worker(), 2);
    assert!(matches!(&error, SpawnError::Pin { error: PinError::NotAllowed { cpus }, .. } if *cpus == absent));
    assert_eq!(error.to_string(), "worker 2 could not be pinned: CPU 5000 is not allowed or not online");
    // Fewer than planned will not do either.
    let error = spawn(&[&some | &absent]);
    assert!(matches!(&error, SpawnError::Pin { error: PinError::NotAllowed { cpus }, .. } if *cpus == absent));
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    // Each thread had its share of the closure, and has let it go.
    assert_eq!(Arc::strong_count(&begun), 1);
}

#[test]
fn what_is_only_preferred_is_told_and_the_work_begins() {
    let here = allowed_cpus().unwrap();
    let some = CpuSet::single(here.first().unwrap());
    let absent = CpuSet::single(ABSENT);
    let builder = WorkerSet::builder(plan_with(&[&some | &absent, absent.clone()]));
    let workers = builder.clone().pinning(Demand::Prefer).spawn(|_| allowed_cpus().unwrap()).unwrap();
    let reports = workers.reports();
    assert_eq!((&reports[0].effective, reports[0].dropped(), reports[0].complete()), (&some, absent.clone(), false));
    assert!(reports[0].pin_refused.is_none());
    assert_eq!((&reports[1].effective, reports[1].dropped()), (&here, absent.clone()));
    assert!(matches!(reports[1].pin_refused, Some(PinError::NotAllowed { .. })));
    let line = reports[1].to_string();
    assert!(line.ends_with("; not pinned: CPU 5000 is not allowed or not online"), "{line}");
    assert!(reports[0].to_string().ends_with("; without CPUs 5000"), "{}", reports[0]);
    assert_eq!(values(workers.join()), [some, here.clone()]);

    let off = builder.pinning(Demand::Off).spawn(|_| allowed_cpus().unwrap()).unwrap();
    assert!(
        off.reports().iter().all(|report| report.asked.is_empty() && report.complete() && report.effective == here)
    );
    assert_eq!(values(off.join()), [here.clone(), here]);
}

#[test]
fn workers_inherit_from_the_thread_that_spawns_them_only_where_not_pinned() {
    let here = allowed_cpus().unwrap();
    let one = CpuSet::single(here.first().unwrap());
    let _pinned = pin_current(&one).unwrap();
    let machine = Topology::builder().allowed(here.clone()).detect().unwrap();
    let plan = Placement::new(Strategy::Unbound).plan(&machine, 1).unwrap();
    let builder = WorkerSet::builder(plan);
    assert_eq!(values(builder.clone().spawn(|_| allowed_cpus().unwrap()).unwrap().join()), [here]);
    assert_eq!(values(builder.pinning(Demand::Off).spawn(|_| allowed_cpus().unwrap()).unwrap().join()), [one]);
}

#[test]
fn the_memory_policy_is_set_before_the_work_begins() {
    let nodes = Topology::detect().unwrap().allowed_nodes().clone();
    let policy = MemPolicy::Interleave(nodes);
    match set_thread_policy(&policy, Demand::Require) {
        Ok(guard) => guard.restore().unwrap(),
        Err(refused) => return println!("skipped: {refused}"),
    }
    let workers = WorkerSet::builder(plan(Strategy::Compact, 2))
        .memory(policy.clone(), Demand::Require)
        .spawn(|_| thread_policy().unwrap())
        .unwrap();
    assert!(workers.reports().iter().all(|report| report.memory.as_ref() == Some(&policy) && report.complete()));
    assert!(workers.reports()[0].to_string().contains(&format!(", memory {policy}")), "{}", workers.reports()[0]);
    assert_eq!(values(workers.join()), [policy.clone(), policy]);
}

#[test]
fn a_memory_policy_that_cannot_be_had_is_refused_or_told() {
    let missing = MemPolicy::Bind(NodeSet::single(900));
    let builder = WorkerSet::builder(plan(Strategy::Compact, 3));
    let error = builder.clone().memory(missing.clone(), Demand::Require).spawn(|_| unreachable!()).unwrap_err();
    assert!(matches!(error, SpawnError::Memory { worker: 0, .. }), "{error}");
    let mut homes = Vec::new();
    let policies = builder.clone().memory_with(
        |slot| {
            homes.push(slot.home);
            if homes.len() == 2 { missing.clone() } else { MemPolicy::Default }
        },
        Demand::Prefer,
    );
    assert_eq!(homes, plan(Strategy::Compact, 3).iter().map(|slot| slot.home).collect::<Vec<_>>());
    let workers = policies.spawn(|worker| worker.report().memory_refused.is_some()).unwrap();
    let report = &workers.reports()[1];
    assert!(!report.complete() && report.to_string().contains("; memory policy refused: "), "{report}");
    assert!(values(workers.join())[1]);
}

#[test]
fn a_thread_that_cannot_be_spawned_ends_the_others() {
    // No machine has the addresses for many stacks of this size.
    let begun = Arc::new(AtomicUsize::new(0));
    let in_work = Arc::clone(&begun);
    let error = WorkerSet::builder(plan(Strategy::Compact, 64))
        .stack_size(1 << 44)
        .spawn(move |_| in_work.fetch_add(1, Ordering::SeqCst))
        .unwrap_err();
    assert!(matches!(error, SpawnError::Thread { .. }), "{error}");
    assert_eq!((begun.load(Ordering::SeqCst), Arc::strong_count(&begun)), (0, 1));
}

#[test]
fn a_panic_is_the_worker_s_own() {
    let workers = WorkerSet::builder(plan(Strategy::Scatter, 3))
        .spawn(|worker| {
            assert_ne!(worker.index(), 1, "as told");
            worker.index()
        })
        .unwrap();
    let mut done = workers.join();
    assert_eq!(done.pop().unwrap().unwrap(), 2);
    assert!(done.pop().unwrap().unwrap_err().downcast_ref::<String>().unwrap().contains("as told"));
    assert_eq!(done.pop().unwrap().unwrap(), 0);

    let panicking = WorkerSet::builder(plan(Strategy::Scatter, 1)).spawn(|_| panic!("not raised again")).unwrap();
    let _: WorkerSet<()> = panicking;
}

#[test]
fn dropping_the_set_waits_for_its_threads() {
    let (end, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ended);
    let workers = WorkerSet::builder(plan(Strategy::Compact, 1))
        .spawn(move |_| {
            assert!(wait.lock().unwrap().recv().is_err());
            counter.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
    assert!(!workers.is_finished());
    let (dropped, is_dropped) = mpsc::channel();
    thread::scope(|s| {
        s.spawn(move || {
            drop(workers);
            dropped.send(()).unwrap();
        });
        assert_eq!(is_dropped.try_recv(), Err(TryRecvError::Empty));
        drop(end);
        is_dropped.recv().unwrap();
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_worker_that_drops_the_set_does_not_wait_for_itself() {
    let (give, take) = mpsc::channel::<WorkerSet<()>>();
    let (tell, told) = mpsc::channel();
    let shared = Mutex::new((take, tell));
    let workers = WorkerSet::builder(plan(Strategy::Compact, 2))
        .spawn(move |worker| {
            if worker.index() == 0 {
                let shared = shared.lock().unwrap();
                drop(shared.0.recv().unwrap());
                shared.1.send(()).unwrap();
            }
        })
        .unwrap();
    give.send(workers).unwrap();
    told.recv().unwrap();
}

#[test]
fn the_number_stays_in_a_long_name() {
    let name = |name: &str, workers| {
        let workers = WorkerSet::builder(plan(Strategy::Unbound, workers)).name(name).spawn(|_| {
            // As the kernel has it.
            std::fs::read_to_string(format!("/proc/self/task/{}/comm", Tid::current())).unwrap().trim_end().to_owned()
        });
        let workers = workers.unwrap();
        let names: Vec<_> = workers.reports().iter().map(|report| report.name.clone()).collect();
        assert_eq!(values(workers.join()), names);
        names.into_iter().next_back().unwrap()
    };
    assert_eq!(name("net", 1), "net-0");
    assert_eq!(name("exactly13byte", 1), "exactly13byte-0");
    assert_eq!(name("exactly13byte", 11), "exactly13byt-10");
    assert_eq!(name("déjà vu, déjà vu", 1), "déjà vu, d-0");
    let nul = catch_unwind(AssertUnwindSafe(|| WorkerSet::builder(plan(Strategy::Unbound, 1)).name("a\0b")));
    nul.unwrap_err();
}

#[test]
fn the_stack_has_the_size_asked_for() {
    let workers = WorkerSet::builder(plan(Strategy::Unbound, 1)).stack_size(32 << 20).spawn(|_| deep(1_000)).unwrap();
    assert_eq!(values(workers.join()), [1_000]);
}

/// Takes 16 KiB of stack a level: more than the usual 2 MiB in all.
fn deep(levels: usize) -> usize {
    let room = std::hint::black_box([1_u8; 16 << 10]);
    match levels {
        0 => 0,
        _ => usize::from(room[levels]) + deep(levels - 1),
    }
}

#[test]
fn no_workers_are_no_error() {
    let none = WorkerSet::builder(plan(Strategy::Compact, 0)).spawn(|_| ()).unwrap();
    assert!(none.is_empty() && none.is_finished());
    assert_eq!(none.join().len(), 0);
}

#[test]
fn scoped_workers_borrow_and_end_with_the_scope() {
    let sum = AtomicUsize::new(0);
    let absent = [CpuSet::single(ABSENT)];
    thread::scope(|scope| {
        let add = |worker: &bedplate::topo::Worker<'_>| sum.fetch_add(worker.index() + 1, Ordering::SeqCst);
        let workers = WorkerSet::builder(plan(Strategy::Scatter, 4)).spawn_scoped(scope, add).unwrap();
        assert_eq!((workers.reports().len(), workers.threads().count()), (4, 4));
        assert_eq!(workers.join().len(), 4);
        assert_eq!(sum.load(Ordering::SeqCst), 10);
        drop(WorkerSet::builder(plan(Strategy::Scatter, 4)).spawn_scoped(scope, add).unwrap());
        let refused = WorkerSet::builder(plan_with(&absent)).spawn_scoped(scope, |_| panic!("not begun"));
        assert_eq!(refused.unwrap_err().worker(), 0);
    });
    assert_eq!(sum.load(Ordering::SeqCst), 20);
}
