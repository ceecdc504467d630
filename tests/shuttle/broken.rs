//! That the models find what they look for.

use crate::history::{Item, Op, Recorder, Ticks};
use crate::history_check::assert_linearizable;
use crate::{explore, run};
use shuttle::sync::Mutex;
use std::collections::VecDeque;

/// A queue that looks under one lock and acts under the next.
struct LooksFirst(Mutex<VecDeque<Item>>);

impl LooksFirst {
    fn push(&self, item: Item, capacity: usize) -> Op {
        if self.0.lock().unwrap().len() == capacity {
            return Op::PushFull;
        }
        self.0.lock().unwrap().push_back(item);
        Op::Pushed(item)
    }

    fn pop(&self) -> Op {
        let Some(item) = self.0.lock().unwrap().front().copied() else { return Op::PopEmpty };
        self.0.lock().unwrap().pop_front();
        Op::Popped(item)
    }
}

fn model(capacity: usize, first: usize, job: fn(&LooksFirst, &mut Recorder<'_>, usize)) {
    explore(200, move || {
        let queue = &LooksFirst(Mutex::new((0..first as Item).map(|n| 9_000 + n).collect()));
        let ticks = Ticks::default();
        let mut begin = Recorder::new(&ticks, 9);
        begin.fresh(first).into_iter().for_each(|item| _ = begin.record(|| (), |()| [Op::Pushed(item)]));
        let jobs = (0..2).map(|_| move |thread: &mut Recorder<'_>| job(queue, thread, capacity)).collect();
        let (mut history, _) = run(&ticks, jobs);
        history.push(begin.into_events());
        assert_linearizable(capacity, &history);
    });
}

#[test]
#[should_panic(expected = "not a history of a queue of capacity 1")]
fn two_pushes_into_one_place() {
    model(1, 0, |queue, thread, capacity| {
        let item = thread.fresh(1)[0];
        thread.record(|| queue.push(item, capacity), |op| [*op]);
    });
}

#[test]
#[should_panic(expected = "not a history of a queue of capacity 2")]
fn two_pops_of_one_item() {
    model(2, 2, |queue, thread, _| {
        thread.record(|| queue.pop(), |op| [*op]);
    });
}
