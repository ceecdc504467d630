//! What threads did to a queue, and when: the record that `history_check` decides on.

use bedplate::queue::{Pop, PopError, Push, PushError, Queue};
use std::sync::atomic::{AtomicU64, Ordering};

/// No item is pushed twice in a history.
pub type Item = u32;

/// An operation and its answer. A bulk of n is n of them, each its own; `Busy` is none, since it changes nothing and
/// says nothing of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Pushed(Item),
    /// Pushed in any case, with the oldest item that it pushed out.
    Forced(Item, Option<Item>),
    PushFull,
    PushClosed,
    Popped(Item),
    PopEmpty,
    PopClosed,
    /// And whether this call was the one that closed it.
    Closed(bool),
    Len(usize),
}

/// An operation between its call and its return, in ticks of the history's clock.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub op: Op,
    pub called: u64,
    pub returned: u64,
}

/// Counts calls and returns, so that two that overlap are told from two that follow each other. An atomic of std under
/// shuttle too: it is to record the schedule, not to be a part of it.
#[derive(Debug, Default)]
pub struct Ticks(AtomicU64);

impl Ticks {
    fn next(&self) -> u64 {
        // SeqCst: the ticks are the time that all threads agree on.
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// What one thread is to do next.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    Push,
    PushBulk(usize),
    Pop,
    PopBulk(usize),
    Len,
    Close,
}

/// The ends of a queue that a thread has.
#[derive(Debug)]
pub enum Ends<P, C> {
    Producer(P),
    Consumer(C),
    Both(P, C),
}

impl<P: Push<Item>, C: Pop<Item>> Ends<P, C> {
    /// `len` actions that the ends can do, chosen by `below`, which gives a number less than the one it gets.
    pub fn plan(&self, len: usize, mut below: impl FnMut(usize) -> usize) -> Vec<Action> {
        let one = |below: &mut dyn FnMut(usize) -> usize| {
            let pushes = match self {
                Self::Producer(_) => true,
                Self::Consumer(_) => false,
                Self::Both(..) => below(2) == 0,
            };
            match (below(24), pushes) {
                (0, _) => Action::Close,
                (1, _) => Action::Len,
                (2..14, true) => Action::Push,
                (2..14, false) => Action::Pop,
                (_, true) => Action::PushBulk(1 + below(4)),
                (_, false) => Action::PopBulk(1 + below(4)),
            }
        };
        (0..len).map(|_| one(&mut below)).collect()
    }

    /// Does what the plan says; the record goes on in `thread`.
    pub fn perform(&self, plan: &[Action], thread: &mut Recorder<'_>) {
        for action in plan {
            match (action, self) {
                (Action::Push, Self::Producer(end) | Self::Both(end, _)) => thread.push(end),
                (Action::PushBulk(n), Self::Producer(end) | Self::Both(end, _)) => thread.push_bulk(end, *n),
                (Action::Pop, Self::Consumer(end) | Self::Both(_, end)) => _ = thread.pop(end),
                (Action::PopBulk(n), Self::Consumer(end) | Self::Both(_, end)) => thread.pop_bulk(end, *n),
                (Action::Len, Self::Producer(end)) => thread.len(end),
                (Action::Len, Self::Consumer(end) | Self::Both(_, end)) => thread.len(end),
                (Action::Close, Self::Producer(end)) => thread.close(end),
                (Action::Close, Self::Consumer(end) | Self::Both(_, end)) => thread.close(end),
                _ => panic!("a plan for other ends"),
            }
        }
    }

    /// Pops what is left while no other thread is at work; false where this end cannot.
    pub fn drain(&self, thread: &mut Recorder<'_>) -> bool {
        let (Self::Consumer(end) | Self::Both(_, end)) = self else { return false };
        loop {
            match thread.pop(end) {
                Ok(_) => (),
                Err(PopError::Busy) => panic!("busy, though nobody is at work"),
                Err(_) => return true,
            }
        }
    }
}

/// Does operations on behalf of one thread and writes them down.
#[derive(Debug)]
pub struct Recorder<'a> {
    ticks: &'a Ticks,
    next: Item,
    events: Vec<Event>,
}

impl<'a> Recorder<'a> {
    /// Of the thread `id`, whose items all have this id in front.
    pub fn new(ticks: &'a Ticks, id: usize) -> Self {
        Self { ticks, next: id as Item * 1_000, events: Vec::new() }
    }

    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Does `call`; `ops` says what it was, by its result.
    pub fn record<R, O: IntoIterator<Item = Op>>(&mut self, call: impl FnOnce() -> R, ops: impl FnOnce(&R) -> O) -> R {
        let called = self.ticks.next();
        let result = call();
        let returned = self.ticks.next();
        self.events.extend(ops(&result).into_iter().map(|op| Event { op, called, returned }));
        result
    }

    /// `n` items that were in no queue before.
    pub fn fresh(&mut self, n: usize) -> Vec<Item> {
        self.next += n as Item;
        (self.next - n as Item..self.next).collect()
    }

    pub fn push(&mut self, queue: &impl Push<Item>) {
        let item = self.fresh(1)[0];
        let _ = self.record(|| queue.try_push(item), |result| pushed(item, result));
    }

    pub fn push_bulk(&mut self, queue: &impl Push<Item>, n: usize) {
        let mut items = self.fresh(n);
        let all = items.clone();
        self.record(
            || queue.try_push_bulk(&mut items),
            |n| all[..*n].iter().copied().map(Op::Pushed).collect::<Vec<_>>(),
        );
        let n = all.len() - items.len();
        assert_eq!(all[n..], items, "what was not pushed stays, in order");
    }

    pub fn pop(&mut self, queue: &impl Pop<Item>) -> Result<Item, PopError> {
        self.record(|| queue.try_pop(), popped)
    }

    pub fn pop_bulk(&mut self, queue: &impl Pop<Item>, max: usize) {
        let call = || {
            let mut items = Vec::new();
            let n = queue.try_pop_bulk(&mut items, max);
            assert!(n == items.len() && n <= max, "{n} items said to have come, {} there", items.len());
            items
        };
        self.record(call, |items| items.iter().copied().map(Op::Popped).collect::<Vec<_>>());
    }

    pub fn len(&mut self, queue: &impl Queue) {
        self.record(|| queue.len(), |n| [Op::Len(*n)]);
    }

    pub fn close(&mut self, queue: &impl Queue) {
        self.record(|| queue.close(), |first| [Op::Closed(*first)]);
    }
}

/// What the push of `item` was.
pub fn pushed(item: Item, result: &Result<(), PushError<Item>>) -> Option<Op> {
    match result {
        Ok(()) => Some(Op::Pushed(item)),
        Err(PushError::Full(back)) if *back == item => Some(Op::PushFull),
        Err(PushError::Closed(back)) if *back == item => Some(Op::PushClosed),
        Err(PushError::Busy(back)) if *back == item => None,
        Err(e) => panic!("{e:?} of another item"),
    }
}

/// What a pop was.
pub fn popped(result: &Result<Item, PopError>) -> Option<Op> {
    match result {
        Ok(item) => Some(Op::Popped(*item)),
        Err(PopError::Empty) => Some(Op::PopEmpty),
        Err(PopError::Closed) => Some(Op::PopClosed),
        Err(_) => None,
    }
}
