//! Histories of two and three threads on small queues, each checked against a FIFO.
//!
//! Threads of a real machine overlap where they happen to; every switch between two atomic accesses is for the models
//! in `tests/shuttle`, which use the same checker.

use crate::history::{Action, Ends, Event, Item, Op, Recorder, Ticks, popped, pushed};
use crate::history_check::assert_linearizable;
use bedplate::queue::{Bounded, Pop, Push, PushError, Segmented, mpsc, spmc, spsc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Histories for each capacity and set of threads.
const ROUNDS: u64 = 150;
/// Actions of each thread; with bulks, up to twice as many operations. Room for each to find the queue in any state.
const ACTIONS: usize = 7;
const CAPACITIES: [usize; 4] = [1, 2, 3, 5];

/// Runs a thread for each of the ends `make` gives, and checks what they saw of the actions for which `exact` holds.
fn check<P: Push<Item> + Send, C: Pop<Item> + Send>(
    exact: fn(&Action) -> bool,
    make: impl Fn(usize) -> Vec<Ends<P, C>>,
) {
    for capacity in CAPACITIES {
        for seed in 0..ROUNDS {
            let mut rng = StdRng::seed_from_u64(seed);
            let jobs = make(capacity).into_iter().map(|ends| {
                let mut plan = ends.plan(ACTIONS, |n| rng.random_range(0..n));
                plan.retain(exact);
                move |thread: &mut Recorder<'_>| {
                    ends.perform(&plan, thread);
                    ends
                }
            });
            let (mut history, ends, ticks) = run(jobs.collect());
            let mut drainer = Recorder::new(&ticks, history.len());
            assert!(ends.iter().any(|ends| ends.drain(&mut drainer)));
            history.push(drainer.into_events());
            assert_linearizable(capacity, &history);
        }
    }
}

