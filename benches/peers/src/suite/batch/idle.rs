//! What a batcher costs that has nothing to do.

use super::by_hand::{CrossbeamDeadline, KanalDrain, Locked, Ticking};
use super::gather::{Bounds, Gather};
use super::ours::Plain;
use crate::harness::{Bench, Better, Spec, on_cpu};
use rustix::thread::{Pid, gettid};
use std::fs;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

const ROW: &str = "idle";
const BOUNDS: Bounds = Bounds { max_items: 256, linger: Duration::from_millis(1), capacity: 4096 };
/// What the figure is about.
const TOLD: Duration = Duration::from_secs(10);
/// After an item was handled: by then the thread is asleep.
const SETTLED: Duration = Duration::from_millis(100);
/// Nothing at all has no ratio.
const LEAST_MS: f64 = 1e-3;

/// Measures this row.
pub fn run(bench: &mut Bench) {
    if !bench.wants(ROW) {
        return;
    }
    let wait = if bench.quick() { TOLD / 10 } else { TOLD };
    let contenders = [
        ("bedplate", Idle::on::<Plain>()),
        ("crossbeam-channel + thread", Idle::on::<CrossbeamDeadline>()),
        ("kanal, drain_into", Idle::on::<KanalDrain>()),
        ("Mutex<Vec> + Condvar", Idle::on::<Locked>()),
        ("a look each linger", Idle::on::<Ticking>()),
    ];
    let (names, idle): (Vec<_>, Vec<_>) = contenders.into_iter().unzip();
    let scale = TOLD.div_duration_f64(wait);
    let scaled = if scale > 1.0 { format!(", told for {} s", TOLD.as_secs()) } else { String::new() };
    let detail = format!(
        "CPU time that the scheduler gave the batch thread in {} s between two items{scaled}; linger 1 ms; the last peer is \
         a thread that sleeps for the linger and looks; all wait at the same time, once; less than a microsecond counts as \
         one; verified: both items are handled",
        wait.as_secs()
    );
    let spec = Spec::new(ROW, detail).unit("CPU ms", Better::Lower).once();
    let told = |time: Duration| (time.as_secs_f64() * 1e3 * scale).max(LEAST_MS);
    let times = measure(idle, wait).into_iter().map(told);
    bench.run(names.into_iter().zip(times).fold(spec, |spec, (name, time)| spec.figure(name, move || time)));
}

/// A batcher that is to wait for items.
struct Idle {
    push: Box<dyn FnMut()>,
    /// Who handled an item.
    handled: Receiver<Pid>,
    finish: Box<dyn FnOnce()>,
}

impl Idle {
    fn on<G: Gather<Producer: 'static> + 'static>() -> Self {
        let (report, handled) = mpsc::channel();
        let handle = move |items: &mut Vec<u64>| items.drain(..).for_each(|_| report.send(gettid()).expect("it waits"));
        let gather = on_cpu(1, || G::start(BOUNDS, handle));
        let mut producer = gather.producer();
        Self { push: Box::new(move || G::push(&mut producer, 0)), handled, finish: Box::new(|| gather.finish()) }
    }

    /// Has an item handled: by whom.
    fn item(&mut self) -> Pid {
        (self.push)();
        self.handled.recv().expect("the item is handled")
    }
}

/// The CPU time that the thread of each takes while nothing comes for so long.
fn measure(mut idle: Vec<Idle>, wait: Duration) -> Vec<Duration> {
    let threads: Vec<_> = idle.iter_mut().map(Idle::item).collect();
    thread::sleep(SETTLED);
    let before: Vec<_> = threads.iter().map(|&thread| on_cpu_of(thread)).collect();
    thread::sleep(wait);
    let times = threads.iter().zip(before).map(|(&thread, before)| on_cpu_of(thread) - before).collect();
    for (mut idle, thread) in idle.into_iter().zip(threads) {
        assert_eq!(idle.item(), thread, "the same thread handles both");
        drop(idle.push);
        (idle.finish)();
    }
    times
}

/// How long a thread of this process has been on a CPU; exact while it sleeps.
fn on_cpu_of(thread: Pid) -> Duration {
    let path = format!("/proc/self/task/{}/schedstat", thread.as_raw_nonzero());
    let stat = fs::read_to_string(path).expect("the thread lives, and the kernel keeps the time of each");
    let nanos = stat.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("the first of three figures"))
}
