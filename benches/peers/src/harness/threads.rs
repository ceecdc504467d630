use bedplate::topo::{CpuSet, PinGuard, Placement, Strategy, Topology, pin_current};
use std::ops::Range;
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// What one thread of a measurement does; its result is for the check.
pub type Job<'a> = Box<dyn FnOnce() -> u64 + Send + 'a>;

/// The CPUs that threads are pinned to, in this order: one of each core first, then their siblings.
pub fn cpus() -> &'static [usize] {
    static CPUS: OnceLock<Vec<usize>> = OnceLock::new();
    CPUS.get_or_init(|| {
        let machine = Topology::detect().expect("a thread may read its own affinity");
        let allowed = machine.allowed();
        let cores = Placement::new(Strategy::OnePerCore).within(allowed.clone()).include_isolated();
        let plan = cores.plan(&machine, allowed.len()).expect("a thread that runs is allowed a CPU");
        plan.iter().map(|slot| slot.home).collect()
    })
}

fn pin(cpu: usize) -> PinGuard {
    pin_current(&CpuSet::single(cpu)).expect("an allowed CPU")
}

/// The items of part `index`, where `items` are split into `parts` that differ by one at most.
///
/// Exact: rounded shares would do more operations than the row counts, which for few slow operations is most of them.
pub fn share(items: u64, parts: u64, index: u64) -> Range<u64> {
    let start = |index: u64| items / parts * index + index.min(items % parts);
    start(index)..start(index + 1)
}

/// Runs `work(0)` to `work(threads - 1)` on pinned threads started together.
///
/// Gives the time from the first start to the last end, and the sum of the results.
pub fn together(threads: usize, work: impl Fn(usize) -> u64 + Sync) -> (Duration, u64) {
    let work = &work;
    together_jobs((0..threads).map(|index| Box::new(move || work(index)) as Job<'_>).collect())
}

/// Runs each job on a thread of its own, pinned to the CPUs in turn, as [`together`] does.
pub fn together_jobs(jobs: Vec<Job<'_>>) -> (Duration, u64) {
    let cpus = cpus();
    start(jobs, |index| cpus[index % cpus.len()])
}

/// Runs all jobs on one CPU, as [`together`] does.
pub fn on_one_cpu(jobs: Vec<Job<'_>>) -> (Duration, u64) {
    start(jobs, |_| cpus()[0])
}

/// Runs `work` on a thread pinned to the CPU of that index. Threads made by it inherit the CPU.
pub fn on_cpu<R: Send>(index: usize, work: impl FnOnce() -> R + Send) -> R {
    let cpus = cpus();
    let pinned = move || {
        let _pinned = pin(cpus[index % cpus.len()]);
        work()
    };
    thread::scope(|scope| scope.spawn(pinned).join().expect("a contender failed its check"))
}

fn start(jobs: Vec<Job<'_>>, cpu: impl Fn(usize) -> usize) -> (Duration, u64) {
    let barrier = &Barrier::new(jobs.len());
    let ends: Vec<(Instant, Instant, u64)> = thread::scope(|scope| {
        let started: Vec<_> = jobs
            .into_iter()
            .enumerate()
            .map(|(index, job)| {
                let cpu = cpu(index);
                scope.spawn(move || {
                    let _pinned = pin(cpu);
                    barrier.wait();
                    let start = Instant::now();
                    let result = job();
                    (start, Instant::now(), result)
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().expect("a contender failed its check")).collect()
    });
    let first = ends.iter().map(|&(start, ..)| start).min().expect("at least one job");
    let last = ends.iter().map(|&(_, end, _)| end).max().expect("at least one job");
    (last - first, ends.iter().fold(0, |sum, &(.., result)| sum.wrapping_add(result)))
}
