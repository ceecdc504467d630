//! Decides whether a history is one of a bounded FIFO queue.

use crate::history::{Event, Item, Op};
use std::collections::{HashSet, VecDeque};
use std::fmt::Write;

/// The queue of the specification, and how far each thread is.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    done: Vec<usize>,
    items: VecDeque<Item>,
    closed: bool,
}

/// Whether the events of `threads`, each in the order of its thread, can be put into one order, in which an operation
/// that returned before another was called comes first, and which a FIFO queue of this capacity allows, from empty on.
///
/// After Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), with Lowe's memory of the states that led
/// nowhere ("Testing for Linearizability", 2016): a state is how far each thread is, and the queue. Exponential in the
/// number of threads at worst, so histories are short.
pub fn is_linearizable(capacity: usize, threads: &[Vec<Event>]) -> bool {
    let start = State { done: vec![0; threads.len()], items: VecDeque::new(), closed: false };
    search(capacity, threads, start, &mut HashSet::new())
}

/// As [`is_linearizable`].
///
/// # Panics
///
/// With the history, if it is not.
pub fn assert_linearizable(capacity: usize, threads: &[Vec<Event>]) {
    if !is_linearizable(capacity, threads) {
        panic!("not a history of a queue of capacity {capacity}:\n{}", listing(threads));
    }
}

fn search(capacity: usize, threads: &[Vec<Event>], state: State, seen: &mut HashSet<State>) -> bool {
    let next = |thread: usize| threads[thread].get(state.done[thread]);
    // Who returned first of those still to be placed: no operation called after that can come next.
    let Some(returned) = (0..threads.len()).filter_map(next).map(|event| event.returned).min() else { return true };
    if !seen.insert(state.clone()) {
        return false;
    }
    (0..threads.len()).any(|thread| {
        let Some(event) = next(thread).filter(|event| event.called <= returned) else { return false };
        let mut after = state.clone();
        after.done[thread] += 1;
        after.allows(capacity, event.op) && search(capacity, threads, after, seen)
    })
}

impl State {
    /// Whether the queue may answer so in this state; if so, does it.
    fn allows(&mut self, capacity: usize, op: Op) -> bool {
        let (is_empty, is_full) = (self.items.is_empty(), self.items.len() == capacity);
        match op {
            Op::Pushed(item) => {
                self.items.push_back(item);
                !self.closed && !is_full
            }
            Op::Forced(item, evicted) => {
                let oldest = if is_full { self.items.pop_front() } else { None };
                self.items.push_back(item);
                !self.closed && evicted == oldest
            }
            Op::PushFull => is_full && !self.closed,
            Op::PushClosed => self.closed,
            Op::Popped(item) => self.items.pop_front() == Some(item),
            Op::PopEmpty => is_empty && !self.closed,
            Op::PopClosed => is_empty && self.closed,
            Op::Closed(first) => std::mem::replace(&mut self.closed, true) != first,
            Op::Len(len) => self.items.len() == len,
        }
    }
}

/// All events, by their call.
fn listing(threads: &[Vec<Event>]) -> String {
    let mut events: Vec<_> = threads
        .iter()
        .enumerate()
        .flat_map(|(thread, events)| events.iter().map(move |event| (thread, event)))
        .collect();
    events.sort_by_key(|(_, event)| event.called);
    events.iter().fold(String::new(), |mut text, (thread, event)| {
        let _ = writeln!(text, "{:>4} to {:<4} thread {thread}: {:?}", event.called, event.returned, event.op);
        text
    })
}