/// Runs the jobs at the same time, a thread each; their histories and what they gave.
fn run<R: Send>(jobs: Vec<impl FnOnce(&mut Recorder<'_>) -> R + Send>) -> (Vec<Vec<Event>>, Vec<R>, Ticks) {
    let ticks = Ticks::default();
    // Spun on, since the operations are shorter than it takes to wake a thread from a `Barrier`.
    let missing = AtomicUsize::new(jobs.len());
    let (events, results) = thread::scope(|s| {
        let threads: Vec<_> = jobs
            .into_iter()
            .enumerate()
            .map(|(id, job)| {
                let (ticks, missing) = (&ticks, &missing);
                s.spawn(move || {
                    let mut thread = Recorder::new(ticks, id);
                    // Relaxed, both: only to begin at the same time.
                    missing.fetch_sub(1, Ordering::Relaxed);
                    for turn in 0.. {
                        if missing.load(Ordering::Relaxed) == 0 {
                            break;
                        }
                        // Long enough for a thread to start on another CPU; then it may be this one it needs.
                        if turn < 5_000 { hint::spin_loop() } else { thread::yield_now() }
                    }
                    let result = job(&mut thread);
                    (thread.into_events(), result)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).unzip()
    });
    (events, results, ticks)
}

fn shared<Q>(queue: Q, threads: usize) -> Vec<Ends<Arc<Q>, Arc<Q>>> {
    let queue = Arc::new(queue);
    (0..threads).map(|_| Ends::Both(Arc::clone(&queue), Arc::clone(&queue))).collect()
}

#[test]
fn bounded() {
    check(|_| true, |capacity| shared(Bounded::new(capacity), 2));
    check(|_| true, |capacity| shared(Bounded::new(capacity), 3));
}

#[test]
fn segmented() {
    // Its `len` counts items that a push or a pop is at work on.
    let exact = |action: &Action| !matches!(action, Action::Len);
    check(exact, |capacity| shared(Segmented::new(capacity), 2));
    check(exact, |capacity| shared(Segmented::new(capacity), 3));
}

#[test]
fn many_to_one() {
    check(
        |_| true,
        |capacity| {
            let (producer, consumer) = mpsc::ring(capacity);
            vec![Ends::Producer(producer.clone()), Ends::Consumer(consumer), Ends::Producer(producer)]
        },
    );
}

#[test]
fn one_to_many() {
    // As in `one_to_one`.
    check(
        |action| !matches!(action, Action::Len),
        |capacity| {
            let (producer, consumer) = spmc::ring(capacity);
            vec![Ends::Consumer(consumer.clone()), Ends::Producer(producer), Ends::Consumer(consumer)]
        },
    );
}

#[test]
fn one_to_one() {
    // A push that was under way at the consumer's close counts in `len` only when it has ended.
    check(
        |action| !matches!(action, Action::Len),
        |capacity| {
            let (producer, consumer) = spsc::ring(capacity);
            vec![Ends::Producer(producer), Ends::Consumer(consumer)]
        },
    );
}

/// Pushes that take the place of the oldest, among all other operations.
#[test]
fn forced() {
    for capacity in CAPACITIES {
        for seed in 0..ROUNDS {
            let mut rng = StdRng::seed_from_u64(seed);
            let queue = Arc::new(Bounded::new(capacity));
            let jobs = (0..3).map(|_| {
                let ends = Ends::Both(Arc::clone(&queue), Arc::clone(&queue));
                let mut plan = ends.plan(ACTIONS, |n| rng.random_range(0..n));
                // Between its two words such a push is not counted.
                plan.retain(|action| !matches!(action, Action::Len));
                let forced = rng.random_range(0..ACTIONS);
                let queue = &queue;
                move |thread: &mut Recorder<'_>| {
                    for (at, action) in plan.iter().enumerate() {
                        if at >= forced {
                            force_push(thread, queue);
                        }
                        ends.perform(&[*action], thread);
                    }
                }
            });
            let (mut history, _, ticks) = run(jobs.collect());
            let mut drainer = Recorder::new(&ticks, history.len());
            Ends::Both(Arc::clone(&queue), Arc::clone(&queue)).drain(&mut drainer);
            history.push(drainer.into_events());
            assert_linearizable(capacity, &history);
        }
    }
}

fn force_push(thread: &mut Recorder<'_>, queue: &Bounded<Item>) {
    let item = thread.fresh(1)[0];
    let _ = thread.record(
        || queue.force_push(item),
        |result| match result {
            Ok(evicted) => Some(Op::Forced(item, *evicted)),
            Err(PushError::Closed(_)) => Some(Op::PushClosed),
            Err(PushError::Busy(_)) => None,
            Err(e) => panic!("{e:?} of a push that takes the oldest place"),
        },
    );
}

/// What one end does; the consumer comes back.
type Job<'a> = Box<dyn FnOnce(&mut Recorder<'_>) -> Option<spsc::Consumer<Item>> + Send + 'a>;

/// The one-to-one ring in place, by chunks, by the calls of the handles themselves, which do not announce a push: it is
/// closed by its producer.
#[test]
fn one_to_one_chunks() {
    for capacity in CAPACITIES {
        for seed in 0..ROUNDS {
            let mut rng = StdRng::seed_from_u64(seed);
            let plan: Vec<_> = (0..3 * ACTIONS).map(|_| rng.random_range(1..=capacity + 1)).collect();
            let (mut producer, mut consumer) = spsc::ring(capacity);
            let (for_producer, for_consumer) = plan.split_at(ACTIONS);
            let jobs: Vec<Job<'_>> = vec![
                Box::new(move |thread| {
                    for max in for_producer {
                        match max {
                            1 => push(thread, &producer),
                            max => push_chunk(thread, &mut producer, *max),
                        }
                    }
                    thread.record(|| drop(producer), |()| [Op::Closed(true)]);
                    None
                }),
                Box::new(move |thread| {
                    for max in for_consumer {
                        match max {
                            1 => _ = thread.record(|| consumer.try_pop(), popped),
                            max => pop_chunk(thread, &mut consumer, *max),
                        }
                    }
                    Some(consumer)
                }),
            ];
            let (mut history, ends, ticks) = run(jobs);
            let mut drainer = Recorder::new(&ticks, history.len());
            ends.into_iter().flatten().for_each(|consumer| while drainer.pop(&consumer).is_ok() {});
            history.push(drainer.into_events());
            assert_linearizable(capacity, &history);
        }
    }
}

fn push(thread: &mut Recorder<'_>, producer: &spsc::Producer<Item>) {
    let item = thread.fresh(1)[0];
    let _ = thread.record(|| producer.try_push(item), |result| pushed(item, result));
}

fn push_chunk(thread: &mut Recorder<'_>, producer: &mut spsc::Producer<Item>, max: usize) {
    let items = thread.fresh(max);
    let _ = thread.record(
        || producer.try_write_chunk(max).map(|chunk| chunk.fill_from_iter(items.iter().copied())),
        |result| match result {
            Ok(n) => items[..*n].iter().copied().map(Op::Pushed).collect(),
            Err(e) => Vec::from_iter(pushed(
                0,
                &Err(match e {
                    PushError::Full(()) => PushError::Full(0),
                    _ => PushError::Closed(0),
                }),
            )),
        },
    );
}

/// Takes the first half of a chunk of at most `max` items.
fn pop_chunk(thread: &mut Recorder<'_>, consumer: &mut spsc::Consumer<Item>, max: usize) {
    let _ = thread.record(
        || consumer.try_read_chunk(max).map(|chunk| chunk.into_iter().take(max.div_ceil(2)).collect::<Vec<_>>()),
        |result| match result {
            Ok(items) => items.iter().copied().map(Op::Popped).collect(),
            Err(e) => Vec::from_iter(popped(&Err(*e))),
        },
    );
}
