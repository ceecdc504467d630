//! Inline batchers against a model that knows the documented rules and nothing of how they are kept.

use crate::support::{assert_whole, reporting};
use bedplate::batch::{Batcher, Producer};
use bedplate::time::{Deadline, Instant, Manual};
use proptest::prelude::*;
use std::mem;
use std::time::Duration;

/// Producers, each with a stage of one item: so it is known at every push what is handed over.
const PRODUCERS: usize = 2;

#[derive(Clone, Debug)]
enum Step {
    Push(u64),
    Urgent(u64),
    All(Vec<u64>),
    Staged(usize, u64),
    HandOver(usize),
    /// The producer goes, and another one comes.
    Replace(usize),
    Advance(u64),
    Poll,
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = || 0_u64..12;
    let producer = || 0..PRODUCERS;
    prop_oneof![
        6 => bytes().prop_map(Step::Push),
        1 => bytes().prop_map(Step::Urgent),
        2 => prop::collection::vec(bytes(), 0..9).prop_map(Step::All),
        4 => (producer(), bytes()).prop_map(|(producer, bytes)| Step::Staged(producer, bytes)),
        1 => producer().prop_map(Step::HandOver),
        1 => producer().prop_map(Step::Replace),
        4 => (0_u64..8).prop_map(Step::Advance),
        3 => Just(Step::Poll),
        1 => Just(Step::Flush),
    ]
}

/// An item: its id above what it measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item(u64);

impl Item {
    fn bytes(self) -> u64 {
        self.0 & 0xff
    }
}

#[derive(Debug)]
struct Model {
    max_items: usize,
    max_bytes: u64,
    linger: u64,
    now: u64,
    ids: u64,
    open: Vec<Item>,
    /// When the oldest of the open batch came.
    since: u64,
    /// The open batch was asked for.
    due: bool,
    /// Closed batches that were not handed over.
    closed: Vec<Vec<Item>>,
    /// What is staged, and since when; the producers that came first are first.
    stages: Vec<(usize, Option<(Item, u64)>)>,
    /// Whose stage has no slot left: until it hands over, though what was in there was taken.
    used: [bool; PRODUCERS],
    batches: Vec<Vec<u64>>,
}

impl Model {
    fn item(&mut self, bytes: u64) -> Item {
        self.ids += 1;
        Item(self.ids << 8 | bytes)
    }

    fn admit(&mut self, item: Item, came: u64) {
        let bytes = |open: &[Item]| open.iter().map(|item| item.bytes()).sum::<u64>();
        if !self.open.is_empty() && bytes(&self.open) + item.bytes() > self.max_bytes {
            self.close_open();
        }
        self.since = if self.open.is_empty() { came } else { self.since.min(came) };
        self.open.push(item);
        if self.open.len() == self.max_items || bytes(&self.open) >= self.max_bytes {
            self.close_open();
        }
    }

    fn close_open(&mut self) {
        self.closed.push(mem::take(&mut self.open));
        self.due = false;
    }

    fn stage(&mut self, producer: usize) -> &mut Option<(Item, u64)> {
        &mut self.stages.iter_mut().find(|(id, _)| *id == producer).unwrap().1
    }

    fn hand_over(&mut self, producer: usize) {
        if let Some((item, came)) = self.stage(producer).take() {
            self.admit(item, came);
        }
    }

    fn collect(&mut self) {
        let order: Vec<usize> = self.stages.iter().map(|&(id, _)| id).collect();
        order.into_iter().for_each(|producer| self.hand_over(producer));
    }

    fn staged_since(&self) -> Option<u64> {
        self.stages.iter().filter_map(|(_, staged)| staged.map(|(_, came)| came)).min()
    }

    /// What a caller does who has the handler: hands over until nothing is due.
    fn lead(&mut self) {
        loop {
            if self.closed.is_empty() && self.staged_since().is_some_and(|came| came + self.linger <= self.now) {
                self.collect();
                self.due |= !self.open.is_empty();
            }
            let over = self.due || self.since + self.linger <= self.now;
            if self.closed.is_empty() && !self.open.is_empty() && over {
                self.close_open();
            }
            if self.closed.is_empty() {
                return;
            }
            self.batches.push(self.closed.remove(0).into_iter().map(|item| item.0).collect());
        }
    }

