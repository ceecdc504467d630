use std::collections::BTreeMap;

use super::{Known, Naive, NaiveGhosts, NaiveWindow, View};
use crate::cache::ghosts::Left;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Region {
    Window,
    Main,
    Trial,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    weight: u32,
    region: Region,
    frequency: u8,
    hits: u8,
}

/// The default policy, with its numbers as shares.
#[derive(Debug)]
pub(super) struct NaiveAdaptive {
    entries: BTreeMap<u32, Entry>,
    window: NaiveWindow,
    ghosts: NaiveGhosts,
    hand: usize,
    /// In parts of 65,536: from 1 % to 80 %.
    share: u64,
    /// In sixteenths of a rank: from 1 to 16 ranks.
    depth: u32,
    refusals: u32,
    noticed: u32,
    aged_lists: usize,
    aged_places: usize,
    /// Region and frequency of the key that arrives.
    arrival: (Region, u8),
}

impl NaiveAdaptive {
    pub(super) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            window: NaiveWindow::default(),
            ghosts: NaiveGhosts::new(0),
            hand: 0,
            share: 65_536 / 100,
            depth: 2 * 16,
            refusals: 0,
            noticed: 0,
            aged_lists: 0,
            aged_places: 0,
            arrival: (Region::Window, 0),
        }
    }

    fn weight(&self, in_window: bool) -> u64 {
        let of_region = self.entries.values().filter(|entry| (entry.region == Region::Window) == in_window);
        of_region.map(|entry| u64::from(entry.weight)).sum()
    }

    fn target(&self) -> u64 {
        ((self.weight(true) + self.weight(false)) * self.share / 65_536).max(1)
    }

    fn pop(&mut self, view: &View) -> Option<u32> {
        self.window.pop(view, |key| self.entries[&key].region == Region::Window)
    }

    /// An entry has left the window.
    fn shorten(&mut self, view: &View) {
        let len = self.entries.values().filter(|entry| entry.region == Region::Window).count();
        self.window.left(len, view, |key| self.entries[&key].region == Region::Window);
    }

    fn promote(&mut self, key: u32, view: &View) {
        self.entries.entry(key).and_modify(|entry| (entry.region, entry.hits) = (Region::Main, 0));
        self.shorten(view);
    }

    fn step(&mut self, view: &View) {
        self.hand = (self.hand + 1) % view.turns.len();
    }

    /// The entry of the main region that the hand comes to stand at.
    fn under_hand(&mut self, view: &View) -> u32 {
        let mut passed = 0;
        loop {
            let found = view.turns[self.hand].filter(|key| self.entries[key].region != Region::Window);
            let Some(key) = found else {
                self.step(view);
                continue;
            };
            let entry = self.entries.get_mut(&key).expect("a key of the table");
            let hits = entry.hits;
            if entry.region == Region::Trial {
                self.depth = if hits > 0 { self.depth + 2 } else { self.depth - 1 }.clamp(16, 256);
            }
            (entry.region, entry.hits, entry.frequency) = (Region::Main, 0, (entry.frequency + hits).min(7));
            if hits == 0 || passed == 64 {
                return key;
            }
            passed += 1;
            self.step(view);
            self.notice(hits.into(), view);
        }
    }

    fn put_out(&mut self, view: &View) -> u32 {
        let key = self.under_hand(view);
        self.step(view);
        self.ghosts.push(self.entries[&key].hash, Left::Main, self.entries[&key].frequency);
        key
    }

    fn refuse(&mut self, key: u32) -> u32 {
        self.ghosts.push(self.entries[&key].hash, Left::Window, self.entries[&key].frequency);
        key
    }

    /// For every 128 that are noticed, the frequencies of one list of ghosts are halved, and those of as large a part of
    /// the table.
    fn notice(&mut self, more: u32, view: &View) {
        self.noticed += more;
        while self.noticed >= 128 {
            self.noticed -= 128;
            if self.ghosts.lists() == 0 {
                continue;
            }
            if self.aged_lists >= self.ghosts.lists() {
                (self.aged_lists, self.aged_places) = (0, 0);
            }
            self.ghosts.age(self.aged_lists);
            self.aged_lists += 1;
            let until = view.places.len() * self.aged_lists / self.ghosts.lists();
            for key in (self.aged_places..until).filter_map(|place| view.at(place)) {
                self.entries.entry(key).and_modify(|entry| entry.frequency /= 2);
            }
            self.aged_places = self.aged_places.max(until);
        }
    }
}

