use std::collections::BTreeMap;

use super::{Known, Naive, NaiveGhosts, NaiveWindow, View};
use crate::cache::ghosts::Left;

#[derive(Debug)]
struct Entry {
    hash: u32,
    weight: u32,
    in_main: bool,
    hits: u8,
}

/// S3-FIFO: a small queue of a tenth, a main region that is gone round, and a round more for each hit.
#[derive(Debug)]
pub(super) struct NaiveS3Fifo {
    entries: BTreeMap<u32, Entry>,
    small: NaiveWindow,
    ghosts: NaiveGhosts,
    hand: usize,
    /// Whether the key that arrives left the small queue not longer ago than the main region is deep.
    was_here: bool,
}

impl NaiveS3Fifo {
    pub(super) fn new() -> Self {
        let (entries, small, ghosts) = (BTreeMap::new(), NaiveWindow::default(), NaiveGhosts::new(0));
        Self { entries, small, ghosts, hand: 0, was_here: false }
    }

    fn weight(&self, in_main: bool) -> u64 {
        self.entries.values().filter(|entry| entry.in_main == in_main).map(|entry| u64::from(entry.weight)).sum()
    }

    fn in_small(&self) -> usize {
        self.entries.values().filter(|entry| !entry.in_main).count()
    }
}

impl Naive for NaiveS3Fifo {
    fn arrive(&mut self, hash: u32) {
        self.was_here = self.ghosts.take(hash).is_some_and(|ghost| ghost.rank < 16);
    }

    fn victim(&mut self, view: &View) -> Option<u32> {
        let len = self.entries.len();
        if self.ghosts.lists() * 16 < len {
            self.ghosts = NaiveGhosts::new(len + len / 8);
        }
        let target = ((self.weight(true) + self.weight(false)) / 10).max(1);
        while self.weight(false) >= target || self.weight(true) == 0 {
            let oldest = self.small.pop(view, |key| !self.entries[&key].in_main)?;
            let entry = self.entries.get_mut(&oldest)?;
            if entry.hits == 0 {
                self.ghosts.push(entry.hash, Left::Window, 1);
                return Some(oldest);
            }
            (entry.in_main, entry.hits) = (true, 0);
            self.small.left(self.in_small(), view, |key| !self.entries[&key].in_main);
        }
        loop {
            let key = view.turns[self.hand];
            self.hand = (self.hand + 1) % view.turns.len();
            match key.and_then(|key| self.entries.get_mut(&key)) {
                Some(entry) if entry.in_main && entry.hits == 0 => return key,
                Some(entry) if entry.in_main => entry.hits -= 1,
                _ => {}
            }
        }
    }

    fn left(&mut self, key: u32, view: &View) {
        let entry = self.entries.remove(&key);
        if entry.is_some_and(|entry| !entry.in_main) {
            self.small.left(self.in_small(), view, |key| !self.entries[&key].in_main);
        }
    }

    fn moved(&mut self, before: &View, after: &View) {
        self.small.moved(before, after, |key| !self.entries[&key].in_main);
        self.hand = 0;
    }

    fn settle(&mut self, key: u32, hash: u32, weight: u32, _: bool, view: &View) {
        self.entries.insert(key, Entry { hash, weight, in_main: self.was_here, hits: 0 });
        if !self.was_here {
            self.small.push(view.place_of(key));
        }
    }

    fn hit(&mut self, key: u32) {
        self.entries.entry(key).and_modify(|entry| entry.hits = (entry.hits + 1).min(3));
    }

    fn reweigh(&mut self, key: u32, weight: u32) {
        self.entries.entry(key).and_modify(|entry| entry.weight = weight);
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.small = NaiveWindow::default();
    }

    fn known(&self, key: u32) -> Option<Known> {
        self.entries.get(&key).map(|entry| (u8::from(entry.in_main), 0, entry.hits))
    }
}