    /// When somebody is to look next.
    fn end(&self) -> Deadline {
        let open = (!self.open.is_empty()).then_some(self.since);
        let first = open.into_iter().chain(self.staged_since()).min();
        first.map_or(Deadline::NEVER, |came| Deadline::at(Instant::from_nanos(came + self.linger)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn batches_are_those_of_the_rules(
        steps in prop::collection::vec(step(), 1..120),
        max_items in 1_usize..7,
        max_bytes in prop_oneof![1_u64..30, Just(u64::from(u32::MAX))],
        linger in 0_u64..12,
        sized in any::<bool>(),
    ) {
        let time = Manual::new();
        let (batches, handler) = reporting();
        let builder = Batcher::builder().max_items(max_items).capacity(10_000).stage(1).clock(time.clone());
        let builder = builder.linger(Duration::from_nanos(linger));
        let max_bytes = if sized { max_bytes } else { u64::MAX };
        let builder = if sized {
            builder.max_bytes(max_bytes as usize, |&item| Item(item).bytes() as usize)
        } else {
            builder
        };
        let batcher = builder.inline(handler);
        let mut producers: Vec<Producer<u64>> = (0..PRODUCERS).map(|_| batcher.producer()).collect();
        let mut model = Model {
            max_items,
            max_bytes,
            linger,
            now: 0,
            ids: 0,
            open: Vec::new(),
            since: 0,
            due: false,
            closed: Vec::new(),
            stages: (0..PRODUCERS).map(|id| (id, None)).collect(),
            used: [false; PRODUCERS],
            batches: Vec::new(),
        };
        for step in steps {
            let now = model.now;
            match step.clone() {
                Step::Push(bytes) | Step::Urgent(bytes) => {
                    let item = model.item(bytes);
                    model.admit(item, now);
                    if let Step::Urgent(_) = step {
                        model.due |= !model.open.is_empty();
                        batcher.push_urgent(item.0).unwrap();
                    } else {
                        batcher.push(item.0).unwrap();
                    }
                    model.lead();
                }
                Step::All(all) => {
                    let items: Vec<Item> = all.into_iter().map(|bytes| model.item(bytes)).collect();
                    items.iter().for_each(|&item| model.admit(item, now));
                    model.lead();
                    let mut items: Vec<u64> = items.into_iter().map(|item| item.0).collect();
                    batcher.push_all(&mut items).unwrap();
                }
                Step::Staged(producer, bytes) => {
                    let item = model.item(bytes);
                    if mem::replace(&mut model.used[producer], true) {
                        model.hand_over(producer);
                        model.lead();
                    }
                    *model.stage(producer) = Some((item, now));
                    model.lead();
                    producers[producer].push(item.0).unwrap();
                }
                Step::HandOver(producer) => {
                    model.hand_over(producer);
                    model.used[producer] = false;
                    model.lead();
                    producers[producer].hand_over().unwrap();
                }
                Step::Replace(producer) => {
                    model.hand_over(producer);
                    model.lead();
                    model.used[producer] = false;
                    model.stages.retain(|&(id, _)| id != producer);
                    model.stages.push((producer, None));
                    // The old one goes before the new one comes.
                    drop(producers.remove(producer));
                    producers.insert(producer, batcher.producer());
                }
                Step::Advance(ns) => {
                    model.now += ns;
                    time.advance(Duration::from_nanos(ns));
                }
                Step::Poll => {
                    model.lead();
                    prop_assert_eq!(batcher.poll(), model.end());
                }
                Step::Flush => {
                    model.collect();
                    model.due |= !model.open.is_empty();
                    model.lead();
                    batcher.flush().unwrap();
                }
            }
            let handed: Vec<Vec<u64>> = batches.try_iter().collect();
            prop_assert_eq!(handed, mem::take(&mut model.batches), "after {:?}", step);
            let stats = batcher.stats();
            let staged = model.stages.iter().filter(|(_, staged)| staged.is_some()).count();
            prop_assert_eq!((stats.pending, stats.staged), (model.open.len(), staged));
            prop_assert_eq!(stats.pushed + staged as u64, model.ids);
            assert_whole(stats);
        }
        model.collect();
        model.due |= !model.open.is_empty();
        model.lead();
        prop_assert_eq!(batcher.close().handled, model.ids);
        prop_assert_eq!(batches.try_iter().collect::<Vec<_>>(), model.batches);
    }
}
