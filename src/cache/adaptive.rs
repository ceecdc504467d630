use super::entry::{Entry, Mark};
use super::ghosts::{Ghosts, Left};
use super::table::Table;
use super::window::Window;

/// The default policy: a FIFO window before a CLOCK, admission by frequency, and ghosts that remember the frequency of
/// those who left and say how large the window should be. `docs/caches` has its reasons.
#[derive(Debug)]
pub(super) struct Adaptive {
    /// Taken for as many entries as there are once the first has to go.
    ghosts: Ghosts,
    window: Window,
    /// What the entries of the main region weigh.
    main: u64,
    /// The place to which the hand points.
    hand: usize,
    /// The window's share of what the shard holds, in `SHARES`.
    share: u32,
    /// Of what rank ghosts of the window go straight to the main region, in sixteenths.
    depth: u32,
    refusals: u32,
    /// Entries that came and hits that were noticed since the last chunk of ageing.
    noticed: u32,
    aged_places: usize,
    aged_buckets: usize,
}

// Regions.
const WINDOW: u8 = 0;
const MAIN: u8 = 1;
/// Of the main region, came there straight from the ghosts, and the hand has not been by yet.
const TRIAL: u8 = 2;

// The numbers below were chosen by simulation of 28 points of recorded traces, on 2026-11-21. The plateau is wide: with nearly
// each of them halved or doubled, the mean of 51.1 % stays above 50.7.

/// Parts of the whole in which the window's share is counted.
const SHARES: u64 = 1 << 16;
const LEAST_SHARE: u32 = 655; // 1 %
const MOST_SHARE: u32 = 52_429; // 80 %
const SHARE_GROWS: u32 = 64;
const SHARE_SHRINKS: u32 = 96;
const LEAST_DEPTH: u32 = 16;
const MOST_DEPTH: u32 = 16 * 16;
const FIRST_DEPTH: u32 = 2 * 16;
const DEPTH_GROWS: u32 = 2;
const DEPTH_SHRINKS: u32 = 1;
/// A victim of this frequency is to be beaten by two.
const ESTABLISHED: u8 = 3;
/// After so many refusals the hand leaves the entry it stands at, which may be one that nobody ever beats.
const REFUSALS: u32 = 128;
/// After so many entries that were asked for, the next has to do: an insertion takes bounded time.
const MOST_PASSED: u32 = 64;
/// A chunk of ageing is one bucket of ghosts, that is 16 entries, and is due whenever eight times as much was noticed.
const AGE_EVERY: u32 = 128;

/// What is known of a key that comes in, before there is room for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) mark: Mark,
    /// To the main region.
    straight: bool,
}

impl Arrival {
    /// Of no key.
    pub(super) const NONE: Self = Self { mark: Mark::new(WINDOW), straight: false };
}

impl Adaptive {
    pub(super) fn new() -> Self {
        Self {
            ghosts: Ghosts::new(0),
            window: Window::default(),
            main: 0,
            hand: 0,
            share: LEAST_SHARE,
            depth: FIRST_DEPTH,
            refusals: 0,
            noticed: 0,
            aged_places: 0,
            aged_buckets: 0,
        }
    }

    fn window_target(&self) -> u64 {
        let (held, share) = (self.window.weight() + self.main, u64::from(self.share));
        // held * share / SHARES, which would overflow.
        (held / SHARES * share + held % SHARES * share / SHARES).max(1)
    }

    /// The window's entries, which the table is about to move.
    pub(super) fn window<K, V>(&mut self, table: &Table<K, V>) -> Vec<u32> {
        self.window.hashes(table, is_in_window)
    }

    pub(super) fn moved<K, V>(&mut self, window: &[u32], table: &Table<K, V>) {
        self.window.moved(window, table, is_in_window);
        self.hand = 0;
    }

