//! Pushes that take the place of the oldest item.

use crate::history::{Action, Ends, Item, Op, Recorder, Ticks};
use crate::history_check::assert_linearizable;
use crate::{CAPACITIES, SCHEDULES, below, explore, run};
use bedplate::queue::{Bounded, PushError};
use shuttle::sync::Arc;

#[test]
fn forced() {
    for capacity in CAPACITIES {
        explore(SCHEDULES, move || {
            let queue = Arc::new(Bounded::new(capacity));
            let jobs = (0..3).map(|_| {
                let ends = Ends::Both(Arc::clone(&queue), Arc::clone(&queue));
                let mut plan = ends.plan(3, below);
                // Between its two words such a push is not counted.
                plan.retain(|action| !matches!(action, Action::Len));
                move |thread: &mut Recorder<'_>| {
                    for action in plan {
                        if below(2) == 0 {
                            let Ends::Both(queue, _) = &ends else { unreachable!() };
                            force_push(thread, queue);
                        }
                        ends.perform(&[action], thread);
                    }
                }
            });
            let ticks = Ticks::default();
            let (mut history, _) = run(&ticks, jobs.collect());
            let mut drainer = Recorder::new(&ticks, history.len());
            Ends::Both(Arc::clone(&queue), queue).drain(&mut drainer);
            history.push(drainer.into_events());
            assert_linearizable(capacity, &history);
        });
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
