//! Bulks mixed with single operations, with a close somewhere among them.

use crate::history::{Action, Ends, Item, Recorder, Ticks};
use crate::history_check::assert_linearizable;
use crate::{CAPACITIES, SCHEDULES, below, explore, run};
use bedplate::queue::{Bounded, Pop, Push, Segmented, mpsc, spmc, spsc};
use shuttle::sync::Arc;

/// Runs a thread for each of the ends `make` gives, with plans of `actions` actions, and checks what they saw of those
/// for which `exact` holds.
fn check<P, C>(
    actions: usize,
    exact: fn(&Action) -> bool,
    make: impl Fn(usize) -> Vec<Ends<P, C>> + Clone + Send + Sync + 'static,
) where
    P: Push<Item> + Send + 'static,
    C: Pop<Item> + Send + 'static,
{
    for capacity in CAPACITIES {
        let make = make.clone();
        explore(SCHEDULES, move || {
            let jobs = make(capacity).into_iter().map(|ends| {
                let mut plan = ends.plan(actions, below);
                plan.retain(exact);
                move |thread: &mut Recorder<'_>| {
                    ends.perform(&plan, thread);
                    ends
                }
            });
            let ticks = Ticks::default();
            let (mut history, ends) = run(&ticks, jobs.collect());
            let mut drainer = Recorder::new(&ticks, history.len());
            assert!(ends.iter().any(|ends| ends.drain(&mut drainer)));
            history.push(drainer.into_events());
            assert_linearizable(capacity, &history);
        });
    }
}

fn shared<Q>(queue: Q, threads: usize) -> Vec<Ends<Arc<Q>, Arc<Q>>> {
    let queue = Arc::new(queue);
    (0..threads).map(|_| Ends::Both(Arc::clone(&queue), Arc::clone(&queue))).collect()
}

#[test]
fn bounded() {
    check(4, |_| true, |capacity| shared(Bounded::new(capacity), 3));
}

#[test]
fn bounded_two_to_two() {
    check(
        3,
        |_| true,
        |capacity| {
            let queue = Arc::new(Bounded::new(capacity));
            vec![
                Ends::Producer(Arc::clone(&queue)),
                Ends::Producer(Arc::clone(&queue)),
                Ends::Consumer(Arc::clone(&queue)),
                Ends::Consumer(queue),
            ]
        },
    );
}

#[test]
fn many_to_one() {
    check(
        4,
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
        4,
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
        6,
        |action| !matches!(action, Action::Len),
        |capacity| {
            let (producer, consumer) = spsc::ring(capacity);
            vec![Ends::Producer(producer), Ends::Consumer(consumer)]
        },
    );
}

#[test]
fn segmented() {
    // Its `len` counts items that a push or a pop is at work on.
    check(4, |action| !matches!(action, Action::Len), |capacity| shared(Segmented::new(capacity), 3));
}