    /// What the ghosts know of a key that comes in; from it the window's share is learned.
    #[inline]
    pub(super) fn arrive(&mut self, hash: u32) -> Arrival {
        let Some(ghost) = self.ghosts.take(hash) else {
            return Arrival { mark: Mark::new(WINDOW).with_frequency(1), straight: false };
        };
        let mut straight = false;
        match ghost.left {
            Left::Window => {
                if ghost.rank == 0 {
                    self.share = (self.share + SHARE_GROWS).min(MOST_SHARE);
                }
                straight = ghost.rank * 16 < self.depth;
            }
            Left::Main if ghost.rank == 0 => self.share = (self.share - SHARE_SHRINKS).max(LEAST_SHARE),
            Left::Main => {}
        }
        let frequency = (ghost.frequency + 1).min(Ghosts::MAX_FREQUENCY);
        let region = if straight { TRIAL } else { WINDOW };
        Arrival { mark: Mark::new(region).with_frequency(frequency), straight }
    }

    /// The place of the entry that is to go for an arrival. Its ghost is laid.
    pub(super) fn victim<K, V>(&mut self, table: &Table<K, V>, arrival: Arrival) -> Option<usize> {
        if self.ghosts.entries() < table.len() {
            // What the old ones knew is lost; that is seldom, as the shard is full.
            self.ghosts = Ghosts::new(table.len() + table.len() / 8);
            (self.aged_buckets, self.aged_places) = (0, 0);
        }
        if arrival.straight && self.main > 0 {
            return Some(self.main_victim(table));
        }
        let target = self.window_target();
        while self.main > 0 {
            if self.window.weight() < target {
                return Some(self.main_victim(table));
            }
            let Some((candidate, entry)) = self.window.pop(table, is_in_window) else { break };
            // Most that come to the end of the window go.
            self.ghosts.prefetch(entry.hash);
            let (victim, rival) = self.under_hand(table);
            let bar = rival.mark().frequency();
            if entry.mark().frequency() <= bar + u8::from(bar >= ESTABLISHED) {
                self.refusals += 1;
                if self.refusals == REFUSALS {
                    self.refusals = 0;
                    self.step(table);
                }
                self.ghosts.push(entry.hash, Left::Window, entry.mark().frequency());
                return Some(candidate);
            }
            self.promote(entry, table);
            if self.window.weight() < target {
                return Some(self.put_out(victim, rival, table));
            }
            // The window is longer than it should be: the victim is spared, and the next one of the window is tried.
        }
        let Some((oldest, entry)) = self.window.pop(table, is_in_window) else {
            return (self.main > 0).then(|| self.main_victim(table));
        };
        self.ghosts.push(entry.hash, Left::Window, entry.mark().frequency());
        Some(oldest)
    }

    /// An entry has come in at `place`, with the arrival's mark. While the cache is not `full`, what leaves the window has a
    /// place in the main region for the asking.
    #[inline]
    pub(super) fn settle<K, V>(
        &mut self,
        arrival: Arrival,
        place: usize,
        weight: u32,
        full: bool,
        table: &Table<K, V>,
    ) {
        if arrival.straight {
            self.main += u64::from(weight);
        } else {
            self.window.push(place, weight);
            while !full && self.window.weight() > self.window_target() {
                let Some((_, oldest)) = self.window.pop(table, is_in_window) else { break };
                self.promote(oldest, table);
            }
        }
        self.notice(table, 1);
        if full {
            // The next insertion looks at these two first.
            self.window.prefetch(table);
            if let Some(entry) = table.at(self.hand) {
                entry.prefetch();
            }
        }
    }