impl Naive for NaiveAdaptive {
    fn arrive(&mut self, hash: u32) {
        self.arrival = match self.ghosts.take(hash) {
            None => (Region::Window, 1),
            Some(ghost) => {
                match (ghost.left, ghost.rank) {
                    (Left::Window, 0) => self.share = (self.share + 64).min(65_536 * 4 / 5 + 1),
                    (Left::Main, 0) => self.share = (self.share - 96.min(self.share)).max(65_536 / 100),
                    _ => {}
                }
                let straight = ghost.left == Left::Window && ghost.rank * 16 < self.depth;
                (if straight { Region::Trial } else { Region::Window }, (ghost.frequency + 1).min(7))
            }
        };
    }

    fn victim(&mut self, view: &View) -> Option<u32> {
        let len = self.entries.len();
        if self.ghosts.lists() * 16 < len {
            self.ghosts = NaiveGhosts::new(len + len / 8);
            (self.aged_lists, self.aged_places) = (0, 0);
        }
        if self.weight(false) == 0 {
            return self.pop(view).map(|key| self.refuse(key));
        }
        if self.arrival.0 == Region::Trial {
            return Some(self.put_out(view));
        }
        // The weight of all does not change here.
        let target = self.target();
        loop {
            if self.weight(true) < target {
                return Some(self.put_out(view));
            }
            let Some(candidate) = self.pop(view) else { return Some(self.put_out(view)) };
            let rival = self.under_hand(view);
            let bar = self.entries[&rival].frequency;
            let beats = self.entries[&candidate].frequency > if bar >= 3 { bar + 1 } else { bar };
            if !beats {
                self.refusals += 1;
                if self.refusals == 128 {
                    self.refusals = 0;
                    self.step(view);
                }
                return Some(self.refuse(candidate));
            }
            self.promote(candidate, view);
            if self.weight(true) < target {
                self.step(view);
                self.ghosts.push(self.entries[&rival].hash, Left::Main, bar);
                return Some(rival);
            }
        }
    }

    fn left(&mut self, key: u32, view: &View) {
        let entry = self.entries.remove(&key).expect("a key of the table");
        if entry.region == Region::Window {
            self.shorten(view);
        }
    }

    fn moved(&mut self, before: &View, after: &View) {
        self.window.moved(before, after, |key| self.entries[&key].region == Region::Window);
        self.hand = 0;
    }

    fn settle(&mut self, key: u32, hash: u32, weight: u32, full: bool, view: &View) {
        let (region, frequency) = self.arrival;
        self.entries.insert(key, Entry { hash, weight, region, frequency, hits: 0 });
        if region == Region::Window {
            self.window.push(view.place_of(key));
            while !full && self.weight(true) > self.target() {
                let Some(oldest) = self.pop(view) else { break };
                self.promote(oldest, view);
            }
        }
        self.notice(1, view);
    }

    fn hit(&mut self, key: u32) {
        self.entries.entry(key).and_modify(|entry| entry.hits = (entry.hits + 1).min(3));
    }

    fn reweigh(&mut self, key: u32, weight: u32) {
        self.entries.entry(key).and_modify(|entry| entry.weight = weight);
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.window = NaiveWindow::default();
    }

    fn known(&self, key: u32) -> Option<Known> {
        let entry = self.entries.get(&key)?;
        let region = match entry.region {
            Region::Window => 0,
            Region::Main => 1,
            Region::Trial => 2,
        };
        Some((region, entry.frequency, entry.hits))
    }
}
