//! The one-to-one ring in place, by chunks, mixed with single operations of the handles themselves.

use crate::history::{Item, Op, Recorder, Ticks, popped, pushed};
use crate::history_check::assert_linearizable;
use crate::{CAPACITIES, SCHEDULES, below, explore, run};
use bedplate::queue::spsc::{self, Consumer, Producer};

type Job = Box<dyn FnOnce(&mut Recorder<'_>) -> Option<Consumer<Item>> + Send>;

#[test]
fn chunks() {
    for capacity in CAPACITIES {
        explore(SCHEDULES, move || {
            let (mut producer, mut consumer) = spsc::ring(capacity);
            let [writes, reads] = [(); 2].map(|()| (0..5).map(|_| below(capacity + 2)).collect::<Vec<_>>());
            let produce = move |thread: &mut Recorder<'_>| {
                writes.into_iter().for_each(|max| write(thread, &mut producer, max));
                thread.record(|| drop(producer), |()| [Op::Closed(true)]);
                None
            };
            let consume = move |thread: &mut Recorder<'_>| {
                reads.into_iter().for_each(|max| read(thread, &mut consumer, max));
                Some(consumer)
            };
            let ticks = Ticks::default();
            let jobs: Vec<Job> = vec![Box::new(produce), Box::new(consume)];
            let (mut history, ends) = run(&ticks, jobs);
            let mut drainer = Recorder::new(&ticks, history.len());
            ends.into_iter().flatten().for_each(|consumer| while drainer.pop(&consumer).is_ok() {});
            history.push(drainer.into_events());
            assert_linearizable(capacity, &history);
        });
    }
}

/// A push, or a chunk that is committed in part.
fn write(thread: &mut Recorder<'_>, producer: &mut Producer<Item>, max: usize) {
    if max == 0 {
        let item = thread.fresh(1)[0];
        let _ = thread.record(|| producer.try_push(item), |result| pushed(item, result));
        return;
    }
    let items = thread.fresh(max);
    let call =
        || producer.try_write_chunk(max).map(|chunk| chunk.fill_from_iter(items[..max.div_ceil(2)].iter().copied()));
    let _ = thread.record(call, |result| match result {
        Ok(n) => items[..*n].iter().copied().map(Op::Pushed).collect(),
        Err(_) => vec![Op::PushFull],
    });
}

/// A pop, or a chunk of which the first half is taken.
fn read(thread: &mut Recorder<'_>, consumer: &mut Consumer<Item>, max: usize) {
    if max == 0 {
        let _ = thread.record(|| consumer.try_pop(), popped);
        return;
    }
    let call = || consumer.try_read_chunk(max).map(|chunk| chunk.into_iter().take(max.div_ceil(2)).collect::<Vec<_>>());
    let _ = thread.record(call, |result| match result {
        Ok(items) => items.iter().copied().map(Op::Popped).collect(),
        Err(e) => Vec::from_iter(popped(&Err(*e))),
    });
}