    /// Asks for what is known of a key that may come in.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        self.ghosts.prefetch(hash);
    }

    /// The window, and what the main region weighs.
    #[cfg(any(test, fuzzing))]
    pub(super) fn regions(&self) -> (&Window, u64) {
        (&self.window, self.main)
    }

    /// Every entry was taken out. What was learned stays.
    pub(super) fn clear(&mut self) {
        self.window = Window::default();
        self.main = 0;
    }

    /// An entry was taken out.
    #[inline]
    pub(super) fn left<K, V>(&mut self, entry: &Entry<K, V>, table: &Table<K, V>) {
        if is_in_window(entry) {
            self.window.left(entry.weight, table, is_in_window);
        } else {
            self.main -= u64::from(entry.weight);
        }
    }

    pub(super) fn reweigh(&mut self, mark: Mark, old: u32, new: u32) {
        if mark.region() == WINDOW {
            self.window.reweigh(old, new);
        } else {
            self.main = self.main - u64::from(old) + u64::from(new);
        }
    }

    fn main_victim<K, V>(&mut self, table: &Table<K, V>) -> usize {
        let (victim, entry) = self.under_hand(table);
        self.put_out(victim, entry, table)
    }

    fn put_out<K, V>(&mut self, victim: usize, entry: &Entry<K, V>, table: &Table<K, V>) -> usize {
        self.step(table);
        self.ghosts.push(entry.hash, Left::Main, entry.mark().frequency());
        victim
    }

    /// Moves an entry from the window to the main region. Hits it had in the window do not count: they are near one another.
    fn promote<K, V>(&mut self, entry: &Entry<K, V>, table: &Table<K, V>) {
        entry.set_mark(entry.mark().with_hits(0).with_region(MAIN));
        self.window.left(entry.weight, table, is_in_window);
        self.main += u64::from(entry.weight);
    }

    /// Moves the hand to an entry of the main region without hits, or of which it has passed enough. The region is not empty.
    #[inline]
    fn under_hand<'t, K, V>(&mut self, table: &'t Table<K, V>) -> (usize, &'t Entry<K, V>) {
        let mut passed = 0;
        loop {
            let place = self.hand;
            let Some(entry) = table.at(place).filter(|entry| !is_in_window(entry)) else {
                self.step(table);
                continue;
            };
            let mark = entry.mark();
            let hits = mark.hits();
            if mark.region() == TRIAL {
                let depth = if hits > 0 { self.depth + DEPTH_GROWS } else { self.depth - DEPTH_SHRINKS };
                self.depth = depth.clamp(LEAST_DEPTH, MOST_DEPTH);
            }
            let frequency = (mark.frequency() + hits).min(Ghosts::MAX_FREQUENCY);
            entry.set_mark(mark.with_region(MAIN).with_hits(0).with_frequency(frequency));
            if hits == 0 || passed == MOST_PASSED {
                return (place, entry);
            }
            passed += 1;
            self.step(table);
            self.notice(table, u32::from(hits));
        }
    }

    fn step<K, V>(&mut self, table: &Table<K, V>) {
        self.hand = table.after(self.hand);
    }

    /// Counts, and ages a little where that is due.
    fn notice<K, V>(&mut self, table: &Table<K, V>, more: u32) {
        self.noticed += more;
        while self.noticed >= AGE_EVERY {
            self.noticed -= AGE_EVERY;
            self.age(table);
        }
    }

    /// Halves the frequencies of one bucket of ghosts, and of as large a part of the entries.
    fn age<K, V>(&mut self, table: &Table<K, V>) {
        let buckets = self.ghosts.buckets();
        if buckets == 0 {
            return;
        }
        if self.aged_buckets >= buckets {
            (self.aged_buckets, self.aged_places) = (0, 0);
        }
        self.ghosts.age(self.aged_buckets);
        self.aged_buckets += 1;
        let until = table.places() * self.aged_buckets / buckets;
        for entry in (self.aged_places..until).filter_map(|place| table.at(place)) {
            entry.set_mark(entry.mark().with_frequency(entry.mark().frequency() >> 1));
        }
        self.aged_places = self.aged_places.max(until);
    }
}

fn is_in_window<K, V>(entry: &Entry<K, V>) -> bool {
    entry.mark().region() == WINDOW
}
