//! Models of the queues under shuttle: some thousand random schedules each, with a switch of threads before any access
//! to an atomic, and each history held against a FIFO by the checker of `tests/queue`. More threads and operations than
//! loom gets through; all memory is sequentially consistent here, weak orders are loom's part.
//!
//! ```text
//! RUSTFLAGS="--cfg bedplate_shuttle" cargo test --release --no-default-features --features queue --test shuttle
//! ```
//!
//! A failure prints its schedule; `shuttle::replay` of the model runs it again.
#![cfg(all(bedplate_shuttle, feature = "queue"))]

mod broken;
mod chunks;
mod forced;
#[path = "../queue/history.rs"]
mod history;
#[path = "../queue/history_check.rs"]
mod history_check;
mod mixed;

use history::{Event, Recorder, Ticks};
use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner, thread};

/// The wrap-around within a few operations, with and without slots to spare.
const CAPACITIES: [usize; 4] = [1, 2, 3, 5];

/// Of each kind, for each model and capacity.
const SCHEDULES: usize = 2_000;

/// Runs `model` under `schedules` schedules that switch at random, and as many that switch at few places (PCT: bugs
/// that need up to three switches at the right places are found with a known probability).
fn explore(schedules: usize, model: impl Fn() + Clone + Send + Sync + 'static) {
    let mut config = Config::new();
    // The checker recurses once for each operation.
    config.stack_size = 0x4_0000;
    config.silence_warnings = true;
    Runner::new(RandomScheduler::new(schedules), config.clone()).run(model.clone());
    Runner::new(PctScheduler::new(3, schedules), config).run(model);
}

/// Runs the jobs, a thread each; their histories and what they gave.
fn run<R: Send>(ticks: &Ticks, jobs: Vec<impl FnOnce(&mut Recorder<'_>) -> R + Send>) -> (Vec<Vec<Event>>, Vec<R>) {
    thread::scope(|s| {
        let threads: Vec<_> = jobs
            .into_iter()
            .enumerate()
            .map(|(id, job)| {
                s.spawn(move || {
                    let mut thread = Recorder::new(ticks, id);
                    let result = job(&mut thread);
                    (thread.into_events(), result)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).unzip()
    })
}

/// A number less than `n`, of the schedule's own.
fn below(n: usize) -> usize {
    thread_rng().gen_range(0..n)
}
