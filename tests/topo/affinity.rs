use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use bedplate::topo::{CpuSet, PinError, Tid, affinity, allowed_cpus, set_affinity, set_process_affinity};

use crate::alone::in_a_process_of_its_own;

/// Larger than any number that a kernel gives out.
const NOBODY: i32 = i32::MAX;

fn one() -> CpuSet {
    CpuSet::single(allowed_cpus().unwrap().last().unwrap())
}

/// Runs `with` while another thread, whose number it is given, waits; that thread's affinity in the end.
fn with_another<R>(with: impl FnOnce(Tid) -> R) -> (R, CpuSet) {
    let (end, wait): (Sender<()>, Receiver<()>) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    thread::scope(|s| {
        let other = s.spawn(move || {
            tell.send(Tid::current()).unwrap();
            wait.recv().unwrap_err();
            allowed_cpus().unwrap()
        });
        let result = with(told.recv().unwrap());
        drop(end);
        (result, other.join().unwrap())
    })
}

#[test]
fn another_thread_can_be_bound_and_asked() {
    let mine = allowed_cpus().unwrap();
    let (effective, its) = with_another(|other| {
        let effective = set_affinity(other, &one()).unwrap();
        assert_eq!(affinity(other).unwrap(), effective);
        effective
    });
    assert_eq!((effective, its), (one(), one()));
    assert_eq!(allowed_cpus().unwrap(), mine);
}

#[test]
fn what_cannot_be_had_is_left_out_or_refused() {
    let mut asked = one();
    asked.insert(5_000);
    let (_, its) = with_another(|other| assert_eq!(set_affinity(other, &asked).unwrap(), one()));
    assert_eq!(its, one());
    let before = allowed_cpus().unwrap();
    let (error, its) = with_another(|other| set_affinity(other, &CpuSet::single(5_000)).unwrap_err());
    assert!(matches!(error, PinError::NotAllowed { cpus } if cpus == CpuSet::single(5_000)));
    assert_eq!(its, before);
    assert!(matches!(set_affinity(Tid::current(), &CpuSet::new()), Err(PinError::Empty)));
}

#[test]
fn a_thread_that_is_not_there_is_told_apart() {
    let nobody = Tid::new(NOBODY).unwrap();
    match set_affinity(nobody, &one()).unwrap_err() {
        PinError::NoSuchThread { thread } => assert_eq!(thread, nobody),
        other => panic!("{other}"),
    }
    assert_eq!(PinError::NoSuchThread { thread: nobody }.to_string(), "there is no thread 2147483647");
    // ESRCH
    assert_eq!(affinity(nobody).unwrap_err().raw_os_error(), Some(3));
}

#[test]
fn numbers_that_mean_something_else_to_the_kernel_are_no_threads() {
    assert_eq!([0, -1, i32::MIN].map(Tid::new), [None; 3]);
    let here = Tid::current();
    assert_eq!(Tid::new(here.get()), Some(here));
    let (other, _) = with_another(|other| other);
    assert_ne!(here, other);
}

#[test]
fn a_process_is_bound_with_all_its_threads() {
    in_a_process_of_its_own("affinity::a_process_is_bound_with_all_its_threads", || {
        let (all, one) = (allowed_cpus().unwrap(), one());
        let mut asked = one.clone();
        asked.insert(5_000);
        let (bound, its) = with_another(|_| set_process_affinity(&asked).unwrap());
        assert_eq!((&bound.effective, &its), (&one, &one));
        assert_eq!(bound.dropped, CpuSet::single(5_000));
        assert!(bound.threads >= 2 && bound.failed.is_empty(), "{bound:?}");
        assert_eq!(allowed_cpus().unwrap(), one);
        assert_eq!(thread::spawn(|| allowed_cpus().unwrap()).join().unwrap(), one, "threads that start later inherit");
        assert_eq!(set_process_affinity(&all).unwrap().effective, all);
        let refused = set_process_affinity(&CpuSet::single(5_000)).unwrap_err();
        assert!(matches!(refused, PinError::NotAllowed { .. }));
        assert_eq!(allowed_cpus().unwrap(), all);
    });
}

#[test]
fn threads_that_come_and_go_are_all_bound() {
    in_a_process_of_its_own("affinity::threads_that_come_and_go_are_all_bound", || {
        let one = one();
        let (stop, stopped) = mpsc::channel::<()>();
        let spawner = thread::spawn(move || {
            let mut last = Vec::new();
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                let (end, wait) = mpsc::channel::<()>();
                last.push((thread::spawn(move || wait.recv().unwrap_err()), end));
                if last.len() > 8 {
                    let (thread, end) = last.remove(0);
                    drop(end);
                    thread.join().unwrap();
                }
            }
            last
        });
        for _ in 0..5 {
            let bound = set_process_affinity(&one).unwrap();
            assert!(bound.failed.is_empty(), "{bound:?}");
            for entry in std::fs::read_dir("/proc/self/task").unwrap() {
                let tid = entry.unwrap().file_name().to_str().unwrap().parse().unwrap();
                if let Ok(its) = affinity(Tid::new(tid).unwrap()) {
                    assert_eq!(its, one);
                }
            }
            // Unbind one that spawns, for the next round to have something to do.
            set_process_affinity(&allowed_before(&one)).unwrap();
        }
        drop(stop);
        spawner.join().unwrap().into_iter().for_each(|(thread, end)| {
            drop(end);
            thread.join().unwrap();
        });
    });
}

/// All CPUs that the process may use: more than it is bound to.
fn allowed_before(bound: &CpuSet) -> CpuSet {
    bedplate::topo::Topology::detect().unwrap().online() | bound
}
